#include "textflag.h"

// COLUMN loads 16 channels of the next column, as it lies in three rows, and
// leaves their maximum in x.
#define COLUMN(x) \
	VMOVDQU (SI), x      \
	VPMAXSB (R8), x, x   \
	VPMAXSB (R9), x, x   \
	ADDQ    R10, SI      \
	ADDQ    R10, R8      \
	ADDQ    R10, R9

// func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)
//
//	input  row 0  SI |  X0   X1   X2   X0 is the last column of the
//	       row 1  R8 |  X0   X1   X2   output pixel to the left
//	       row 2  R9 |  X0   X1   X2
//	output        DI |  X1
//
//	R10 pixel of the input     CX output pixels left
//	R11 pixel of the output    DX one more, without its third column
TEXT ·maxRow16(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ rows+8(FP), AX
	MOVQ (AX), SI
	MOVQ 8(AX), R8
	MOVQ 16(AX), R9
	MOVQ pixel+16(FP), R10
	MOVQ dstPixel+24(FP), R11
	MOVQ whole+32(FP), CX
	MOVQ cut+40(FP), DX
	COLUMN(X0)
	TESTQ CX, CX
	JZ    last

next:
	COLUMN(X1)
	COLUMN(X2)
	VPMAXSB X0, X1, X1
	VPMAXSB X2, X1, X1
	VMOVDQA X2, X0
	VMOVDQU X1, (DI)
	ADDQ    R11, DI
	DECQ    CX
	JNZ     next

last:
	TESTQ DX, DX
	JZ    done
	COLUMN(X1)
	VPMAXSB X0, X1, X1
	VMOVDQU X1, (DI)

done:
	RET
