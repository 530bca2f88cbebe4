//go:build !noasm

#include "textflag.h"

// The AVX2 micro-kernel. A tile is four pixels by a panel of 16 channels; a
// step is a pair of k:
//
//	                      channels 0-7   8-15
//	weights, int16 pairs           W0    W1
//	pixel 0  (PATCH0)  |  int32    A00   A01
//	pixel 1  (PATCH1)  |           A10   A11
//	pixel 2  (PATCH2)  |           A20   A21
//	pixel 3  (PATCH3)  |           A30   A31

#define ACC     DI   // accumulators, [4][16]
#define WEIGHTS DX   // of the next pair of k, [16][2]
#define PAIRS   CX   // depth, then pairs of k left
#define PATCH0  SI   // next pair of k of pixel 0
#define PATCH1  R11
#define PATCH2  R12
#define PATCH3  R13

#define A00 Y0
#define A01 Y1
#define A10 Y2
#define A11 Y3
#define A20 Y4
#define A21 Y5
#define A30 Y6
#define A31 Y7
#define W0  Y8
#define W1  Y9

// ADD_PIXEL accumulates a pair of k of a pixel: A0 for channels 0-7, A1 for
// channels 8-15.
#define ADD_PIXEL(patch, A0, A1) \
	VPBROADCASTD patch, Y10   \
	VPMADDWD     W0, Y10, Y11 \
	VPMADDWD     W1, Y10, Y10 \
	VPADDD       Y11, A0, A0  \
	VPADDD       Y10, A1, A1

// func tile4x16AVX2(acc *int32, patch *int16, weights *int16, depth int)
//
//	acc DI, patch SI, weights DX, depth CX
TEXT ·tile4x16AVX2(SB), NOSPLIT, $0-32
	MOVQ acc+0(FP), ACC
	MOVQ patch+8(FP), PATCH0
	MOVQ weights+16(FP), WEIGHTS
	MOVQ depth+24(FP), PAIRS

	LEAQ    (PATCH0)(PAIRS*2), PATCH1
	LEAQ    (PATCH1)(PAIRS*2), PATCH2
	LEAQ    (PATCH2)(PAIRS*2), PATCH3
	SHRQ    $1, PAIRS
	VMOVDQU (ACC), A00
	VMOVDQU 32(ACC), A01
	VMOVDQU 64(ACC), A10
	VMOVDQU 96(ACC), A11
	VMOVDQU 128(ACC), A20
	VMOVDQU 160(ACC), A21
	VMOVDQU 192(ACC), A30
	VMOVDQU 224(ACC), A31

loop:
	VMOVDQU (WEIGHTS), W0
	VMOVDQU 32(WEIGHTS), W1
	ADD_PIXEL((PATCH0), A00, A01)
	ADD_PIXEL((PATCH1), A10, A11)
	ADD_PIXEL((PATCH2), A20, A21)
	ADD_PIXEL((PATCH3), A30, A31)
	ADDQ    $64, WEIGHTS
	ADDQ    $4, PATCH0
	ADDQ    $4, PATCH1
	ADDQ    $4, PATCH2
	ADDQ    $4, PATCH3
	DECQ    PAIRS
	JNZ     loop

	VMOVDQU A00, (ACC)
	VMOVDQU A01, 32(ACC)
	VMOVDQU A10, 64(ACC)
	VMOVDQU A11, 96(ACC)
	VMOVDQU A20, 128(ACC)
	VMOVDQU A21, 160(ACC)
	VMOVDQU A30, 192(ACC)
	VMOVDQU A31, 224(ACC)
	VZEROUPPER
	RET

DATA max<>+0(SB)/4, $0x437f0000 // 255 as float32
GLOBL max<>(SB), RODATA|NOPTR, $4
DATA signs<>+0(SB)/8, $0x8080808080808080
GLOBL signs<>(SB), RODATA|NOPTR, $8

#define DST    DI
#define SRC    SI  // accumulators
#define MULT   DX
#define LOW    Y0  // channels 0-7
#define HIGH   Y1  // channels 8-15
#define ZERO   Y2
#define MAX    Y3

// func requantize16(dst *[16]int8, acc *int32, multiplier *float32)
//
//	dst DI, acc SI, multiplier DX
//
// VCVTPS2DQ rounds half to even, the default of MXCSR, which Go does not change.
TEXT ·requantize16(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ acc+8(FP), SRC
	MOVQ multiplier+16(FP), MULT

	// Convert and multiply.
	VCVTDQ2PS (SRC), LOW
	VCVTDQ2PS 32(SRC), HIGH
	VMULPS    (MULT), LOW, LOW
	VMULPS    32(MULT), HIGH, HIGH

	// Clamp and round.
	VXORPS       ZERO, ZERO, ZERO
	VBROADCASTSS max<>(SB), MAX
	VMAXPS       ZERO, LOW, LOW
	VMAXPS       ZERO, HIGH, HIGH
	VMINPS       MAX, LOW, LOW
	VMINPS       MAX, HIGH, HIGH
	VCVTPS2DQ    LOW, LOW
	VCVTPS2DQ    HIGH, HIGH

	// Narrow, subtract 128 and store.
	VPACKUSDW    HIGH, LOW, LOW        // channels 0-3 8-11 | 4-7 12-15
	VPERMQ       $0xd8, LOW, LOW       // 0-3 4-7 | 8-11 12-15
	VEXTRACTI128 $1, Y0, X1
	VPACKUSWB    X1, X0, X0
	VPBROADCASTQ signs<>(SB), X1
	VPXOR        X1, X0, X0
	VMOVDQU      X0, (DST)
	VZEROUPPER
	RET

#define N CX  // bytes left

// func widen16(dst *int16, src *int8, n int)
//
//	dst DI, src SI, n CX
TEXT ·widen16(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), N

loop:
	VPMOVSXBW (SRC), Y0
	VMOVDQU   Y0, (DST)
	ADDQ      $16, SRC
	ADDQ      $32, DST
	SUBQ      $16, N
	JNZ       loop
	VZEROUPPER
	RET
