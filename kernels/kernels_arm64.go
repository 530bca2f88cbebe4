package kernels

// ofMachine lists the implementations beside the plain loops.
func ofMachine() []implementation { return nil }
