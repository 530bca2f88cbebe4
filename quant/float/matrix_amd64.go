//go:build !noasm

package float

import "golang.org/x/sys/cpu"

func init() {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		isas = append(isas, isa{"AVX2", nil, []tile{{6, tile6AVX2}, {1, tile1AVX2}}})
	}
	if cpu.X86.HasAVX512F {
		isas = append(isas, isa{
			"AVX-512",
			[]tile{{12, pair12AVX512}, {4, pair4AVX512}},
			[]tile{{12, tile12AVX512}, {4, tile4AVX512}, {1, tile1AVX512}},
		})
	}
}

//go:noescape
func tile6AVX2(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func tile1AVX2(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func pair12AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func pair4AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func tile12AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func tile4AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func tile1AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
