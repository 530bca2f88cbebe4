//go:build !noasm

package float

func init() {
	isas = append(isas, isa{"NEON", nil, []tile{{6, tile6NEON}, {1, tile1NEON}}})
}

//go:noescape
func tile6NEON(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)

//go:noescape
func tile1NEON(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
