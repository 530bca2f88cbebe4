//go:build !noasm

#include "textflag.h"

// Tiles of 6 and of 1 row by 16 columns, two vectors per row.
//
//	DI        start, then c, current row
//	AX        stride of its rows in bytes
//	SI R10    a at k: rows 0…2, rows 3…5
//	BX R8     stride of a's rows in bytes, three times that
//	R9        stride of k in a, in bytes
//	DX        b at k, 64 bytes for each k
//	CX        steps of k left
//	Y0…Y11    the sums, two for each row
//	Y12 Y13   row k of b
//	Y14 Y15   elements of a, in rotation
#define ARGUMENTS \
	MOVQ start_base+32(FP), DI \
	MOVQ lds+56(FP), AX        \
	MOVQ a_base+64(FP), SI     \
	MOVQ row+88(FP), BX        \
	MOVQ step+96(FP), R9       \
	MOVQ b_base+104(FP), DX    \
	MOVQ b_len+112(FP), CX     \
	SHRQ $4, CX                \
	SHLQ $2, AX                \
	SHLQ $2, BX                \
	SHLQ $2, R9                \
	LEAQ (BX)(BX*2), R8        \
	LEAQ (SI)(R8*1), R10

// RESULT prepares for the stores to c.
#define RESULT \
	MOVQ c_base+0(FP), DI \
	MOVQ ldc+24(FP), AX   \
	SHLQ $2, AX

#define LOAD(LO, HI) \
	VMOVUPS (DI), LO   \
	VMOVUPS 32(DI), HI \
	ADDQ    AX, DI

#define STORE(LO, HI) \
	VMOVUPS LO, (DI)   \
	VMOVUPS HI, 32(DI) \
	ADDQ    AX, DI

// B loads the row of b for this k and advances to the next.
#define B \
	VMOVUPS (DX), Y12   \
	VMOVUPS 32(DX), Y13 \
	ADDQ    $64, DX

// TERM adds the products with one row of a, each fused with its sum. T is scratch.
#define TERM(address, T, LO, HI) \
	VBROADCASTSS address, T  \
	VFMADD231PS  Y12, T, LO  \
	VFMADD231PS  Y13, T, HI

// func tile6AVX2(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile6AVX2(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD(Y0, Y1)
	LOAD(Y2, Y3)
	LOAD(Y4, Y5)
	LOAD(Y6, Y7)
	LOAD(Y8, Y9)
	LOAD(Y10, Y11)

loop:
	B
	TERM((SI), Y14, Y0, Y1)
	TERM((SI)(BX*1), Y15, Y2, Y3)
	TERM((SI)(BX*2), Y14, Y4, Y5)
	TERM((R10), Y15, Y6, Y7)
	TERM((R10)(BX*1), Y14, Y8, Y9)
	TERM((R10)(BX*2), Y15, Y10, Y11)
	ADDQ R9, SI
	ADDQ R9, R10
	DECQ CX
	JNZ  loop

	RESULT
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	STORE(Y10, Y11)
	VZEROUPPER
	RET

// func tile1AVX2(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile1AVX2(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD(Y0, Y1)

loop:
	B
	TERM((SI), Y14, Y0, Y1)
	ADDQ R9, SI
	DECQ CX
	JNZ  loop

	RESULT
	STORE(Y0, Y1)
	VZEROUPPER
	RET
