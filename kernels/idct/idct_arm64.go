//go:build !noasm

package idct

// constants are those of the assembly, in the order in which it loads them.
var constants = [...]int16{cos2, sin2, sqrt2, cos1, sin1, cos3, sin3}
