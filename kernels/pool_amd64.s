//go:build !noasm

#include "textflag.h"

// The outline of maxRow16 is that of pool_arm64.s. Only the names of
// instructions and registers differ, but no assembler reads both.

#define DST      DI
#define ROW0     SI   // next column of the three input rows
#define ROW1     R8
#define ROW2     R9
#define PIXEL    R10  // bytes from an input pixel to the next
#define DSTPIXEL R11  // bytes from an output pixel to the next
#define WHOLE    CX   // windows of three columns left
#define CUT      DX   // 1 if a window of two columns follows, else 0

// Maxima of a column: the left one of a window, which is the right one of the
// window before, the middle and the right one.
#define LEFT  X0
#define MID   X1
#define RIGHT X2

// COLUMN loads 16 channels of the next column of the three rows and leaves
// their maximum in X.
#define COLUMN(X) \
	VMOVDQU (ROW0), X    \
	VPMAXSB (ROW1), X, X \
	VPMAXSB (ROW2), X, X \
	ADDQ    PIXEL, ROW0  \
	ADDQ    PIXEL, ROW1  \
	ADDQ    PIXEL, ROW2

// func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)
//
//	dst DI, rows SI R8 R9, pixel R10, dstPixel R11, whole CX, cut DX
TEXT ·maxRow16(SB), NOSPLIT, $0-48
	MOVQ  dst+0(FP), DST
	MOVQ  rows+8(FP), AX
	MOVQ  (AX), ROW0
	MOVQ  8(AX), ROW1
	MOVQ  16(AX), ROW2
	MOVQ  pixel+16(FP), PIXEL
	MOVQ  dstPixel+24(FP), DSTPIXEL
	MOVQ  whole+32(FP), WHOLE
	MOVQ  cut+40(FP), CUT
	COLUMN(LEFT)
	TESTQ WHOLE, WHOLE
	JZ    last

next:
	COLUMN(MID)
	COLUMN(RIGHT)
	VPMAXSB LEFT, MID, MID
	VPMAXSB RIGHT, MID, MID
	VMOVDQA RIGHT, LEFT
	VMOVDQU MID, (DST)
	ADDQ    DSTPIXEL, DST
	DECQ    WHOLE
	JNZ     next

last:
	TESTQ   CUT, CUT
	JZ      done
	COLUMN(MID)
	VPMAXSB LEFT, MID, MID
	VMOVDQU MID, (DST)

done:
	RET
