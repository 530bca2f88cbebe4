//go:build !noasm

#include "textflag.h"

// Functions that all families of micro-kernels use.

#define DST DI
#define SRC SI
#define N   CX  // bytes

DATA signs<>+0(SB)/8, $0x8080808080808080
GLOBL signs<>(SB), RODATA|NOPTR, $8

// func flipAVX2(dst *uint8, src *int8, n int)
//
//	dst DI, src SI, n CX
//
// The last 32 bytes overlap with those before.
TEXT ·flipAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), N
	VPBROADCASTQ signs<>(SB), Y0
	VPXOR -32(SRC)(N*1), Y0, Y2
	VMOVDQU Y2, -32(DST)(N*1)
	SUBQ $32, N
	JZ   done

loop:
	VPXOR   (SRC), Y0, Y1
	VMOVDQU Y1, (DST)
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $32, N
	JGT     loop

done:
	VZEROUPPER
	RET

#define SUMS     DI
#define ACC      SI
#define PIXELS   BX
#define CHANNELS CX
#define LEFT     DX  // pixels
#define ROW      R8  // bytes of a pixel's accumulators
#define NEXT     R9  // accumulators of the next pixel

// func addSumsAVX2(sums *int64, acc *int32, pixels, channels int)
//
//	sums DI, acc SI, pixels BX, channels CX
TEXT ·addSumsAVX2(SB), NOSPLIT, $0-32
	MOVQ  sums+0(FP), SUMS
	MOVQ  acc+8(FP), ACC
	MOVQ  pixels+16(FP), PIXELS
	MOVQ  channels+24(FP), CHANNELS
	LEAQ  (CHANNELS*4), ROW
	VPXOR Y0, Y0, Y0

four:
	VMOVDQU (SUMS), Y1
	MOVQ ACC, NEXT
	MOVQ PIXELS, LEFT

pixel:
	VPMAXSD   (NEXT), X0, X2
	VPMOVZXDQ X2, Y2
	VPADDQ    Y2, Y1, Y1
	ADDQ ROW, NEXT
	DECQ LEFT
	JNZ  pixel
	VMOVDQU Y1, (SUMS)
	ADDQ $32, SUMS
	ADDQ $16, ACC
	SUBQ $4, CHANNELS
	JNZ  four
	VZEROUPPER
	RET
