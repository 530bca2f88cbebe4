#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// A tile is four pixels by a panel of 16 channels. Its 64 accumulators stay
// in registers for the whole depth:
//
//	             channels
//	              0-3  4-7  8-11 12-15
//	    weights   V20  V21  V22  V23   for four k; V24-V27 for the next four
//	pixel 0  V16 | V0   V1   V2   V3
//	pixel 1  V17 | V4   V5   V6   V7
//	pixel 2  V18 | V8   V9   V10  V11
//	pixel 3  V19 | V12  V13  V14  V15
//
// V16-V19 hold 16 k of a pixel, of which SDOT takes four by an index.
//
//	R0      the description, a tile
//	R1-R4   pixels: where the window of each is read next
//	R5-R8   where the next panel's 16 bytes of each pixel go
//	R9      weights, [panel][depth/4][16][4]
//	R10     kernel rows left
//	R11     blocks of 16 k, then groups of four k, left in the row
//	R12     from the end of a row of the window to the next
//	R13     biases, [panel][16]
//	R14     multipliers, [panel][16], or sums of the head
//	R15     panels left
//	R16,R17 blocks and groups of a row
//	R19     offsets, [panel][16], where accumulators are small
//	R21     tiles left

// PIXEL adds to a pixel's accumulators the products of its i-th four bytes.
#define PIXEL(i, x, w0, w1, w2, w3, a0, a1, a2, a3) \
	SDOT_4S_ELEMENT(i, x, w0, a0) \
	SDOT_4S_ELEMENT(i, x, w1, a1) \
	SDOT_4S_ELEMENT(i, x, w2, a2) \
	SDOT_4S_ELEMENT(i, x, w3, a3)

// GROUP does that for all four pixels.
#define GROUP(i, w0, w1, w2, w3) \
	PIXEL(i, 16, w0, w1, w2, w3, 0, 1, 2, 3)   \
	PIXEL(i, 17, w0, w1, w2, w3, 4, 5, 6, 7)   \
	PIXEL(i, 18, w0, w1, w2, w3, 8, 9, 10, 11) \
	PIXEL(i, 19, w0, w1, w2, w3, 12, 13, 14, 15)

// NEXT advances four pointers of the description by bytes.
#define NEXT(pointers, step) \
	MOVD step(R0), R20           \
	LDP  pointers(R0), (R1, R2)  \
	LDP  (pointers+16)(R0), (R3, R4) \
	ADD  R20, R1                 \
	ADD  R20, R2                 \
	ADD  R20, R3                 \
	ADD  R20, R4                 \
	STP  (R1, R2), pointers(R0)  \
	STP  (R3, R4), (pointers+16)(R0)

// BEGIN reads the description, but for what depends on the output.
#define BEGIN \
	MOVD tile_weights(R0), R9  \
	MOVD tile_skip(R0), R12    \
	MOVD tile_bias(R0), R13    \
	MOVD tile_panels(R0), R15  \
	MOVD tile_blocks(R0), R16  \
	MOVD tile_groups(R0), R17

// ACCUMULATE computes the accumulators of the next panel.
#define ACCUMULATE \
	LDP     tile_src(R0), (R1, R2)      \
	LDP     (tile_src+16)(R0), (R3, R4) \
	MOVD    tile_rows(R0), R10          \
	FLDPQ   (R13), (F0, F1)                    \
	FLDPQ   32(R13), (F2, F3)                  \
	FLDPQ   (R13), (F4, F5)                    \
	FLDPQ   32(R13), (F6, F7)                  \
	FLDPQ   (R13), (F8, F9)                    \
	FLDPQ   32(R13), (F10, F11)                \
	FLDPQ   (R13), (F12, F13)                  \
	FLDPQ   32(R13), (F14, F15)                \
	ADD     $64, R13                           \
row:                                               \
	CBZ     R16, tail                          \
	MOVD    R16, R11                           \
block:                                             \
	FMOVQ.P 16(R1), F16                        \
	FLDPQ   (R9), (F20, F21)                   \
	FLDPQ   32(R9), (F22, F23)                 \
	FMOVQ.P 16(R2), F17                        \
	FMOVQ.P 16(R3), F18                        \
	FMOVQ.P 16(R4), F19                        \
	FLDPQ   64(R9), (F24, F25)                 \
	FLDPQ   96(R9), (F26, F27)                 \
	GROUP(0, 20, 21, 22, 23)                   \
	FLDPQ   128(R9), (F20, F21)                \
	FLDPQ   160(R9), (F22, F23)                \
	GROUP(1, 24, 25, 26, 27)                   \
	FLDPQ   192(R9), (F24, F25)                \
	FLDPQ   224(R9), (F26, F27)                \
	ADD     $256, R9                           \
	GROUP(2, 20, 21, 22, 23)                   \
	GROUP(3, 24, 25, 26, 27)                   \
	SUB     $1, R11                            \
	CBNZ    R11, block                         \
tail:                                              \
	CBZ     R17, next                          \
	MOVD    R17, R11                           \
group:                                             \
	FMOVS.P 4(R1), F16                         \
	FLDPQ   (R9), (F20, F21)                   \
	FLDPQ   32(R9), (F22, F23)                 \
	FMOVS.P 4(R2), F17                         \
	FMOVS.P 4(R3), F18                         \
	FMOVS.P 4(R4), F19                         \
	ADD     $64, R9                            \
	GROUP(0, 20, 21, 22, 23)                   \
	SUB     $1, R11                            \
	CBNZ    R11, group                         \
next:                                              \
	ADD     R12, R1                            \
	ADD     R12, R2                            \
	ADD     R12, R3                            \
	ADD     R12, R4                            \
	SUB     $1, R10                            \
	CBNZ    R10, row

// CODES turns four accumulators to codes in the low bytes of V{a}: with 2^23
// added there are no bits left for a fraction, so the sum rounds half to even;
// 128 more is minus 128 in the byte.
#define CODES(m, a) \
	SCVTF_4S(a, a)    \
	FMUL_4S(m, a, a)  \
	FMAX_4S(28, a, a) \
	FMIN_4S(29, a, a) \
	FADD_4S(30, a, a)

// func tile4x16Dotprod(t *tile)
//
// Writes the codes of four pixels in each panel.
TEXT ·tile4x16Dotprod(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD tile_tiles(R0), R21
	VEOR V28.B16, V28.B16, V28.B16
	MOVD $0x437F0000, R19                   // 255 as float32
	VDUP R19, V29.S4
	MOVD $0x4B000080, R19                   // 2^23 + 128
	VDUP R19, V30.S4

tile:
	BEGIN
	LDP  tile_dst(R0), (R5, R6)
	LDP  (tile_dst+16)(R0), (R7, R8)
	MOVD tile_multiplier(R0), R14

panel:
	ACCUMULATE
	FLDPQ.P 32(R14), (F16, F17)
	FLDPQ.P 32(R14), (F18, F19)

	CODES(16, 0)
	CODES(17, 1)
	CODES(18, 2)
	CODES(19, 3)
	VUZP1   V1.H8, V0.H8, V0.H8
	VUZP1   V3.H8, V2.H8, V2.H8
	VUZP1   V2.B16, V0.B16, V0.B16
	FMOVQ.P F0, 16(R5)

	CODES(16, 4)
	CODES(17, 5)
	CODES(18, 6)
	CODES(19, 7)
	VUZP1   V5.H8, V4.H8, V4.H8
	VUZP1   V7.H8, V6.H8, V6.H8
	VUZP1   V6.B16, V4.B16, V4.B16
	FMOVQ.P F4, 16(R6)

	CODES(16, 8)
	CODES(17, 9)
	CODES(18, 10)
	CODES(19, 11)
	VUZP1   V9.H8, V8.H8, V8.H8
	VUZP1   V11.H8, V10.H8, V10.H8
	VUZP1   V10.B16, V8.B16, V8.B16
	FMOVQ.P F8, 16(R7)

	CODES(16, 12)
	CODES(17, 13)
	CODES(18, 14)
	CODES(19, 15)
	VUZP1   V13.H8, V12.H8, V12.H8
	VUZP1   V15.H8, V14.H8, V14.H8
	VUZP1   V14.B16, V12.B16, V12.B16
	FMOVQ.P F12, 16(R8)

	SUB  $1, R15
	CBNZ R15, panel

	SUB  $1, R21
	CBZ  R21, done
	NEXT(tile_src, tile_srcStep)
	NEXT(tile_dst, tile_dstStep)
	B    tile

done:
	RET

// SMALL_CODES writes the 16 codes of a pixel whose accumulators, a0-a3, are
// small; V20-V23 are multipliers, R19 points to offsets.
//
// The accumulators began at the bits of 2^23 as a float32. As long as they are
// positive they therefore are, as floats, 2^23 + acc; negative ones are
// something below 2^23. With the offset -2^23*m the fused multiplication gives
// acc*m, rounded once, or something negative, which ends as code 0 like acc*m
// would. The number added then leaves no bits for a fraction, so that the sum
// rounds half to even, and puts the code minus 128 into the low 16 bits.
#define SMALL_CODES(a0, a1, a2, a3, R) \
	FLDPQ   (R19), (F16, F17)         \
	FLDPQ   32(R19), (F18, F19)       \
	VFMLA   V20.S4, a0.S4, V16.S4     \
	VFMLA   V21.S4, a1.S4, V17.S4     \
	VFMLA   V22.S4, a2.S4, V18.S4     \
	VFMLA   V23.S4, a3.S4, V19.S4     \
	FADD_4S(30, 16, 16)               \
	FADD_4S(30, 17, 17)               \
	FADD_4S(30, 18, 18)               \
	FADD_4S(30, 19, 19)               \
	VUZP1   V17.H8, V16.H8, V16.H8    \
	VUZP1   V19.H8, V18.H8, V18.H8    \
	SQXTN_8B(16, 16)                  \
	SQXTN2_16B(18, 16)                \
	FMOVQ.P F16, 16(R)

// func tile4x16SmallDotprod(t *tile)
//
// Writes the codes of four pixels in each panel of a convolution whose
// accumulators are small.
TEXT ·tile4x16SmallDotprod(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD tile_tiles(R0), R21
	MOVD $0x4B3FFF80, R19                   // 1.5*2^23 - 128 as float32
	VDUP R19, V30.S4

tile:
	BEGIN
	LDP  tile_dst(R0), (R5, R6)
	LDP  (tile_dst+16)(R0), (R7, R8)
	MOVD tile_multiplier(R0), R14
	MOVD tile_offset(R0), R19

panel:
	ACCUMULATE
	FLDPQ.P 32(R14), (F20, F21)
	FLDPQ.P 32(R14), (F22, F23)
	SMALL_CODES(V0, V1, V2, V3, R5)
	SMALL_CODES(V4, V5, V6, V7, R6)
	SMALL_CODES(V8, V9, V10, V11, R7)
	SMALL_CODES(V12, V13, V14, V15, R8)
	ADD  $64, R19
	SUB  $1, R15
	CBNZ R15, panel

	SUB  $1, R21
	CBZ  R21, done
	NEXT(tile_src, tile_srcStep)
	NEXT(tile_dst, tile_dstStep)
	B    tile

done:
	RET

// SUM adds four pixels' accumulators of four channels, a0-a3, to the int64
// sums at R14. Negative ones count as zero; two that are not fit an unsigned
// 32-bit number together.
#define SUM(a0, a1, a2, a3) \
	FLDPQ   (R14), (F16, F17)         \
	VADD    a0.S4, a1.S4, a0.S4       \
	VADD    a2.S4, a3.S4, a2.S4       \
	VUADDW  a0.S2, V16.D2, V16.D2     \
	VUADDW2 a0.S4, V17.D2, V17.D2     \
	VUADDW  a2.S2, V16.D2, V16.D2     \
	VUADDW2 a2.S4, V17.D2, V17.D2     \
	FSTPQ.P (F16, F17), 32(R14)

// RELU makes a pixel's negative accumulators zero.
#define RELU(a0, a1, a2, a3) \
	SMAX_4S(28, a0, a0) \
	SMAX_4S(28, a1, a1) \
	SMAX_4S(28, a2, a2) \
	SMAX_4S(28, a3, a3)

// CLEAR drops a pixel's accumulators.
#define CLEAR(a0, a1, a2, a3) \
	VEOR a0.B16, a0.B16, a0.B16 \
	VEOR a1.B16, a1.B16, a1.B16 \
	VEOR a2.B16, a2.B16, a2.B16 \
	VEOR a3.B16, a3.B16, a3.B16

// func sums4x16Dotprod(t *tile)
//
// Adds max(accumulator, 0) of the last t.count pixels, R7, of each tile to
// the sums of each panel.
TEXT ·sums4x16Dotprod(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD tile_tiles(R0), R21
	MOVD tile_count(R0), R7
	VEOR V28.B16, V28.B16, V28.B16

tile:
	BEGIN
	MOVD tile_sums(R0), R14

panel:
	ACCUMULATE
	RELU(0, 1, 2, 3)
	RELU(4, 5, 6, 7)
	RELU(8, 9, 10, 11)
	RELU(12, 13, 14, 15)
	CMP $4, R7
	BEQ sum
	CLEAR(V0, V1, V2, V3)
	CMP $3, R7
	BEQ sum
	CLEAR(V4, V5, V6, V7)
	CMP $2, R7
	BEQ sum
	CLEAR(V8, V9, V10, V11)

sum:
	SUM(V0, V4, V8, V12)
	SUM(V1, V5, V9, V13)
	SUM(V2, V6, V10, V14)
	SUM(V3, V7, V11, V15)
	SUB  $1, R15
	CBNZ R15, panel

	SUB  $1, R21
	CBZ  R21, done
	NEXT(tile_src, tile_srcStep)
	B    tile

done:
	RET
