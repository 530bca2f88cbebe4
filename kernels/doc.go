// Package kernels is the int8 arithmetic of a network: convolutions, pooling
// and requantization. It is independent of files, networks and goroutines.
// The conversion of camera samples to a network's input is in package
// [halfmeg/kernels/resample].
//
// # Numbers
//
// Every instruction set returns the same bits:
//
//   - An activation is a code 0…255, stored as the signed byte code-128 so that
//     signed multiplications apply. The byte -128 is a real zero.
//   - A weight is a signed byte, never -128. An accumulator is an int32. It
//     starts from the bias plus 128 times the sum of the weights, which makes
//     up for the -128 of the stored bytes. The caller has proved that it does
//     not overflow.
//   - Requantization: code = rne(clamp(float32(acc)*m, 0, 255)), stored minus
//     128. The conversion of acc to float32 and the product are each rounded
//     once, half to even; rne rounds to an integer, half to even.
//   - The head is not requantized: it sums max(acc, 0) over the map in int64.
//
// Feature maps are NHWC. There is no padding: a convolution reads a map that
// already has its border.
//
// # Tiles
//
// A micro-kernel computes a tile of output pixels by output channels. In assembly
// its accumulators stay in registers for the whole depth of the windows: filter
// height x filter width x input channels, whose index is called k.
//
//	instruction set  tile: pixels x channels  k per step  inner instruction
//	generic          1 x 1                    1           -
//	avx2             6 x 16                   4           VPMADDUBSW: bytes to int16; VPMADDWD to int32
//	avxvnni          6 x 16                   4           VPDPBUSD of 256 bits: four bytes to int32
//	avx512vnni       14 x 32                  4           VPDPBUSD of 512 bits
//	neon             3 x 4                    16          SMULL, SMLAL to int16; SADALP to int32
//	dotprod          4 x 16                   16          SDOT: four int8 to int32
//
// The channels of one tile are called a panel; weights are packed panel by
// panel.
//
// # Files
//
//	kernels.go                 feature maps, requantization, bypass
//	conv.go, pool.go           the API of convolutions and pooling
//	isa.go, isa_*.go           kernels by instruction set; kernels/internal/isa selects it
//	kernels_generic.go         the reference: plain Go loops
//	conv_tiles_amd64.go        what the convolutions of amd64 share; assembly in codes_amd64.s
//	conv_avx2_amd64.{go,s}     convolutions with AVX2
//	conv_avxvnni_amd64.s       convolutions with AVX-VNNI
//	conv_avx512vnni_amd64.s    convolutions with AVX-512 VNNI
//	conv_ymm_amd64.h           macros of the AVX2 and AVX-VNNI micro-kernels
//	conv_tiles_arm64.go        what the neon and the dotprod convolutions share
//	conv_mantissa_arm64.go     faster requantization of accumulators below 2^23
//	conv_gather_arm64.{go,s}   copying windows that cannot be read in place
//	conv_neon_arm64.go         convolutions with NEON; their assembly is kernels_arm64.s
//	conv_dotprod_arm64.{go,s}  convolutions with SDOT
//	pool_vector.go             pooling with vectors; assembly in pool_amd64.s and pool_arm64.s
//	neon_arm64.h, vnni_amd64.h instructions that Go's assembler cannot encode
//
// The build tag noasm leaves out all assembly and the Go code that calls it.
package kernels
