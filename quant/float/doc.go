// Package float is the float32 network that an int8 network is made from and
// compared with: its parameters, a forward and a backward pass, and the matrix
// products that both spend their time in.
//
// Results are the same bits on every machine and for any number of workers:
// every sum has one order, and no product is fused with its sum.
//
// On amd64, products and elementwise loops use AVX2 or AVX-512 if the
// processor has them. Elsewhere, and with the build tag noasm, they are plain
// Go:
//
//	matrix.go        tiles in plain Go; matrix_amd64.go and *.s: tiles in assembly
//	elements.go      loops in plain Go; elements_amd64.go and *.s: in assembly
package float
