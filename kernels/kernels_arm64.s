#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// The neon family. A tile is three pixels by a panel of four channels:
//
//	                   channel 0   1    2    3
//	 weights of 16 k           V27  V28  V29  V30
//	 pixel 0  V24  |   int16   V12  V13  V14  V15   sums of the products of a run,
//	 pixel 1  V25  |           V16  V17  V18  V19   eight k side by side
//	 pixel 2  V26  |           V20  V21  V22  V23
//	 pixel 0       |   int32   V0   V1   V2   V3    accumulators, four parts each
//	 pixel 1       |           V4   V5   V6   V7
//	 pixel 2       |           V8   V9   V10  V11
//
// A Cortex-A53 and a Cortex-A72 begin one product a cycle; all else has to find
// its place beside these. That is why a load or the advance of a pointer stands
// behind a product, four products before it is needed at least, and why it is
// VLD1 and MADD: the model of an in-order core that we measure with begins
// nothing together with a product that ends before it. So both cores take the
// same instructions, and none of them asks which core it is.
//
// The next 16 k of pixels 0 and 1 and of channels 0 and 1 are always in
// registers. So 16 bytes are read beyond these windows, which lie in the window
// of the pixel behind; weights have slack.
//
//	R0      the description, a tile
//	R1-R3   pixels: where the window of each is read next
//	R4-R6   where the next panel's four bytes of each pixel go
//	R7      pairs of eight k left in the run
//	R8      what follows the next run
//	R9      the run after that, {pairs, what follows}
//	R10-R13 weights, [panel][depth/16][4][16]
//	R14     by how much the windows advance after the run
//	R15     panels left
//	R16     what follows the run; scratch
//	R17     16, the bytes of 16 k
//	R19     64, those of weights
//	R20     1
//	R21     biases, [panel][4]
//	R22     multipliers, [panel][4], or sums of the head
//	R23     offsets, [panel][4], where accumulators are small
//	R24     tiles left
//	R25     0 as long as there are no accumulators to make codes of, then 1
//	R26     advances of the windows, by what follows

// PAIR adds the products of two times eight k, the first eight by MUL.
#define PAIR(MUL) \
	MUL(27, 24, 12)           \
	VLD1  (R12), [V29.B16]    \
	MUL(28, 24, 13)           \
	MADD  R17, R1, R20, R1    \
	MUL(27, 25, 16)           \
	VLD1  (R13), [V30.B16]    \
	MUL(28, 25, 17)           \
	MADD  R17, R2, R20, R2    \
	SMLAL2_8H(27, 24, 12)     \
	VLD1  (R3), [V26.B16]     \
	SMLAL2_8H(28, 24, 13)     \
	MADD  R17, R3, R20, R3    \
	SMLAL2_8H(27, 25, 16)     \
	MADD  R19, R10, R20, R10  \
	SMLAL2_8H(28, 25, 17)     \
	MADD  R19, R11, R20, R11  \
	MUL(29, 24, 14)           \
	MUL(30, 24, 15)           \
	MUL(27, 26, 20)           \
	MUL(28, 26, 21)           \
	SMLAL2_8H(29, 24, 14)     \
	SMLAL2_8H(30, 24, 15)     \
	SMLAL2_8H(27, 26, 20)     \
	VLD1  (R1), [V24.B16]     \
	SMLAL2_8H(28, 26, 21)     \
	MUL(29, 25, 18)           \
	VLD1  (R10), [V27.B16]    \
	MUL(30, 25, 19)           \
	MUL(29, 26, 22)           \
	VLD1  (R11), [V28.B16]    \
	MUL(30, 26, 23)           \
	MSUB  R20, R7, R20, R7    \
	SMLAL2_8H(29, 25, 18)     \
	SMLAL2_8H(30, 25, 19)     \
	VLD1  (R2), [V25.B16]     \
	SMLAL2_8H(29, 26, 22)     \
	MADD  R19, R12, R20, R12  \
	SMLAL2_8H(30, 26, 23)     \
	MADD  R19, R13, R20, R13

// FIRST_PAIR is the first PAIR of a panel, with its products and loads in the
// same order. Beside it the accumulators of the panel before become codes, as
// SMALL_CODES of the dotprod family does it. Before the first panel of a tile
// there are none: what is written then is written once more.
#define FIRST_PAIR \
	SMULL_8H(27, 24, 12)          \
	VLD1  (R12), [V29.B16]        \
	SMULL_8H(28, 24, 13)          \
	MADD  R17, R1, R20, R1        \
	SMULL_8H(27, 25, 16)          \
	VLD1  (R13), [V30.B16]        \
	SMULL_8H(28, 25, 17)          \
	MADD  R17, R2, R20, R2        \
	SMLAL2_8H(27, 24, 12)         \
	VLD1  (R3), [V26.B16]         \
	SMLAL2_8H(28, 24, 13)         \
	MADD  R17, R3, R20, R3        \
	SMLAL2_8H(27, 25, 16)         \
	MADD  R19, R10, R20, R10      \
	SMLAL2_8H(28, 25, 17)         \
	MADD  R19, R11, R20, R11      \
	VADDP V1.S4, V0.S4, V0.S4     \
	VADDP V5.S4, V4.S4, V4.S4     \
	VADDP V9.S4, V8.S4, V8.S4     \
	VADDP V3.S4, V2.S4, V2.S4     \
	VADDP V7.S4, V6.S4, V6.S4     \
	VADDP V11.S4, V10.S4, V10.S4  \
	SMULL_8H(29, 24, 14)          \
	VLD1  (R21), [V1.B16]         \
	SMULL_8H(30, 24, 15)          \
	VLD1  (R23), [V7.B16]         \
	SMULL_8H(27, 26, 20)          \
	VLD1  (R23), [V5.B16]         \
	SMULL_8H(28, 26, 21)          \
	VLD1  (R23), [V9.B16]         \
	SMLAL2_8H(29, 24, 14)         \
	VLD1  (R22), [V3.B16]         \
	SMLAL2_8H(30, 24, 15)         \
	MADD  R17, R21, R25, R21      \
	VADDP V2.S4, V0.S4, V0.S4     \
	VADDP V6.S4, V4.S4, V4.S4     \
	VADDP V10.S4, V8.S4, V8.S4    \
	VADD  V1.S4, V0.S4, V0.S4     \
	VADD  V1.S4, V4.S4, V4.S4     \
	VADD  V1.S4, V8.S4, V8.S4     \
	VFMLA V3.S4, V0.S4, V5.S4     \
	VFMLA V3.S4, V4.S4, V7.S4     \
	VFMLA V3.S4, V8.S4, V9.S4     \
	SMLAL2_8H(27, 26, 20)         \
	VLD1  (R1), [V24.B16]         \
	SMLAL2_8H(28, 26, 21)         \
	MADD  R17, R22, R25, R22      \
	FADD_4S(31, 5, 5)             \
	FADD_4S(31, 7, 7)             \
	FADD_4S(31, 9, 9)             \
	SMULL_8H(29, 25, 18)          \
	VLD1  (R10), [V27.B16]        \
	SMULL_8H(30, 25, 19)          \
	MADD  R17, R23, R25, R23      \
	SMULL_8H(29, 26, 22)          \
	VLD1  (R11), [V28.B16]        \
	SMULL_8H(30, 26, 23)          \
	MSUB  R20, R7, R20, R7        \
	XTN_4H(5, 5)                  \
	XTN_4H(9, 9)                  \
	XTN2_8H(7, 5)                 \
	SQXTN_8B(9, 9)                \
	SMLAL2_8H(29, 25, 18)         \
	MSUB  R20, R15, R20, R15      \
	SQXTN_8B(5, 5)                \
	SMLAL2_8H(30, 25, 19)         \
	VLD1  (R2), [V25.B16]         \
	SMLAL2_8H(29, 26, 22)         \
	MADD  R19, R12, R20, R12      \
	SMLAL2_8H(30, 26, 23)         \
	MADD  R19, R13, R20, R13      \
	FMOVS F5, (R4)                \
	VST1  V5.S[1], (R5)           \
	FMOVS F9, (R6)                \
	ADD   R25<<2, R4              \
	ADD   R25<<2, R5              \
	ADD   R25<<2, R6              \
	MOVD  R20, R25

// RUN adds up the products of a run in int16, then brings them to the
// accumulators by WIDEN, two neighbours together. It leaves in R16 what follows
// the run and has labels of its own.
#define RUN(FIRST, WIDEN, pair, full) \
	FIRST                    \
	CBZ   R7, full           \
pair:                            \
	PAIR(SMLAL_8H)           \
	CBNZ  R7, pair           \
full:                            \
	WIDEN(12, 0)             \
	MADD  R14, R1, R20, R1   \
	WIDEN(13, 1)             \
	MADD  R14, R2, R20, R2   \
	WIDEN(16, 4)             \
	MADD  R14, R3, R20, R3   \
	WIDEN(17, 5)             \
	MOVHU (R9), R7           \
	MOVD  R8, R16            \
	WIDEN(14, 2)             \
	VLD1  (R1), [V24.B16]    \
	WIDEN(15, 3)             \
	MOVHU 2(R9), R8          \
	ADD   $4, R9             \
	WIDEN(20, 8)             \
	VLD1  (R2), [V25.B16]    \
	WIDEN(21, 9)             \
	WIDEN(18, 6)             \
	WIDEN(19, 7)             \
	MOVD  (R26)(R8<<3), R14  \
	WIDEN(22, 10)            \
	WIDEN(23, 11)

// ACCUMULATE computes the accumulators of the next panel: the four parts of
// pixel 0 in V0-V3 and so on.
#define ACCUMULATE(FIRST) \
	RUN(FIRST, SADDLP_4S, firstPair, firstFull)         \
	TBNZ  $const_windowBit, R16, window             \
run:                                                        \
	RUN(PAIR(SMULL_8H), SADALP_4S, nextPair, nextFull)  \
	TBZ   $const_windowBit, R16, run                \
window:

// ADD_PARTS leaves the accumulators of the pixels in V0, V4 and V8. The bias is
// added now.
#define ADD_PARTS \
	VADDP V1.S4, V0.S4, V0.S4     \
	VADDP V5.S4, V4.S4, V4.S4     \
	VADDP V9.S4, V8.S4, V8.S4     \
	VADDP V3.S4, V2.S4, V2.S4     \
	VADDP V7.S4, V6.S4, V6.S4     \
	VADDP V11.S4, V10.S4, V10.S4  \
	FMOVQ (R21), F1               \
	VADDP V2.S4, V0.S4, V0.S4     \
	VADDP V6.S4, V4.S4, V4.S4     \
	VADDP V10.S4, V8.S4, V8.S4    \
	ADD   $16, R21                \
	VADD  V1.S4, V0.S4, V0.S4     \
	VADD  V1.S4, V4.S4, V4.S4     \
	VADD  V1.S4, V8.S4, V8.S4

// BEGIN reads the description of a tile, but for what depends on the output.
#define BEGIN \
	LDP   tile_src(R0), (R1, R2)  \
	MOVD  (tile_src+16)(R0), R3   \
	MOVD  tile_weights(R0), R10   \
	ADD   $16, R10, R11           \
	ADD   $32, R10, R12           \
	ADD   $48, R10, R13           \
	MOVD  tile_runs(R0), R9       \
	MOVHU (R9), R7                \
	MOVHU 2(R9), R8               \
	ADD   $4, R9                  \
	MOVD  (R26)(R8<<3), R14       \
	MOVD  tile_bias(R0), R21      \
	MOVD  tile_panels(R0), R15    \
	VLD1  (R1), [V24.B16]         \
	VLD1  (R2), [V25.B16]         \
	VLD1  (R10), [V27.B16]        \
	VLD1  (R11), [V28.B16]

// CONSTANTS sets what holds for all tiles.
#define CONSTANTS \
	MOVD  t+0(FP), R0             \
	MOVD  tile_tiles(R0), R24     \
	ADD   $tile_advance, R0, R26  \
	MOVD  $16, R17                \
	MOVD  $64, R19                \
	MOVD  $1, R20

// NEXT advances three pointers of the description by bytes.
#define NEXT(pointers, step) \
	MOVD step(R0), R16           \
	LDP  pointers(R0), (R1, R2)  \
	MOVD (pointers+16)(R0), R3   \
	ADD  R16, R1                 \
	ADD  R16, R2                 \
	ADD  R16, R3                 \
	STP  (R1, R2), pointers(R0)  \
	MOVD R3, (pointers+16)(R0)

// STORE writes the codes of the three pixels, four bytes each.
#define STORE(F, V, G) \
	FMOVS F, (R4)      \
	VST1  V.S[1], (R5) \
	FMOVS G, (R6)

// CODES turns four accumulators to codes in the low bytes, as CODES of the
// dotprod family does: V5 is 0, V6 is 255 and V7 is 2^23 + 128.
#define CODES(m, a) \
	SCVTF_4S(a, a)   \
	FMUL_4S(m, a, a) \
	FMAX_4S(5, a, a) \
	FMIN_4S(6, a, a) \
	FADD_4S(7, a, a)

// func tile3x4NEON(t *tile)
//
// Writes the codes of three pixels in each panel.
TEXT ·tile3x4NEON(SB), NOSPLIT, $0-8
	CONSTANTS

tile:
	BEGIN
	LDP  tile_dst(R0), (R4, R5)
	MOVD (tile_dst+16)(R0), R6
	MOVD tile_multiplier(R0), R22

panel:
	ACCUMULATE(PAIR(SMULL_8H))
	ADD_PARTS
	FMOVQ.P 16(R22), F3
	VEOR    V5.B16, V5.B16, V5.B16
	MOVD    $0x437F0000, R16        // 255 as float32
	VDUP    R16, V6.S4
	MOVD    $0x4B000080, R16        // 2^23 + 128
	VDUP    R16, V7.S4
	CODES(3, 0)
	CODES(3, 4)
	CODES(3, 8)
	XTN_4H(0, 0)
	XTN_4H(8, 8)
	XTN2_8H(4, 0)
	XTN_8B(8, 8)
	XTN_8B(0, 0)
	STORE(F0, V0, F8)
	ADD     $4, R4
	ADD     $4, R5
	ADD     $4, R6
	SUB     $1, R15
	CBNZ    R15, panel

	SUB  $1, R24
	CBZ  R24, done
	NEXT(tile_src, tile_srcStep)
	NEXT(tile_dst, tile_dstStep)
	B    tile

done:
	RET

// func tile3x4SmallNEON(t *tile)
//
// Writes the codes of three pixels in each panel of a convolution whose
// accumulators are small; see SMALL_CODES of the dotprod family.
TEXT ·tile3x4SmallNEON(SB), NOSPLIT, $0-8
	CONSTANTS
	MOVD $0x4B3FFF80, R16           // 1.5*2^23 - 128 as float32
	VDUP R16, V31.S4

tile:
	BEGIN
	LDP  tile_dst(R0), (R4, R5)
	MOVD (tile_dst+16)(R0), R6
	MOVD tile_multiplier(R0), R22
	MOVD tile_offset(R0), R23
	MOVD $0, R25

panel:
	ACCUMULATE(FIRST_PAIR)
	CBNZ R15, panel

	ADD_PARTS
	FMOVQ (R22), F3
	FMOVQ (R23), F5
	FMOVQ (R23), F7
	FMOVQ (R23), F9
	VFMLA V3.S4, V0.S4, V5.S4
	VFMLA V3.S4, V4.S4, V7.S4
	VFMLA V3.S4, V8.S4, V9.S4
	FADD_4S(31, 5, 5)
	FADD_4S(31, 7, 7)
	FADD_4S(31, 9, 9)
	XTN_4H(5, 5)
	XTN_4H(9, 9)
	XTN2_8H(7, 5)
	SQXTN_8B(9, 9)
	SQXTN_8B(5, 5)
	STORE(F5, V5, F9)

	SUB  $1, R24
	CBZ  R24, done
	NEXT(tile_src, tile_srcStep)
	NEXT(tile_dst, tile_dstStep)
	B    tile

done:
	RET

// func sums3x4NEON(t *tile)
//
// Adds max(accumulator, 0) of the last t.count pixels of each tile to the sums
// of each panel.
TEXT ·sums3x4NEON(SB), NOSPLIT, $0-8
	CONSTANTS
	MOVD tile_count(R0), R4
	VEOR V31.B16, V31.B16, V31.B16

tile:
	BEGIN
	MOVD tile_sums(R0), R22

panel:
	ACCUMULATE(PAIR(SMULL_8H))
	ADD_PARTS
	FLDPQ   (R22), (F12, F13)
	SMAX_4S(31, 0, 0)
	SMAX_4S(31, 4, 4)
	SMAX_4S(31, 8, 8)
	VUADDW  V8.S2, V12.D2, V12.D2
	VUADDW2 V8.S4, V13.D2, V13.D2
	CMP     $2, R4
	BLT     sum
	VUADDW  V4.S2, V12.D2, V12.D2
	VUADDW2 V4.S4, V13.D2, V13.D2
	BEQ     sum
	VUADDW  V0.S2, V12.D2, V12.D2
	VUADDW2 V0.S4, V13.D2, V13.D2

sum:
	FSTPQ.P (F12, F13), 32(R22)
	SUB     $1, R15
	CBNZ    R15, panel

	SUB  $1, R24
	CBZ  R24, done
	NEXT(tile_src, tile_srcStep)
	B    tile

done:
	RET
