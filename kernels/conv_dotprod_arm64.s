//go:build !noasm

#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// The SDOT micro-kernels. A tile is four pixels by a panel of 16 channels. Its
// 64 accumulators stay in registers for the whole depth:
//
//	               channels  0-3  4-7  8-11 12-15
//	weights of four k        W0   W1   W2   W3
//	of the next four k       W4   W5   W6   W7
//	pixel 0  X0  |  int32    A00  A01  A02  A03
//	pixel 1  X1  |           A10  A11  A12  A13
//	pixel 2  X2  |           A20  A21  A22  A23
//	pixel 3  X3  |           A30  A31  A32  A33
//
// X0-X3 hold 16 k of a pixel; SDOT selects four of them by an index. A
// Cortex-A76 issues two SDOT per cycle, so a block of 16 k, which has 64, takes
// 32 cycles at best.
//
// A vector register has up to three names: A00 (V0) for instructions that Go
// can encode, a00 (0) for the macros of neon_arm64.h, FA00 (F0) for loads and
// stores.

#define ARGS    R0   // *tileArgs
#define SRC0    R1   // next bytes of the window of pixel 0
#define SRC1    R2
#define SRC2    R3
#define SRC3    R4
#define DST0    R5   // output of the panel for pixel 0
#define DST1    R6
#define DST2    R7
#define DST3    R8
#define COUNT   R7   // pixels of a tile to sum
#define WEIGHTS R9   // next weights, [panel][packedDepth/4][16][4]
#define ROWS    R10  // rows of the window left
#define LEFT    R11  // blocks, then groups, left in the row
#define SKIP    R12  // from the end of a row of the window to the next
#define BIAS    R13  // [panel][16]
#define MULT    R14  // multipliers, [panel][16]
#define SUMS    R14  // of the head, [panel][16]
#define PANELS  R15  // left
#define BLOCKS  R16  // blocks of 16 k in a row
#define GROUPS  R17  // groups of four k in a row, after the blocks
#define OFFSET  R19  // of mantissaRequant, [panel][16]
#define CONST   R19  // scratch
#define TMP     R20
#define TILES   R21  // left

#define A00  V0
#define FA00 F0
#define a00  0
#define A01  V1
#define FA01 F1
#define a01  1
#define A02  V2
#define FA02 F2
#define a02  2
#define A03  V3
#define FA03 F3
#define a03  3
#define A10  V4
#define FA10 F4
#define a10  4
#define A11  V5
#define FA11 F5
#define a11  5
#define A12  V6
#define FA12 F6
#define a12  6
#define A13  V7
#define FA13 F7
#define a13  7
#define A20  V8
#define FA20 F8
#define a20  8
#define A21  V9
#define FA21 F9
#define a21  9
#define A22  V10
#define FA22 F10
#define a22  10
#define A23  V11
#define FA23 F11
#define a23  11
#define A30  V12
#define FA30 F12
#define a30  12
#define A31  V13
#define FA31 F13
#define a31  13
#define A32  V14
#define FA32 F14
#define a32  14
#define A33  V15
#define FA33 F15
#define a33  15

#define FX0 F16
#define x0  16
#define FX1 F17
#define x1  17
#define FX2 F18
#define x2  18
#define FX3 F19
#define x3  19
#define FW0 F20
#define w0  20
#define FW1 F21
#define w1  21
#define FW2 F22
#define w2  22
#define FW3 F23
#define w3  23
#define FW4 F24
#define w4  24
#define FW5 F25
#define w5  25
#define FW6 F26
#define w6  26
#define FW7 F27
#define w7  27

#define ZERO  V28
#define zero  28
#define MAX   V29  // 255
#define max   29
#define MAGIC V30  // 2^23 + 128
#define magic 30
#define ROUND V30  // 1.5*2^23 - 128
#define round 30

// ADD_PIXEL accumulates the i-th four k of a pixel.
#define ADD_PIXEL(i, x, wa, wb, wc, wd, a0, a1, a2, a3) \
	SDOT_4S_ELEMENT(i, x, wa, a0) \
	SDOT_4S_ELEMENT(i, x, wb, a1) \
	SDOT_4S_ELEMENT(i, x, wc, a2) \
	SDOT_4S_ELEMENT(i, x, wd, a3)

// ADD_GROUP accumulates the i-th four k of all pixels: 16 SDOT, 8 cycles.
#define ADD_GROUP(i, wa, wb, wc, wd) \
	ADD_PIXEL(i, x0, wa, wb, wc, wd, a00, a01, a02, a03) \
	ADD_PIXEL(i, x1, wa, wb, wc, wd, a10, a11, a12, a13) \
	ADD_PIXEL(i, x2, wa, wb, wc, wd, a20, a21, a22, a23) \
	ADD_PIXEL(i, x3, wa, wb, wc, wd, a30, a31, a32, a33)

// ACCUMULATE computes the accumulators of the next panel.
#define ACCUMULATE \
	LDP     tileArgs_src(ARGS), (SRC0, SRC1)      \
	LDP     (tileArgs_src+16)(ARGS), (SRC2, SRC3) \
	MOVD    tileArgs_rows(ARGS), ROWS             \
	/* start from the bias */                     \
	FLDPQ   (BIAS), (FA00, FA01)                  \
	FLDPQ   32(BIAS), (FA02, FA03)                \
	FLDPQ   (BIAS), (FA10, FA11)                  \
	FLDPQ   32(BIAS), (FA12, FA13)                \
	FLDPQ   (BIAS), (FA20, FA21)                  \
	FLDPQ   32(BIAS), (FA22, FA23)                \
	FLDPQ   (BIAS), (FA30, FA31)                  \
	FLDPQ   32(BIAS), (FA32, FA33)                \
	ADD     $64, BIAS                             \
row:                                                  \
	CBZ     BLOCKS, tail                          \
	MOVD    BLOCKS, LEFT                          \
block:                                                \
	/* load 16 k of the pixels and the weights of the first 8 */ \
	FMOVQ.P 16(SRC0), FX0                         \
	FLDPQ   (WEIGHTS), (FW0, FW1)                 \
	FLDPQ   32(WEIGHTS), (FW2, FW3)               \
	FMOVQ.P 16(SRC1), FX1                         \
	FMOVQ.P 16(SRC2), FX2                         \
	FMOVQ.P 16(SRC3), FX3                         \
	FLDPQ   64(WEIGHTS), (FW4, FW5)               \
	FLDPQ   96(WEIGHTS), (FW6, FW7)               \
	/* multiply, accumulate; load the weights after next */ \
	ADD_GROUP(0, w0, w1, w2, w3)                  \
	FLDPQ   128(WEIGHTS), (FW0, FW1)              \
	FLDPQ   160(WEIGHTS), (FW2, FW3)              \
	ADD_GROUP(1, w4, w5, w6, w7)                  \
	FLDPQ   192(WEIGHTS), (FW4, FW5)              \
	FLDPQ   224(WEIGHTS), (FW6, FW7)              \
	ADD     $256, WEIGHTS                         \
	ADD_GROUP(2, w0, w1, w2, w3)                  \
	ADD_GROUP(3, w4, w5, w6, w7)                  \
	SUB     $1, LEFT                              \
	CBNZ    LEFT, block                           \
tail:                                                 \
	CBZ     GROUPS, next                          \
	MOVD    GROUPS, LEFT                          \
group:                                                \
	FMOVS.P 4(SRC0), FX0                          \
	FLDPQ   (WEIGHTS), (FW0, FW1)                 \
	FLDPQ   32(WEIGHTS), (FW2, FW3)               \
	FMOVS.P 4(SRC1), FX1                          \
	FMOVS.P 4(SRC2), FX2                          \
	FMOVS.P 4(SRC3), FX3                          \
	ADD     $64, WEIGHTS                          \
	ADD_GROUP(0, w0, w1, w2, w3)                  \
	SUB     $1, LEFT                              \
	CBNZ    LEFT, group                           \
next:                                                 \
	ADD     SKIP, SRC0                            \
	ADD     SKIP, SRC1                            \
	ADD     SKIP, SRC2                            \
	ADD     SKIP, SRC3                            \
	SUB     $1, ROWS                              \
	CBNZ    ROWS, row

// LOAD_TILE reads the arguments for a tile, except for those of the output.
#define LOAD_TILE \
	MOVD tileArgs_weights(ARGS), WEIGHTS \
	MOVD tileArgs_skip(ARGS), SKIP       \
	MOVD tileArgs_bias(ARGS), BIAS       \
	MOVD tileArgs_panels(ARGS), PANELS   \
	MOVD tileArgs_blocks(ARGS), BLOCKS   \
	MOVD tileArgs_groups(ARGS), GROUPS

// NEXT_TILE advances the four pointers of src or dst by a step.
#define NEXT_TILE(pointers, step) \
	MOVD step(ARGS), TMP                   \
	LDP  pointers(ARGS), (SRC0, SRC1)      \
	LDP  (pointers+16)(ARGS), (SRC2, SRC3) \
	ADD  TMP, SRC0                         \
	ADD  TMP, SRC1                         \
	ADD  TMP, SRC2                         \
	ADD  TMP, SRC3                         \
	STP  (SRC0, SRC1), pointers(ARGS)      \
	STP  (SRC2, SRC3), (pointers+16)(ARGS)

// CODES converts four accumulators to codes in the low bytes. Adding 2^23
// leaves no fraction bits, so the sum rounds half to even; the 128 added with
// it subtracts 128 from the byte.
#define CODES(m, acc) \
	SCVTF_4S(acc, acc)      \
	FMUL_4S(m, acc, acc)    \
	FMAX_4S(zero, acc, acc) \
	FMIN_4S(max, acc, acc)  \
	FADD_4S(magic, acc, acc)

// The multipliers of a panel take the registers of X0-X3.
#define FM0 F16
#define m0  16
#define FM1 F17
#define m1  17
#define FM2 F18
#define m2  18
#define FM3 F19
#define m3  19

// STORE_CODES requantizes the 16 accumulators of a pixel, narrows them to bytes
// and stores them at DST, which moves on by a panel. c0-c3 and C0-C3 are the
// same registers as numbers and as names; FC0 is C0 as a float register.
#define STORE_CODES(c0, c1, c2, c3, C0, C1, C2, C3, FC0, DST) \
	CODES(m0, c0)               \
	CODES(m1, c1)               \
	CODES(m2, c2)               \
	CODES(m3, c3)               \
	VUZP1   C1.H8, C0.H8, C0.H8 \
	VUZP1   C3.H8, C2.H8, C2.H8 \
	VUZP1   C2.B16, C0.B16, C0.B16 \
	FMOVQ.P FC0, 16(DST)

// func tile4x16Dotprod(t *tileArgs)
//
//	t R0
//
// Writes the codes of four pixels per tile.
TEXT ·tile4x16Dotprod(SB), NOSPLIT, $0-8
	MOVD t+0(FP), ARGS
	MOVD tileArgs_tiles(ARGS), TILES
	VEOR ZERO.B16, ZERO.B16, ZERO.B16
	MOVD $0x437F0000, CONST         // 255 as float32
	VDUP CONST, MAX.S4
	MOVD $0x4B000080, CONST         // 2^23 + 128 as float32
	VDUP CONST, MAGIC.S4

tile:
	LOAD_TILE
	LDP  tileArgs_dst(ARGS), (DST0, DST1)
	LDP  (tileArgs_dst+16)(ARGS), (DST2, DST3)
	MOVD tileArgs_multiplier(ARGS), MULT

panel:
	ACCUMULATE
	FLDPQ.P 32(MULT), (FM0, FM1)
	FLDPQ.P 32(MULT), (FM2, FM3)

	// Requantize, narrow to bytes and store the four pixels.
	STORE_CODES(a00, a01, a02, a03, A00, A01, A02, A03, FA00, DST0)
	STORE_CODES(a10, a11, a12, a13, A10, A11, A12, A13, FA10, DST1)
	STORE_CODES(a20, a21, a22, a23, A20, A21, A22, A23, FA20, DST2)
	STORE_CODES(a30, a31, a32, a33, A30, A31, A32, A33, FA30, DST3)

	SUB  $1, PANELS
	CBNZ PANELS, panel

	SUB  $1, TILES
	CBZ  TILES, done
	NEXT_TILE(tileArgs_src, tileArgs_srcStep)
	NEXT_TILE(tileArgs_dst, tileArgs_dstStep)
	B    tile

done:
	RET

// With mantissaRequant, the multipliers of a panel take the registers of W0-W3;
// the offsets, then the codes, of a pixel those of X0-X3.
#define MULT0  V20
#define FMULT0 F20
#define MULT1  V21
#define FMULT1 F21
#define MULT2  V22
#define FMULT2 F22
#define MULT3  V23
#define FMULT3 F23
#define C0     V16
#define FC0    F16
#define c0     16
#define C1     V17
#define FC1    F17
#define c1     17
#define C2     V18
#define FC2    F18
#define c2     18
#define C3     V19
#define FC3    F19
#define c3     19

// MANTISSA_CODES writes the 16 codes of a pixel whose accumulators fit a
// mantissa.
//
// The accumulators started from the bits of the float32 2^23. While they are
// not negative, they are therefore 2^23 + acc as float32; negative ones are some
// number below 2^23. With the offset -2^23*m the fused multiply-add returns
// acc*m, rounded once, or something negative, which becomes code 0 as acc*m
// would. Adding 1.5*2^23 - 128 leaves no fraction bits, so the sum rounds half
// to even, and leaves the code minus 128 in the low 16 bits, which SQXTN
// saturates to a byte.
#define MANTISSA_CODES(A0, A1, A2, A3, DST) \
	/* load the offsets */         \
	FLDPQ   (OFFSET), (FC0, FC1)   \
	FLDPQ   32(OFFSET), (FC2, FC3) \
	/* multiply */                 \
	VFMLA   MULT0.S4, A0.S4, C0.S4 \
	VFMLA   MULT1.S4, A1.S4, C1.S4 \
	VFMLA   MULT2.S4, A2.S4, C2.S4 \
	VFMLA   MULT3.S4, A3.S4, C3.S4 \
	/* round */                    \
	FADD_4S(round, c0, c0)         \
	FADD_4S(round, c1, c1)         \
	FADD_4S(round, c2, c2)         \
	FADD_4S(round, c3, c3)         \
	/* narrow and store */         \
	VUZP1   C1.H8, C0.H8, C0.H8    \
	VUZP1   C3.H8, C2.H8, C2.H8    \
	SQXTN_8B(c0, c0)               \
	SQXTN2_16B(c2, c0)             \
	FMOVQ.P FC0, 16(DST)

// func tile4x16MantissaDotprod(t *tileArgs)
//
//	t R0
//
// Writes the codes of four pixels per tile, for accumulators that fit a
// mantissa.
TEXT ·tile4x16MantissaDotprod(SB), NOSPLIT, $0-8
	MOVD t+0(FP), ARGS
	MOVD tileArgs_tiles(ARGS), TILES
	MOVD $0x4B3FFF80, CONST         // 1.5*2^23 - 128 as float32
	VDUP CONST, ROUND.S4

tile:
	LOAD_TILE
	LDP  tileArgs_dst(ARGS), (DST0, DST1)
	LDP  (tileArgs_dst+16)(ARGS), (DST2, DST3)
	MOVD tileArgs_multiplier(ARGS), MULT
	MOVD tileArgs_offset(ARGS), OFFSET

panel:
	ACCUMULATE
	FLDPQ.P 32(MULT), (FMULT0, FMULT1)
	FLDPQ.P 32(MULT), (FMULT2, FMULT3)
	MANTISSA_CODES(A00, A01, A02, A03, DST0)
	MANTISSA_CODES(A10, A11, A12, A13, DST1)
	MANTISSA_CODES(A20, A21, A22, A23, DST2)
	MANTISSA_CODES(A30, A31, A32, A33, DST3)
	ADD  $64, OFFSET
	SUB  $1, PANELS
	CBNZ PANELS, panel

	SUB  $1, TILES
	CBZ  TILES, done
	NEXT_TILE(tileArgs_src, tileArgs_srcStep)
	NEXT_TILE(tileArgs_dst, tileArgs_dstStep)
	B    tile

done:
	RET

// RELU clears the negative accumulators of a pixel.
#define RELU(a0, a1, a2, a3) \
	SMAX_4S(zero, a0, a0) \
	SMAX_4S(zero, a1, a1) \
	SMAX_4S(zero, a2, a2) \
	SMAX_4S(zero, a3, a3)

// CLEAR clears all accumulators of a pixel.
#define CLEAR(A0, A1, A2, A3) \
	VEOR A0.B16, A0.B16, A0.B16 \
	VEOR A1.B16, A1.B16, A1.B16 \
	VEOR A2.B16, A2.B16, A2.B16 \
	VEOR A3.B16, A3.B16, A3.B16

// ADD_SUMS adds the accumulators of four pixels for four channels to the int64
// sums in V16 and V17. The sum of two int32 that are not negative fits a uint32.
#define ADD_SUMS(A0, A1, A2, A3) \
	FLDPQ   (SUMS), (F16, F17)    \
	VADD    A0.S4, A1.S4, A0.S4   \
	VADD    A2.S4, A3.S4, A2.S4   \
	VUADDW  A0.S2, V16.D2, V16.D2 \
	VUADDW2 A0.S4, V17.D2, V17.D2 \
	VUADDW  A2.S2, V16.D2, V16.D2 \
	VUADDW2 A2.S4, V17.D2, V17.D2 \
	FSTPQ.P (F16, F17), 32(SUMS)

// func sums4x16Dotprod(t *tileArgs)
//
//	t R0
//
// Adds max(accumulator, 0) of the last t.count pixels of each tile to the sums
// of the head.
TEXT ·sums4x16Dotprod(SB), NOSPLIT, $0-8
	MOVD t+0(FP), ARGS
	MOVD tileArgs_tiles(ARGS), TILES
	MOVD tileArgs_count(ARGS), COUNT
	VEOR ZERO.B16, ZERO.B16, ZERO.B16

tile:
	LOAD_TILE
	MOVD tileArgs_sums(ARGS), SUMS

panel:
	ACCUMULATE
	RELU(a00, a01, a02, a03)
	RELU(a10, a11, a12, a13)
	RELU(a20, a21, a22, a23)
	RELU(a30, a31, a32, a33)

	// Ignore pixels before the last count.
	CMP $4, COUNT
	BEQ sum
	CLEAR(A00, A01, A02, A03)
	CMP $3, COUNT
	BEQ sum
	CLEAR(A10, A11, A12, A13)
	CMP $2, COUNT
	BEQ sum
	CLEAR(A20, A21, A22, A23)

sum:
	ADD_SUMS(A00, A10, A20, A30)
	ADD_SUMS(A01, A11, A21, A31)
	ADD_SUMS(A02, A12, A22, A32)
	ADD_SUMS(A03, A13, A23, A33)
	SUB  $1, PANELS
	CBNZ PANELS, panel

	SUB  $1, TILES
	CBZ  TILES, done
	NEXT_TILE(tileArgs_src, tileArgs_srcStep)
	B    tile

done:
	RET
