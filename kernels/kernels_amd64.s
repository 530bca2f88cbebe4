#include "textflag.h"

// One pair of k for one pixel: LO and HI += the pair times 16 channels' pairs.
#define PIXEL(address, LO, HI) \
	VPBROADCASTD address, Y10     \
	VPMADDWD     Y8, Y10, Y11     \
	VPMADDWD     Y9, Y10, Y10     \
	VPADDD       Y11, LO, LO      \
	VPADDD       Y10, HI, HI

// func tile4x16(acc *int32, patch *int16, weights *int16, depth int)
//
//	          weights: Y8   Y9      DI accumulators [4][16]
//	patch SI       |   Y0 | Y1      SI, R11, R12, R13 rows of the patch
//	      R11      |   Y2 | Y3      DX weights, 64 bytes a pair of k
//	      R12      |   Y4 | Y5      CX pairs of k left
//	      R13      |   Y6 | Y7
TEXT ·tile4x16(SB), NOSPLIT, $0-32
	MOVQ acc+0(FP), DI
	MOVQ patch+8(FP), SI
	MOVQ weights+16(FP), DX
	MOVQ depth+24(FP), CX

	LEAQ    (SI)(CX*2), R11
	LEAQ    (R11)(CX*2), R12
	LEAQ    (R12)(CX*2), R13
	SHRQ    $1, CX
	VMOVDQU (DI), Y0
	VMOVDQU 32(DI), Y1
	VMOVDQU 64(DI), Y2
	VMOVDQU 96(DI), Y3
	VMOVDQU 128(DI), Y4
	VMOVDQU 160(DI), Y5
	VMOVDQU 192(DI), Y6
	VMOVDQU 224(DI), Y7

loop:
	VMOVDQU (DX), Y8
	VMOVDQU 32(DX), Y9
	PIXEL((SI), Y0, Y1)
	PIXEL((R11), Y2, Y3)
	PIXEL((R12), Y4, Y5)
	PIXEL((R13), Y6, Y7)
	ADDQ    $64, DX
	ADDQ    $4, SI
	ADDQ    $4, R11
	ADDQ    $4, R12
	ADDQ    $4, R13
	DECQ    CX
	JNZ     loop

	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	VMOVDQU Y4, 128(DI)
	VMOVDQU Y5, 160(DI)
	VMOVDQU Y6, 192(DI)
	VMOVDQU Y7, 224(DI)
	VZEROUPPER
	RET

DATA largest<>+0(SB)/4, $0x437f0000 // 255 as float32
GLOBL largest<>(SB), RODATA|NOPTR, $4
DATA signs<>+0(SB)/8, $0x8080808080808080
GLOBL signs<>(SB), RODATA|NOPTR, $8

// func requantize16(dst *[16]int8, acc *int32, multiplier *float32)
//
// VCVTPS2DQ rounds half to even, as the floating-point control register
// stands in every Go program.
TEXT ·requantize16(SB), NOSPLIT, $0-24
	MOVQ         dst+0(FP), DI
	MOVQ         acc+8(FP), SI
	MOVQ         multiplier+16(FP), DX
	VCVTDQ2PS    (SI), Y0
	VCVTDQ2PS    32(SI), Y1
	VMULPS       (DX), Y0, Y0
	VMULPS       32(DX), Y1, Y1
	VXORPS       Y2, Y2, Y2
	VBROADCASTSS largest<>(SB), Y3
	VMAXPS       Y2, Y0, Y0
	VMAXPS       Y2, Y1, Y1
	VMINPS       Y3, Y0, Y0
	VMINPS       Y3, Y1, Y1
	VCVTPS2DQ    Y0, Y0
	VCVTPS2DQ    Y1, Y1
	VPACKUSDW    Y1, Y0, Y0            // channels 0-3 8-11 | 4-7 12-15
	VPERMQ       $0xd8, Y0, Y0         // 0-3 4-7 | 8-11 12-15
	VEXTRACTI128 $1, Y0, X1
	VPACKUSWB    X1, X0, X0
	VPBROADCASTQ signs<>(SB), X1
	VPXOR        X1, X0, X0
	VMOVDQU      X0, (DI)
	VZEROUPPER
	RET

// func widen16(dst *int16, src *int8, n int)
TEXT ·widen16(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VPMOVSXBW (SI), Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $16, SI
	ADDQ      $32, DI
	SUBQ      $16, CX
	JNZ       loop
	VZEROUPPER
	RET
