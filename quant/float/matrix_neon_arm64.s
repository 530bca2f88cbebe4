//go:build !noasm

#include "textflag.h"

// Tiles of 6 and of 1 row by 16 columns, four vectors per row.
//
//	R0         start, then c, current row
//	R1         stride of its rows in bytes
//	R2…R7      rows of a at k
//	R8         stride of a's rows in bytes
//	R9         stride of k in a, in bytes
//	R10        b at k, 64 bytes for each k
//	R11        steps of k left
//	V0…V23     the sums, four vectors for each row
//	V24…V27    row k of b
//	V28…V31    elements of a, in rotation
#define ARGUMENTS \
	MOVD start_base+32(FP), R0 \
	MOVD lds+56(FP), R1        \
	MOVD a_base+64(FP), R2     \
	MOVD row+88(FP), R8        \
	MOVD step+96(FP), R9       \
	MOVD b_base+104(FP), R10   \
	MOVD b_len+112(FP), R11    \
	LSR  $4, R11               \
	LSL  $2, R1                \
	LSL  $2, R8                \
	LSL  $2, R9

// RESULT prepares for the stores to c.
#define RESULT \
	MOVD c_base+0(FP), R0 \
	MOVD ldc+24(FP), R1   \
	LSL  $2, R1

#define LOAD(S0, S1, S2, S3) \
	VLD1 (R0), [S0.S4, S1.S4, S2.S4, S3.S4] \
	ADD  R1, R0

#define STORE(S0, S1, S2, S3) \
	VST1 [S0.S4, S1.S4, S2.S4, S3.S4], (R0) \
	ADD  R1, R0

// B loads the row of b for this k and advances to the next.
#define B VLD1.P 64(R10), [V24.S4, V25.S4, V26.S4, V27.S4]

// TERM adds the products with one row of a, each fused with its sum. T is scratch.
#define TERM(A, T, S0, S1, S2, S3) \
	VLD1R.P (A)(R9), [T.S4]          \
	VFMLA   V24.S4, T.S4, S0.S4 \
	VFMLA   V25.S4, T.S4, S1.S4 \
	VFMLA   V26.S4, T.S4, S2.S4 \
	VFMLA   V27.S4, T.S4, S3.S4

// func tile6NEON(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile6NEON(SB), NOSPLIT, $0-136
	ARGUMENTS
	ADD  R8, R2, R3
	ADD  R8, R3, R4
	ADD  R8, R4, R5
	ADD  R8, R5, R6
	ADD  R8, R6, R7
	LOAD(V0, V1, V2, V3)
	LOAD(V4, V5, V6, V7)
	LOAD(V8, V9, V10, V11)
	LOAD(V12, V13, V14, V15)
	LOAD(V16, V17, V18, V19)
	LOAD(V20, V21, V22, V23)

loop:
	B
	TERM(R2, V28, V0, V1, V2, V3)
	TERM(R3, V29, V4, V5, V6, V7)
	TERM(R4, V30, V8, V9, V10, V11)
	TERM(R5, V31, V12, V13, V14, V15)
	TERM(R6, V28, V16, V17, V18, V19)
	TERM(R7, V29, V20, V21, V22, V23)
	SUB  $1, R11
	CBNZ R11, loop

	RESULT
	STORE(V0, V1, V2, V3)
	STORE(V4, V5, V6, V7)
	STORE(V8, V9, V10, V11)
	STORE(V12, V13, V14, V15)
	STORE(V16, V17, V18, V19)
	STORE(V20, V21, V22, V23)
	RET

// func tile1NEON(c []float32, ldc int, start []float32, lds int, a []float32, row, step int, b []float32, next int)
TEXT ·tile1NEON(SB), NOSPLIT, $0-136
	ARGUMENTS
	LOAD(V0, V1, V2, V3)

loop:
	B
	TERM(R2, V28, V0, V1, V2, V3)
	SUB  $1, R11
	CBNZ R11, loop

	RESULT
	STORE(V0, V1, V2, V3)
	RET
