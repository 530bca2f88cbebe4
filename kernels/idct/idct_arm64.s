//go:build !noasm

#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// A vector register has up to two names: Y0 (V0) for instructions that Go can
// encode, y0 (0) for the macros of neon_arm64.h.
//
// Both passes are the same code: the horizontal one has a frequency of the vertical
// pass in each lane, the vertical one a column of samples.

#define DST    R0
#define STRIDE R1
#define COEFS  R2
#define LEFT   R3  // blocks, or pairs of them, left
#define CONSTS R4
#define OUT    R5  // row of samples
#define CLEAR  R6

// Eight values: frequencies y0-y7 before a pass.
#define Y0 V0
#define Y1 V1
#define Y2 V2
#define y2 2
#define Y3 V3
#define y3 3
#define Y4 V4
#define Y5 V5
#define y5 5
#define Y6 V6
#define y6 6
#define Y7 V7

// Samples x0-x7 after a pass.
#define X0 V16
#define X1 V17
#define X2 V18
#define X3 V19
#define X4 V20
#define X5 V21
#define X6 V22
#define X7 V23

// Temporaries of a pass.
#define T0 V8
#define t0 8
#define T1 V9
#define t1 9
#define T2 V10
#define t2 10
#define T3 V11
#define t3 11
#define T4 V12
#define t4 12
#define T5 V13
#define t5 13
#define T6 V14
#define t6 14
#define T7 V15
#define t7 15

// Constants in all lanes.
#define COS2  V25
#define cos2  25
#define SIN2  V26
#define sin2  26
#define SQRT2 V27
#define sqrt2 27
#define COS1  V28
#define cos1  28
#define SIN1  V29
#define sin1  29
#define COS3  V30
#define cos3  30
#define SIN3  V31
#define sin3  31
#define LEVEL V24  // 128 in all bytes

#define LOAD_CONSTANTS \
	VLD1R.P 2(CONSTS), [COS2.H8]  \
	VLD1R.P 2(CONSTS), [SIN2.H8]  \
	VLD1R.P 2(CONSTS), [SQRT2.H8] \
	VLD1R.P 2(CONSTS), [COS1.H8]  \
	VLD1R.P 2(CONSTS), [SIN1.H8]  \
	VLD1R.P 2(CONSTS), [COS3.H8]  \
	VLD1R   (CONSTS), [SIN3.H8]   \
	VMOVI   $128, LEVEL.B16

// PASS8 transforms Y0-Y7 to X0-X7, see transform8. The comments name its variables.
#define PASS8 \
	/* odd part: d5 T5, d6 T6, d7 T7, d4 T4 */ \
	SQRDMULH_8H(sqrt2, y3, t5)   \
	SQRDMULH_8H(sqrt2, y5, t6)   \
	VADD Y7.H8, Y1.H8, T7.H8     \
	VSUB Y7.H8, Y1.H8, T4.H8     \
	SQRDMULH_8H(sin2, y2, t0)    \
	SQRDMULH_8H(cos2, y6, t1)    \
	VADD Y3.H8, T5.H8, T5.H8     \
	VADD Y5.H8, T6.H8, T6.H8     \
	SQRDMULH_8H(cos2, y2, t2)    \
	SQRDMULH_8H(sin2, y6, t3)    \
	/* c7 Y1, c5 Y3, c4 Y5, c6 Y7 */ \
	VADD T5.H8, T7.H8, Y1.H8     \
	VSUB T5.H8, T7.H8, Y3.H8     \
	VADD T6.H8, T4.H8, Y5.H8     \
	VSUB T6.H8, T4.H8, Y7.H8     \
	/* even part: e2 T0, e3 T2, e0 T1, e1 T3 */ \
	VSUB Y6.H8, T0.H8, T0.H8     \
	VADD Y2.H8, T2.H8, T2.H8     \
	VSUB T1.H8, T0.H8, T0.H8     \
	VADD T3.H8, T2.H8, T2.H8     \
	SQRDMULH_8H(sin3, 5, t4)     \
	SQRDMULH_8H(cos3, 1, t5)     \
	VADD Y4.H8, Y0.H8, T1.H8     \
	VSUB Y4.H8, Y0.H8, T3.H8     \
	SQRDMULH_8H(sin1, 3, t6)     \
	SQRDMULH_8H(cos1, 7, t7)     \
	/* a0 Y0, a3 Y6, a1 Y2, a2 Y4 */ \
	VADD T2.H8, T1.H8, Y0.H8     \
	VSUB T2.H8, T1.H8, Y6.H8     \
	VADD T0.H8, T3.H8, Y2.H8     \
	VSUB T0.H8, T3.H8, Y4.H8     \
	/* b7 T4, b6 T6 */           \
	VADD T5.H8, T4.H8, T4.H8     \
	VADD T7.H8, T6.H8, T6.H8     \
	SQRDMULH_8H(cos3, 5, t5)     \
	SQRDMULH_8H(sin3, 1, t1)     \
	SQRDMULH_8H(cos1, 3, t7)     \
	SQRDMULH_8H(sin1, 7, t3)     \
	VADD T4.H8, Y0.H8, X0.H8     \
	VSUB T4.H8, Y0.H8, X7.H8     \
	VADD T6.H8, Y2.H8, X1.H8     \
	VSUB T6.H8, Y2.H8, X6.H8     \
	/* b4 T5, b5 T7 */           \
	VSUB T1.H8, T5.H8, T5.H8     \
	VSUB T3.H8, T7.H8, T7.H8     \
	VADD T5.H8, Y6.H8, X3.H8     \
	VSUB T5.H8, Y6.H8, X4.H8     \
	VADD T7.H8, Y4.H8, X2.H8     \
	VSUB T7.H8, Y4.H8, X5.H8

// TRANSPOSE8 moves lane j of X(i) to lane i of Y(j).
#define TRANSPOSE8 \
	/* 2x2 of one lane */          \
	VTRN1 X1.H8, X0.H8, T0.H8      \
	VTRN2 X1.H8, X0.H8, T1.H8      \
	VTRN1 X3.H8, X2.H8, T2.H8      \
	VTRN2 X3.H8, X2.H8, T3.H8      \
	VTRN1 X5.H8, X4.H8, T4.H8      \
	VTRN2 X5.H8, X4.H8, T5.H8      \
	VTRN1 X7.H8, X6.H8, T6.H8      \
	VTRN2 X7.H8, X6.H8, T7.H8      \
	/* 2x2 of two lanes */         \
	VTRN1 T2.S4, T0.S4, X0.S4      \
	VTRN2 T2.S4, T0.S4, X2.S4      \
	VTRN1 T3.S4, T1.S4, X1.S4      \
	VTRN2 T3.S4, T1.S4, X3.S4      \
	VTRN1 T6.S4, T4.S4, X4.S4      \
	VTRN2 T6.S4, T4.S4, X6.S4      \
	VTRN1 T7.S4, T5.S4, X5.S4      \
	VTRN2 T7.S4, T5.S4, X7.S4      \
	/* 2x2 of four lanes */        \
	VTRN1 X4.D2, X0.D2, Y0.D2      \
	VTRN2 X4.D2, X0.D2, Y4.D2      \
	VTRN1 X5.D2, X1.D2, Y1.D2      \
	VTRN2 X5.D2, X1.D2, Y5.D2      \
	VTRN1 X6.D2, X2.D2, Y2.D2      \
	VTRN2 X6.D2, X2.D2, Y6.D2      \
	VTRN1 X7.D2, X3.D2, Y3.D2      \
	VTRN2 X7.D2, X3.D2, Y7.D2

// CLEAR_64 clears 64 bytes of coefficients.
#define CLEAR_64 \
	STP.P (ZR, ZR), 16(CLEAR) \
	STP.P (ZR, ZR), 16(CLEAR) \
	STP.P (ZR, ZR), 16(CLEAR) \
	STP.P (ZR, ZR), 16(CLEAR)

// SHIFT rounds and narrows four rows of samples, with saturation.
#define SHIFT(a, b, c, d) \
	SQRSHRN_8B(const_outputShift, a, a) \
	SQRSHRN_8B(const_outputShift, b, b) \
	SQRSHRN_8B(const_outputShift, c, c) \
	SQRSHRN_8B(const_outputShift, d, d)

// LEVEL_SHIFT turns signed samples into unsigned ones.
#define LEVEL_SHIFT(A, B, C, D) \
	VEOR LEVEL.B8, A.B8, A.B8 \
	VEOR LEVEL.B8, B.B8, B.B8 \
	VEOR LEVEL.B8, C.B8, C.B8 \
	VEOR LEVEL.B8, D.B8, D.B8

// STORE stores four rows.
#define STORE(A, B, C, D) \
	VST1.P [A.B8], (OUT)(STRIDE) \
	VST1.P [B.B8], (OUT)(STRIDE) \
	VST1.P [C.B8], (OUT)(STRIDE) \
	VST1.P [D.B8], (OUT)(STRIDE)

// func row8Vector(dst *byte, stride int, coefficients, constants *int16, n int)
//
//	dst R0, stride R1, coefficients R2, constants R4, n R3
TEXT ·row8Vector(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), DST
	MOVD stride+8(FP), STRIDE
	MOVD coefficients+16(FP), COEFS
	MOVD constants+24(FP), CONSTS
	MOVD n+32(FP), LEFT
	LOAD_CONSTANTS

block:
	// Load the columns of coefficients, and clear them.
	MOVD COEFS, CLEAR
	MOVD DST, OUT
	VLD1.P 64(COEFS), [V0.H8, V1.H8, V2.H8, V3.H8]
	VLD1.P 64(COEFS), [V4.H8, V5.H8, V6.H8, V7.H8]
	CLEAR_64
	CLEAR_64
	PASS8
	TRANSPOSE8
	PASS8

	SHIFT(16, 17, 18, 19)
	SHIFT(20, 21, 22, 23)
	LEVEL_SHIFT(X0, X1, X2, X3)
	LEVEL_SHIFT(X4, X5, X6, X7)
	STORE(X0, X1, X2, X3)
	STORE(X4, X5, X6, X7)
	ADD    $8, DST
	SUBS   $1, LEFT
	BNE    block
	RET

// PASS4 transforms Y0-Y3 to X0-X3, see transform4.
#define PASS4 \
	SQRDMULH_8H(cos2, 1, t0)     \
	SQRDMULH_8H(sin2, y3, t1)    \
	SQRDMULH_8H(sin2, 1, t2)     \
	SQRDMULH_8H(cos2, y3, t3)    \
	VADD Y2.H8, Y0.H8, T4.H8     \
	VSUB Y2.H8, Y0.H8, T5.H8     \
	VADD Y1.H8, T0.H8, T0.H8     \
	VSUB Y3.H8, T2.H8, T2.H8     \
	VADD T1.H8, T0.H8, T0.H8     \
	VSUB T3.H8, T2.H8, T2.H8     \
	VADD T0.H8, T4.H8, X0.H8     \
	VSUB T0.H8, T4.H8, X3.H8     \
	VADD T2.H8, T5.H8, X1.H8     \
	VSUB T2.H8, T5.H8, X2.H8

// func row4Vector(dst *byte, stride int, coefficients, constants *int16, n int)
//
//	dst R0, stride R1, coefficients R2, constants R4, n R3
//
// The lower four lanes belong to the first block of a pair, the upper ones to the
// second.
TEXT ·row4Vector(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), DST
	MOVD stride+8(FP), STRIDE
	MOVD coefficients+16(FP), COEFS
	MOVD constants+24(FP), CONSTS
	MOVD n+32(FP), LEFT
	LOAD_CONSTANTS

pair:
	MOVD COEFS, CLEAR
	MOVD DST, OUT
	VLD1.P 64(COEFS), [V0.H8, V1.H8, V2.H8, V3.H8]
	CLEAR_64
	PASS4

	// Transpose both blocks.
	VTRN1 X1.H8, X0.H8, T0.H8
	VTRN2 X1.H8, X0.H8, T1.H8
	VTRN1 X3.H8, X2.H8, T2.H8
	VTRN2 X3.H8, X2.H8, T3.H8
	VTRN1 T2.S4, T0.S4, Y0.S4
	VTRN2 T2.S4, T0.S4, Y2.S4
	VTRN1 T3.S4, T1.S4, Y1.S4
	VTRN2 T3.S4, T1.S4, Y3.S4
	PASS4

	SHIFT(16, 17, 18, 19)
	LEVEL_SHIFT(X0, X1, X2, X3)
	STORE(X0, X1, X2, X3)
	ADD    $8, DST
	SUBS   $1, LEFT
	BNE    pair
	RET
