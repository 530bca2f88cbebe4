package kernels

import "golang.org/x/sys/cpu"

// ofMachine lists the implementations beside the plain loops.
func ofMachine() []implementation {
	list := []implementation{{name: "neon", conv: packNEON, maxPool: maxPoolVector}}
	if cpu.ARM64.HasASIMDDP {
		list = append(list, implementation{name: "dotprod", conv: packDotprod, maxPool: maxPoolVector})
	}
	return list
}
