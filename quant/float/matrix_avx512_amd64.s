//go:build !noasm

#include "textflag.h"

// Tiles of 12, 4 and 1 row by 16 columns, one vector per row.
//
//	DI          c, current row
//	AX          stride of c's rows in bytes
//	SI          a at k
//	BX          stride of a's rows in bytes
//	R8…R12      3, 5, 7, 9 and 11 times that
//	R13         stride of k in a, in bytes
//	DX          b at k, 64 bytes for each k
//	CX          steps of k left
//	Z0…Z11      the sums, one for each row
//	Z12         row k of b
//	Z13…Z15     products, in rotation, so that they do not wait for each other
#define ARGUMENTS \
	MOVQ c_base+0(FP), DI   \
	MOVQ ldc+24(FP), AX     \
	MOVQ a_base+32(FP), SI  \
	MOVQ row+56(FP), BX     \
	MOVQ step+64(FP), R13   \
	MOVQ b_base+72(FP), DX  \
	MOVQ b_len+80(FP), CX   \
	SHRQ $4, CX             \
	SHLQ $2, AX             \
	SHLQ $2, BX             \
	SHLQ $2, R13            \
	LEAQ (BX)(BX*2), R8     \
	LEAQ (BX)(BX*4), R9     \
	LEAQ (R8)(BX*4), R10    \
	LEAQ (BX)(BX*8), R11    \
	LEAQ (R8)(BX*8), R12

#define LOAD(SUM) \
	VMOVUPS (DI), SUM \
	ADDQ    AX, DI

#define STORE(SUM) \
	VMOVUPS SUM, (DI) \
	ADDQ    AX, DI

// B loads the row of b for this k and advances to the next.
#define B \
	VMOVUPS (DX), Z12 \
	ADDQ    $64, DX

// TERM adds the products with one row of a, multiplication and addition each
// rounded, as the plain loop does. T is scratch.
#define TERM(address, T, SUM) \
	VMULPS.BCST address, Z12, T \
	VADDPS      T, SUM, SUM

// func tile12AVX512(c []float32, ldc int, a []float32, row, step int, b []float32)
TEXT ·tile12AVX512(SB), NOSPLIT, $0-96
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
	TERM((SI), Z13, Z0)
	TERM((SI)(BX*1), Z14, Z1)
	TERM((SI)(BX*2), Z15, Z2)
	TERM((SI)(R8*1), Z13, Z3)
	TERM((SI)(BX*4), Z14, Z4)
	TERM((SI)(R9*1), Z15, Z5)
	TERM((SI)(R8*2), Z13, Z6)
	TERM((SI)(R10*1), Z14, Z7)
	TERM((SI)(BX*8), Z15, Z8)
	TERM((SI)(R11*1), Z13, Z9)
	TERM((SI)(R9*2), Z14, Z10)
	TERM((SI)(R12*1), Z15, Z11)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	MOVQ c_base+0(FP), DI
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

// func tile4AVX512(c []float32, ldc int, a []float32, row, step int, b []float32)
TEXT ·tile4AVX512(SB), NOSPLIT, $0-96
	ARGUMENTS
	LOAD(Z0)
	LOAD(Z1)
	LOAD(Z2)
	LOAD(Z3)

loop:
	B
	TERM((SI), Z13, Z0)
	TERM((SI)(BX*1), Z14, Z1)
	TERM((SI)(BX*2), Z15, Z2)
	TERM((SI)(R8*1), Z13, Z3)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	MOVQ c_base+0(FP), DI
	STORE(Z0)
	STORE(Z1)
	STORE(Z2)
	STORE(Z3)
	VZEROUPPER
	RET

// func tile1AVX512(c []float32, ldc int, a []float32, row, step int, b []float32)
TEXT ·tile1AVX512(SB), NOSPLIT, $0-96
	ARGUMENTS
	LOAD(Z0)

loop:
	B
	TERM((SI), Z13, Z0)
	ADDQ R13, SI
	DECQ CX
	JNZ  loop

	MOVQ c_base+0(FP), DI
	STORE(Z0)
	VZEROUPPER
	RET
