#include "neon_arm64.h"
#include "textflag.h"

// COLUMN loads 16 channels of the next column, as it lies in three rows, and
// leaves their maximum in V{d}.
#define COLUMN(d, V) \
	VLD1 (R1), [V.B16]  \
	VLD1 (R2), [V4.B16] \
	VLD1 (R3), [V5.B16] \
	ADD  R4, R1         \
	ADD  R4, R2         \
	ADD  R4, R3         \
	SMAX_16B(4, d, d)   \
	SMAX_16B(5, d, d)

// func maxRow16(dst *int8, rows *[3]*int8, pixel, dstPixel, whole, cut int)
//
//	input  row 0  R1 |  V0   V1   V2   V0 is the last column of the
//	       row 1  R2 |  V0   V1   V2   output pixel to the left
//	       row 2  R3 |  V0   V1   V2
//	output        R0 |  V1
//
//	R4 pixel of the input     R6 output pixels left
//	R5 pixel of the output    R7 one more, without its third column
TEXT ·maxRow16(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD rows+8(FP), R3
	LDP  (R3), (R1, R2)
	MOVD 16(R3), R3
	MOVD pixel+16(FP), R4
	MOVD dstPixel+24(FP), R5
	MOVD whole+32(FP), R6
	MOVD cut+40(FP), R7
	COLUMN(0, V0)
	CBZ  R6, last

next:
	COLUMN(1, V1)
	COLUMN(2, V2)
	SMAX_16B(0, 1, 1)
	SMAX_16B(2, 1, 1)
	VMOV   V2.B16, V0.B16
	VST1   [V1.B16], (R0)
	ADD    R5, R0
	SUB    $1, R6
	CBNZ   R6, next

last:
	CBZ  R7, done
	COLUMN(1, V1)
	SMAX_16B(0, 1, 1)
	VST1 [V1.B16], (R0)

done:
	RET
