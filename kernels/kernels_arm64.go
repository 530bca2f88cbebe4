package kernels

import "golang.org/x/sys/cpu"

// ofMachine lists the implementations beside the plain loops.
func ofMachine() []implementation {
	var list []implementation
	if cpu.ARM64.HasASIMDDP {
		list = append(list, implementation{name: "dotprod", conv: packDotprod, maxPool: maxPoolNEON})
	}
	return list
}
