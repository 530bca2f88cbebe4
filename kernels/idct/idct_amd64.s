//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// Vectors of eight int16, as in idct_arm64.s. Only the 128-bit registers are used: a
// block's row has eight values.

#define DST    DI
#define STRIDE SI
#define COEFS  DX
#define LEFT   CX  // blocks, or pairs of them, left
#define CONSTS BX
#define OUT    R8  // row of samples

// Constants in all lanes.
#define COS2  0(CONSTS)
#define SIN2  16(CONSTS)
#define SQRT2 32(CONSTS)
#define COS1  48(CONSTS)
#define SIN1  64(CONSTS)
#define COS3  80(CONSTS)
#define SIN3  96(CONSTS)
#define ROUND 112(CONSTS)
#define LEVEL 128(CONSTS)  // 0x8080

// PASS8 transforms X0-X7, see transform8. The comments name its variables.
#define PASS8 \
	/* d5 X8, d6 X9, d7 X10, d4 X11 */ \
	VPMULHRSW SQRT2, X3, X8    \
	VPMULHRSW SQRT2, X5, X9    \
	VPADDW    X7, X1, X10      \
	VPSUBW    X7, X1, X11      \
	VPADDW    X3, X8, X8       \
	VPADDW    X5, X9, X9       \
	/* c7 X1, c5 X3, c4 X5, c6 X7 */ \
	VPADDW    X8, X10, X1      \
	VPSUBW    X8, X10, X3      \
	VPADDW    X9, X11, X5      \
	VPSUBW    X9, X11, X7      \
	/* e2 X8, e3 X10, e0 X12, e1 X13 */ \
	VPMULHRSW SIN2, X2, X8     \
	VPMULHRSW COS2, X6, X9     \
	VPMULHRSW COS2, X2, X10    \
	VPMULHRSW SIN2, X6, X11    \
	VPSUBW    X6, X8, X8       \
	VPADDW    X2, X10, X10     \
	VPSUBW    X9, X8, X8       \
	VPADDW    X11, X10, X10    \
	VPADDW    X4, X0, X12      \
	VPSUBW    X4, X0, X13      \
	/* a0 X0, a3 X6, a1 X2, a2 X4 */ \
	VPADDW    X10, X12, X0     \
	VPSUBW    X10, X12, X6     \
	VPADDW    X8, X13, X2      \
	VPSUBW    X8, X13, X4      \
	/* b7 X8, b4 X10, b6 X12, b5 X14 */ \
	VPMULHRSW SIN3, X5, X8     \
	VPMULHRSW COS3, X1, X9     \
	VPMULHRSW COS3, X5, X10    \
	VPMULHRSW SIN3, X1, X11    \
	VPMULHRSW SIN1, X3, X12    \
	VPMULHRSW COS1, X7, X13    \
	VPMULHRSW COS1, X3, X14    \
	VPMULHRSW SIN1, X7, X15    \
	VPADDW    X9, X8, X8       \
	VPSUBW    X11, X10, X10    \
	VPADDW    X13, X12, X12    \
	VPSUBW    X15, X14, X14    \
	VPSUBW    X8, X0, X7       \
	VPADDW    X8, X0, X0       \
	VPADDW    X12, X2, X1      \
	VPSUBW    X12, X2, X9      \
	VPADDW    X14, X4, X2      \
	VPSUBW    X14, X4, X5      \
	VPADDW    X10, X6, X3      \
	VPSUBW    X10, X6, X4      \
	VMOVDQA   X9, X6

// TRANSPOSE8 moves lane j of X(i) to lane i of X(j).
#define TRANSPOSE8 \
	VPUNPCKLWD  X1, X0, X8     \
	VPUNPCKHWD  X1, X0, X9     \
	VPUNPCKLWD  X3, X2, X10    \
	VPUNPCKHWD  X3, X2, X11    \
	VPUNPCKLWD  X5, X4, X12    \
	VPUNPCKHWD  X5, X4, X13    \
	VPUNPCKLWD  X7, X6, X14    \
	VPUNPCKHWD  X7, X6, X15    \
	VPUNPCKLDQ  X10, X8, X1    \
	VPUNPCKHDQ  X10, X8, X3    \
	VPUNPCKLDQ  X11, X9, X5    \
	VPUNPCKHDQ  X11, X9, X7    \
	VPUNPCKLDQ  X14, X12, X8   \
	VPUNPCKHDQ  X14, X12, X9   \
	VPUNPCKLDQ  X15, X13, X10  \
	VPUNPCKHDQ  X15, X13, X11  \
	VPUNPCKLQDQ X8, X1, X0     \
	VPUNPCKHQDQ X8, X1, X1     \
	VPUNPCKLQDQ X9, X3, X2     \
	VPUNPCKHQDQ X9, X3, X3     \
	VPUNPCKLQDQ X10, X5, X4    \
	VPUNPCKHQDQ X10, X5, X5    \
	VPUNPCKLQDQ X11, X7, X6    \
	VPUNPCKHQDQ X11, X7, X7

// STORE2 rounds two rows of samples, saturates them, shifts their level and stores
// them.
#define STORE2(A, B) \
	VPADDSW   ROUND, A, A               \
	VPADDSW   ROUND, B, B               \
	VPSRAW    $const_outputShift, A, A  \
	VPSRAW    $const_outputShift, B, B  \
	VPACKSSWB B, A, A                   \
	VPXOR     LEVEL, A, A               \
	VMOVQ     A, (OUT)                  \
	VMOVHPS   A, (OUT)(STRIDE*1)        \
	LEAQ      (OUT)(STRIDE*2), OUT

// func row8Vector(dst *byte, stride int, coefficients, constants *int16, n int)
//
//	dst DI, stride SI, coefficients DX, constants BX, n CX
TEXT ·row8Vector(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ stride+8(FP), STRIDE
	MOVQ coefficients+16(FP), COEFS
	MOVQ constants+24(FP), CONSTS
	MOVQ n+32(FP), LEFT

block:
	// Load the columns of coefficients, and clear them.
	VPXOR   X15, X15, X15
	VMOVDQU (COEFS), X0
	VMOVDQU 16(COEFS), X1
	VMOVDQU 32(COEFS), X2
	VMOVDQU 48(COEFS), X3
	VMOVDQU 64(COEFS), X4
	VMOVDQU 80(COEFS), X5
	VMOVDQU 96(COEFS), X6
	VMOVDQU 112(COEFS), X7
	VMOVDQU X15, (COEFS)
	VMOVDQU X15, 16(COEFS)
	VMOVDQU X15, 32(COEFS)
	VMOVDQU X15, 48(COEFS)
	VMOVDQU X15, 64(COEFS)
	VMOVDQU X15, 80(COEFS)
	VMOVDQU X15, 96(COEFS)
	VMOVDQU X15, 112(COEFS)
	PASS8
	TRANSPOSE8
	PASS8
	MOVQ    DST, OUT
	STORE2(X0, X1)
	STORE2(X2, X3)
	STORE2(X4, X5)
	STORE2(X6, X7)
	ADDQ    $128, COEFS
	ADDQ    $8, DST
	DECQ    LEFT
	JNZ     block
	RET

// PASS4 transforms X0-X3, see transform4.
#define PASS4 \
	VPMULHRSW COS2, X1, X4 \
	VPMULHRSW SIN2, X3, X5 \
	VPMULHRSW SIN2, X1, X6 \
	VPMULHRSW COS2, X3, X7 \
	VPADDW    X2, X0, X8   \
	VPSUBW    X2, X0, X9   \
	VPADDW    X1, X4, X4   \
	VPSUBW    X3, X6, X6   \
	VPADDW    X5, X4, X4   \
	VPSUBW    X7, X6, X6   \
	VPADDW    X4, X8, X0   \
	VPSUBW    X4, X8, X3   \
	VPADDW    X6, X9, X1   \
	VPSUBW    X6, X9, X2

// func row4Vector(dst *byte, stride int, coefficients, constants *int16, n int)
//
//	dst DI, stride SI, coefficients DX, constants BX, n CX
//
// The lower four lanes belong to the first block of a pair, the upper ones to the
// second.
TEXT ·row4Vector(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ stride+8(FP), STRIDE
	MOVQ coefficients+16(FP), COEFS
	MOVQ constants+24(FP), CONSTS
	MOVQ n+32(FP), LEFT

pair:
	VPXOR   X15, X15, X15
	VMOVDQU (COEFS), X0
	VMOVDQU 16(COEFS), X1
	VMOVDQU 32(COEFS), X2
	VMOVDQU 48(COEFS), X3
	VMOVDQU X15, (COEFS)
	VMOVDQU X15, 16(COEFS)
	VMOVDQU X15, 32(COEFS)
	VMOVDQU X15, 48(COEFS)
	PASS4

	// Transpose both blocks: rows 0 and 1 of the first to X8, 2 and 3 to X9, those of the
	// second to X10 and X11; then a row of both to each of X0-X3.
	VPUNPCKLWD  X1, X0, X4
	VPUNPCKLWD  X3, X2, X5
	VPUNPCKHWD  X1, X0, X6
	VPUNPCKHWD  X3, X2, X7
	VPUNPCKLDQ  X5, X4, X8
	VPUNPCKHDQ  X5, X4, X9
	VPUNPCKLDQ  X7, X6, X10
	VPUNPCKHDQ  X7, X6, X11
	VPUNPCKLQDQ X10, X8, X0
	VPUNPCKHQDQ X10, X8, X1
	VPUNPCKLQDQ X11, X9, X2
	VPUNPCKHQDQ X11, X9, X3
	PASS4
	MOVQ        DST, OUT
	STORE2(X0, X1)
	STORE2(X2, X3)
	ADDQ        $64, COEFS
	ADDQ        $8, DST
	DECQ        LEFT
	JNZ         pair
	RET
