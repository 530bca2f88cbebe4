//go:build !noasm

#include "textflag.h"

// Tiles of 12, 4 and 1 row by 16 columns, one vector per row, and of 12 and 4 rows
// by 32 columns, two vectors per row, which load an element of a once for both.
//
//	DI          start, then c, current row; within the loop of a pair the second panel of b at k
//	AX          stride of its rows in bytes
//	SI          a at k
//	BX          stride of a's rows in bytes
//	R8…R12      3, 5, 7, 9 and 11 times that
//	R13         stride of k in a, in bytes
//	DX          b at k, 64 bytes for each k
//	CX          steps of k left
//	Z0…Z11      the sums, one for each row
//	Z12…Z23     the sums of the second panel
//	Z24 Z25     row k of b, of both panels
//	Z26…Z28     elements of a, in rotation
#define ARGUMENTS \
	MOVQ start_base+32(FP), DI \
	MOVQ lds+56(FP), AX        \
	MOVQ a_base+64(FP), SI     \
	MOVQ row+88(FP), BX        \
	MOVQ step+96(FP), R13      \
	MOVQ b_base+104(FP), DX    \
	MOVQ b_len+112(FP), CX     \
	SHRQ $4, CX                \
	SHLQ $2, AX                \
	SHLQ $2, BX                \
	SHLQ $2, R13               \
	LEAQ (BX)(BX*2), R8        \
	LEAQ (BX)(BX*4), R9        \
	LEAQ (R8)(BX*4), R10       \
	LEAQ (BX)(BX*8), R11       \
	LEAQ (R8)(BX*8), R12

// RESULT prepares for the stores to c.
#define RESULT \
	MOVQ c_base+0(FP), DI \
	MOVQ ldc+24(FP), AX   \
	SHLQ $2, AX

#define LOAD(SUM) \
	VMOVUPS (DI), SUM \
	ADDQ    AX, DI

#define STORE(SUM) \
	VMOVUPS SUM, (DI) \
	ADDQ    AX, DI

#define LOAD_PAIR(LO, HI) \
	VMOVUPS (DI), LO   \
	VMOVUPS 64(DI), HI \
	ADDQ    AX, DI

#define STORE_PAIR(LO, HI) \
	VMOVUPS LO, (DI)   \
	VMOVUPS HI, 64(DI) \
	ADDQ    AX, DI

#define TOUCH_PAIR \
	PREFETCHT0 (DI)   \
	PREFETCHT0 64(DI) \
	ADDQ       AX, DI

// PREFETCH_PAIR fetches 12 rows of c into the cache while the loop runs: those of this
// tile if the sums start from one row, else those of the next, which starts from
// them.
#define PREFETCH_PAIR \
	LEAQ (AX)(AX*2), AX   \
	MOVQ c_base+0(FP), DI \
	LEAQ (DI)(AX*4), DI   \
	MOVQ ldc+24(FP), AX   \
	SHLQ $2, AX           \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR            \
	TOUCH_PAIR

// SECOND finds the second panel of b.
#define SECOND \
	MOVQ next+128(FP), DI \
	LEAQ (DX)(DI*4), DI

// B loads the row of b for this k and advances to the next.
#define B \
	VMOVUPS (DX), Z24 \
	ADDQ    $64, DX

#define B_PAIR \
	VMOVUPS (DX), Z24 \
	VMOVUPS (DI), Z25 \
	ADDQ    $64, DX   \
	ADDQ    $64, DI

// TERM adds the products with one row of a, each fused with its sum.
#define TERM(address, SUM) \
	VFMADD231PS.BCST address, Z24, SUM

// TERM_PAIR is TERM for two panels. T is scratch.
#define TERM_PAIR(address, T, LO, HI) \
	VBROADCASTSS address, T  \
	VFMADD231PS  Z24, T, LO \
	VFMADD231PS  Z25, T, HI

// func pair12AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·pair12AVX512(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD_PAIR(Z0, Z12)
	LOAD_PAIR(Z1, Z13)
	LOAD_PAIR(Z2, Z14)
	LOAD_PAIR(Z3, Z15)
	LOAD_PAIR(Z4, Z16)
	LOAD_PAIR(Z5, Z17)
	LOAD_PAIR(Z6, Z18)
	LOAD_PAIR(Z7, Z19)
	LOAD_PAIR(Z8, Z20)
	LOAD_PAIR(Z9, Z21)
	LOAD_PAIR(Z10, Z22)
	LOAD_PAIR(Z11, Z23)
	PREFETCH_PAIR
	SECOND

loop:
	B_PAIR
	TERM_PAIR((SI), Z26, Z0, Z12)
	TERM_PAIR((SI)(BX*1), Z27, Z1, Z13)
	TERM_PAIR((SI)(BX*2), Z28, Z2, Z14)
	TERM_PAIR((SI)(R8*1), Z26, Z3, Z15)
	TERM_PAIR((SI)(BX*4), Z27, Z4, Z16)
	TERM_PAIR((SI)(R9*1), Z28, Z5, Z17)
	TERM_PAIR((SI)(R8*2), Z26, Z6, Z18)
	TERM_PAIR((SI)(R10*1), Z27, Z7, Z19)
	TERM_PAIR((SI)(BX*8), Z28, Z8, Z20)
	TERM_PAIR((SI)(R11*1), Z26, Z9, Z21)
	TERM_PAIR((SI)(R9*2), Z27, Z10, Z22)
	TERM_PAIR((SI)(R12*1), Z28, Z11, Z23)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	RESULT
	STORE_PAIR(Z0, Z12)
	STORE_PAIR(Z1, Z13)
	STORE_PAIR(Z2, Z14)
	STORE_PAIR(Z3, Z15)
	STORE_PAIR(Z4, Z16)
	STORE_PAIR(Z5, Z17)
	STORE_PAIR(Z6, Z18)
	STORE_PAIR(Z7, Z19)
	STORE_PAIR(Z8, Z20)
	STORE_PAIR(Z9, Z21)
	STORE_PAIR(Z10, Z22)
	STORE_PAIR(Z11, Z23)
	VZEROUPPER
	RET

// func pair4AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·pair4AVX512(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD_PAIR(Z0, Z12)
	LOAD_PAIR(Z1, Z13)
	LOAD_PAIR(Z2, Z14)
	LOAD_PAIR(Z3, Z15)
	SECOND

loop:
	B_PAIR
	TERM_PAIR((SI), Z26, Z0, Z12)
	TERM_PAIR((SI)(BX*1), Z27, Z1, Z13)
	TERM_PAIR((SI)(BX*2), Z28, Z2, Z14)
	TERM_PAIR((SI)(R8*1), Z26, Z3, Z15)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	RESULT
	STORE_PAIR(Z0, Z12)
	STORE_PAIR(Z1, Z13)
	STORE_PAIR(Z2, Z14)
	STORE_PAIR(Z3, Z15)
	VZEROUPPER
	RET

// func tile12AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile12AVX512(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD(Z0)
	LOAD(Z1)
	LOAD(Z2)
	LOAD(Z3)
	LOAD(Z4)
	LOAD(Z5)
	LOAD(Z6)
	LOAD(Z7)
	LOAD(Z8)
	LOAD(Z9)
	LOAD(Z10)
	LOAD(Z11)

loop:
	B
	TERM((SI), Z0)
	TERM((SI)(BX*1), Z1)
	TERM((SI)(BX*2), Z2)
	TERM((SI)(R8*1), Z3)
	TERM((SI)(BX*4), Z4)
	TERM((SI)(R9*1), Z5)
	TERM((SI)(R8*2), Z6)
	TERM((SI)(R10*1), Z7)
	TERM((SI)(BX*8), Z8)
	TERM((SI)(R11*1), Z9)
	TERM((SI)(R9*2), Z10)
	TERM((SI)(R12*1), Z11)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	RESULT
	STORE(Z0)
	STORE(Z1)
	STORE(Z2)
	STORE(Z3)
	STORE(Z4)
	STORE(Z5)
	STORE(Z6)
	STORE(Z7)
	STORE(Z8)
	STORE(Z9)
	STORE(Z10)
	STORE(Z11)
	VZEROUPPER
	RET

// func tile4AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile4AVX512(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD(Z0)
	LOAD(Z1)
	LOAD(Z2)
	LOAD(Z3)

loop:
	B
	TERM((SI), Z0)
	TERM((SI)(BX*1), Z1)
	TERM((SI)(BX*2), Z2)
	TERM((SI)(R8*1), Z3)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	RESULT
	STORE(Z0)
	STORE(Z1)
	STORE(Z2)
	STORE(Z3)
	VZEROUPPER
	RET

// func tile1AVX512(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile1AVX512(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD(Z0)

loop:
	B
	TERM((SI), Z0)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	RESULT
	STORE(Z0)
	VZEROUPPER
	RET
