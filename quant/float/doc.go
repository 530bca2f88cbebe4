// Package float is the float32 network that an int8 network is made from and
// compared with: its parameters, a forward and a backward pass, and the matrix
// products that both spend their time in.
//
// Results are the same bits on every machine and for any number of workers:
// every sum has one order, and every product in it is fused with its sum.
//
// Matrix products use AVX2 or AVX-512 on amd64, if the processor has them, and NEON on
// arm64. Elementwise loops use AVX2. Elsewhere, and with the build tag noasm, all are
// plain Go:
//
//	matrix.go, fma.go  tiles in plain Go; matrix_*.go and *.s: tiles in assembly
//	elements.go        loops in plain Go; elements_amd64.go and *.s: in assembly
package float
