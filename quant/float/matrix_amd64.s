#include "textflag.h"

// One product's terms for one row: X += a*B, in the order of the plain loop,
// multiplication and addition each rounded. A holds the broadcast element.
#define ROW(address, LO, HI) \
	VBROADCASTSS address, Y10   \
	VMULPS       Y8, Y10, Y11   \
	VMULPS       Y9, Y10, Y10   \
	VADDPS       Y11, LO, LO    \
	VADDPS       Y10, HI, HI

// func tile4x16(c *float32, ldc int, a *float32, lda int, b *float32, depth int)
//
//	       b: Y8   Y9          DI c, rows at DI, R8, R9, R10
//	a  DI  |  Y0 | Y1          SI a, rows at SI, R11, R12, R13
//	   R8  |  Y2 | Y3          DX b, 64 bytes a step of k
//	   R9  |  Y4 | Y5          CX steps of k left
//	   R10 |  Y6 | Y7
TEXT ·tile4x16(SB), NOSPLIT, $0-48
	MOVQ c+0(FP), DI
	MOVQ ldc+8(FP), AX
	MOVQ a+16(FP), SI
	MOVQ lda+24(FP), BX
	MOVQ b+32(FP), DX
	MOVQ depth+40(FP), CX

	LEAQ    (DI)(AX*4), R8
	LEAQ    (R8)(AX*4), R9
	LEAQ    (R9)(AX*4), R10
	LEAQ    (SI)(BX*4), R11
	LEAQ    (R11)(BX*4), R12
	LEAQ    (R12)(BX*4), R13
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS (R8), Y2
	VMOVUPS 32(R8), Y3
	VMOVUPS (R9), Y4
	VMOVUPS 32(R9), Y5
	VMOVUPS (R10), Y6
	VMOVUPS 32(R10), Y7

loop:
	VMOVUPS (DX), Y8
	VMOVUPS 32(DX), Y9
	ROW((SI), Y0, Y1)
	ROW((R11), Y2, Y3)
	ROW((R12), Y4, Y5)
	ROW((R13), Y6, Y7)
	ADDQ    $64, DX
	ADDQ    $4, SI
	ADDQ    $4, R11
	ADDQ    $4, R12
	ADDQ    $4, R13
	DECQ    CX
	JNZ     loop

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, (R8)
	VMOVUPS Y3, 32(R8)
	VMOVUPS Y4, (R9)
	VMOVUPS Y5, 32(R9)
	VMOVUPS Y6, (R10)
	VMOVUPS Y7, 32(R10)
	VZEROUPPER
	RET

// func tile1x16(c *float32, a *float32, b *float32, depth int)
//
// The last rows of a product, one at a time: Y0 and Y1 hold the row.
TEXT ·tile1x16(SB), NOSPLIT, $0-32
	MOVQ    c+0(FP), DI
	MOVQ    a+8(FP), SI
	MOVQ    b+16(FP), DX
	MOVQ    depth+24(FP), CX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1

loop:
	VMOVUPS (DX), Y8
	VMOVUPS 32(DX), Y9
	ROW((SI), Y0, Y1)
	ADDQ    $64, DX
	ADDQ    $4, SI
	DECQ    CX
	JNZ     loop

	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET
