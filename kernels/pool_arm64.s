//go:build !noasm

#include "neon_arm64.h"
#include "textflag.h"

// The outline of maxRow16 is that of pool_amd64.s. Only the names of
// instructions and registers differ, but no assembler reads both.

#define DST      R0
#define ROW0     R1   // next column of the three input rows
#define ROW1     R2
#define ROW2     R3
#define PIXEL    R4   // bytes from an input pixel to the next
#define DSTPIXEL R5   // bytes from an output pixel to the next
#define WHOLE    R6   // windows of three columns left
#define CUT      R7   // 1 if a window of two columns follows, else 0

// Maxima of a column: the left one of a window, which is the right one of the
// window before, the middle and the right one.
#define L     V0
#define left  0
#define M     V1
#define mid   1
#define R     V2
#define right 2

// COLUMN loads 16 channels of the next column of the three rows and leaves
// their maximum in V, whose number is v.
#define COLUMN(v, V) \
	VLD1 (ROW0), [V.B16]  \
	VLD1 (ROW1), [V4.B16] \
	VLD1 (ROW2), [V5.B16] \
	ADD  PIXEL, ROW0      \
	ADD  PIXEL, ROW1      \
	ADD  PIXEL, ROW2      \
	SMAX_16B(4, v, v)     \
	SMAX_16B(5, v, v)

// func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)
//
//	dst R0, rows R1-R3, pixel R4, dstPixel R5, whole R6, cut R7
TEXT ·maxRow16(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), DST
	MOVD rows+8(FP), R3
	LDP  (R3), (ROW0, ROW1)
	MOVD 16(R3), ROW2
	MOVD pixel+16(FP), PIXEL
	MOVD dstPixel+24(FP), DSTPIXEL
	MOVD whole+32(FP), WHOLE
	MOVD cut+40(FP), CUT
	COLUMN(left, L)
	CBZ  WHOLE, last

next:
	COLUMN(mid, M)
	COLUMN(right, R)
	SMAX_16B(left, mid, mid)
	SMAX_16B(right, mid, mid)
	VMOV R.B16, L.B16
	VST1 [M.B16], (DST)
	ADD  DSTPIXEL, DST
	SUB  $1, WHOLE
	CBNZ WHOLE, next

last:
	CBZ CUT, done
	COLUMN(mid, M)
	SMAX_16B(left, mid, mid)
	VST1 [M.B16], (DST)

done:
	RET
