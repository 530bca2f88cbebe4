//go:build !noasm

#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// The NEON micro-kernels. A tile is three pixels by a panel of four channels;
// a step is 16 k, two times eight:
//
//	                channel  0    1    2    3
//	weights, int8            W0   W1   W2   W3
//	pixel 0  X0  |  int16    P00  P01  P02  P03   products of a run, eight lanes
//	pixel 1  X1  |           P10  P11  P12  P13
//	pixel 2  X2  |           P20  P21  P22  P23
//	pixel 0      |  int32    A00  A01  A02  A03   accumulators, four partial sums
//	pixel 1      |           A10  A11  A12  A13
//	pixel 2      |           A20  A21  A22  A23
//
// A Cortex-A53 and a Cortex-A72 issue one 8-lane multiplication per cycle, so a
// step, which has 24, takes 24 cycles at best. Everything else must dual-issue
// with a multiplication. Therefore each load or pointer increment follows a
// multiplication, at least four multiplications before its first use, and is a
// VLD1 or a MADD: the model of an in-order core that we measure with (llvm-mca)
// issues nothing together with a multiplication that would finish earlier. Both
// cores run the same code.
//
// X0, X1, W0 and W1 of the next step are loaded during the step before. So 16
// bytes are read past the windows of pixels 0 and 1, where the window of the
// next pixel is; the weights have padding.
//
// A vector register has two names: X0 (V24) for instructions that Go can
// encode, x0 (24) for the macros of neon_arm64.h.

#define ARGS     R0   // *tileArgs
#define SRC0     R1   // next bytes of the window of pixel 0
#define SRC1     R2
#define SRC2     R3
#define DST0     R4   // output of the panel for pixel 0
#define DST1     R5
#define DST2     R6
#define STEPS    R7   // steps left in the run
#define FOLLOWS  R8   // what follows the next run
#define RUNS     R9   // the run after that
#define WEIGHTS0 R10  // next weights of channel 0, [panel][packedDepth/16][4][16]
#define WEIGHTS1 R11
#define WEIGHTS2 R12
#define WEIGHTS3 R13
#define ADVANCE  R14  // by which the windows advance after the run
#define PANELS   R15  // left
#define ENDED    R16  // what follows the run that has ended
#define TMP      R16
#define SIXTEEN  R17  // bytes of X0
#define CHUNK    R19  // 64, bytes of W0-W3
#define ONE      R20
#define BIAS     R21  // [panel][4]
#define MULT     R22  // multipliers, [panel][4]
#define SUMS     R22  // of the head, [panel][4]
#define OFFSET   R23  // of mantissaRequant, [panel][4]
#define TILES    R24  // left
#define STARTED  R25  // 1 if there are accumulators of a panel before, else 0
#define ADVANCES R26  // tileArgs.advance
#define COUNT    R4   // pixels of a tile to sum

#define X0  V24
#define x0  24
#define X1  V25
#define x1  25
#define X2  V26
#define x2  26
#define W0  V27
#define w0  27
#define W1  V28
#define w1  28
#define W2  V29
#define w2  29
#define W3  V30
#define w3  30

#define p00 12
#define p01 13
#define p02 14
#define p03 15
#define p10 16
#define p11 17
#define p12 18
#define p13 19
#define p20 20
#define p21 21
#define p22 22
#define p23 23

#define A00 V0
#define a00 0
#define A01 V1
#define a01 1
#define A02 V2
#define a02 2
#define A03 V3
#define a03 3
#define A10 V4
#define a10 4
#define A11 V5
#define a11 5
#define A12 V6
#define a12 6
#define A13 V7
#define a13 7
#define A20 V8
#define a20 8
#define A21 V9
#define a21 9
#define A22 V10
#define a22 10
#define A23 V11
#define a23 11

// During requantization. The accumulators of a pixel are then in A00, A10 and
// A20, one lane a channel.
#define BIASES V1
#define FBIAS  F1
#define MULTS  V3   // multipliers
#define FMULTS F3
#define mults  3
#define zero   5    // tile3x4NEON
#define ZERO   V5
#define max    6    // 255
#define MAX    V6
#define magic  7    // 2^23 + 128
#define MAGIC  V7
#define C0     V5   // tile3x4MantissaNEON: offsets, then codes
#define FC0    F5
#define c0     5
#define C1     V7
#define FC1    F7
#define c1     7
#define C2     V9
#define FC2    F9
#define c2     9
#define ROUND  V31  // 1.5*2^23 - 128
#define round  31

// STEP_LEFT is the first half of a step: pixels 0 and 1 by channels 0 and 1. It
// loads the rest of the step's operands.
#define STEP_LEFT(MUL) \
	MUL(w0, x0, p00)                    \
	VLD1 (WEIGHTS2), [W2.B16]           \
	MUL(w1, x0, p01)                    \
	MADD SIXTEEN, SRC0, ONE, SRC0       \
	MUL(w0, x1, p10)                    \
	VLD1 (WEIGHTS3), [W3.B16]           \
	MUL(w1, x1, p11)                    \
	MADD SIXTEEN, SRC1, ONE, SRC1       \
	SMLAL2_8H(w0, x0, p00)              \
	VLD1 (SRC2), [X2.B16]               \
	SMLAL2_8H(w1, x0, p01)              \
	MADD SIXTEEN, SRC2, ONE, SRC2       \
	SMLAL2_8H(w0, x1, p10)              \
	MADD CHUNK, WEIGHTS0, ONE, WEIGHTS0 \
	SMLAL2_8H(w1, x1, p11)              \
	MADD CHUNK, WEIGHTS1, ONE, WEIGHTS1

// STEP accumulates the products of a step; those of the first eight k by MUL,
// which is SMULL_8H in the first step of a run.
#define STEP(MUL) \
	STEP_LEFT(MUL)                      \
	/* channels 2, 3 of pixel 0; channels 0, 1 of pixel 2 */ \
	MUL(w2, x0, p02)                    \
	MUL(w3, x0, p03)                    \
	MUL(w0, x2, p20)                    \
	MUL(w1, x2, p21)                    \
	SMLAL2_8H(w2, x0, p02)              \
	SMLAL2_8H(w3, x0, p03)              \
	SMLAL2_8H(w0, x2, p20)              \
	VLD1 (SRC0), [X0.B16]               \
	SMLAL2_8H(w1, x2, p21)              \
	/* channels 2, 3 of pixels 1, 2; load the next step */ \
	MUL(w2, x1, p12)                    \
	VLD1 (WEIGHTS0), [W0.B16]           \
	MUL(w3, x1, p13)                    \
	MUL(w2, x2, p22)                    \
	VLD1 (WEIGHTS1), [W1.B16]           \
	MUL(w3, x2, p23)                    \
	MSUB ONE, STEPS, ONE, STEPS         \
	SMLAL2_8H(w2, x1, p12)              \
	SMLAL2_8H(w3, x1, p13)              \
	VLD1 (SRC1), [X1.B16]               \
	SMLAL2_8H(w2, x2, p22)              \
	MADD CHUNK, WEIGHTS2, ONE, WEIGHTS2 \
	SMLAL2_8H(w3, x2, p23)              \
	MADD CHUNK, WEIGHTS3, ONE, WEIGHTS3

// FIRST_STEP is STEP(SMULL_8H) for the first step of a panel, interleaved with
// the requantization of the panel before, as in MANTISSA_CODES of the dotprod
// kernels. Before the first panel of a tile that is a dummy: STARTED is 0, no
// pointer advances, and the first real store overwrites the dummy one.
//
// The second half repeats the products of STEP, in the same order: other
// instructions are interleaved at a dozen places, and a macro with a parameter
// for each would be harder to read than two lists.
#define FIRST_STEP \
	STEP_LEFT(SMULL_8H)                    \
	/* requantize: add partial sums */     \
	VADDP A01.S4, A00.S4, A00.S4           \
	VADDP A11.S4, A10.S4, A10.S4           \
	VADDP A21.S4, A20.S4, A20.S4           \
	VADDP A03.S4, A02.S4, A02.S4           \
	VADDP A13.S4, A12.S4, A12.S4           \
	VADDP A23.S4, A22.S4, A22.S4           \
	/* step: channels 2, 3 of pixel 0; load bias, offsets, multipliers */ \
	SMULL_8H(w2, x0, p02)                  \
	VLD1  (BIAS), [BIASES.B16]             \
	SMULL_8H(w3, x0, p03)                  \
	VLD1  (OFFSET), [C1.B16]               \
	SMULL_8H(w0, x2, p20)                  \
	VLD1  (OFFSET), [C0.B16]               \
	SMULL_8H(w1, x2, p21)                  \
	VLD1  (OFFSET), [C2.B16]               \
	SMLAL2_8H(w2, x0, p02)                 \
	VLD1  (MULT), [MULTS.B16]              \
	SMLAL2_8H(w3, x0, p03)                 \
	MADD  SIXTEEN, BIAS, STARTED, BIAS     \
	/* requantize: add partial sums and bias, multiply */ \
	VADDP A02.S4, A00.S4, A00.S4           \
	VADDP A12.S4, A10.S4, A10.S4           \
	VADDP A22.S4, A20.S4, A20.S4           \
	VADD  BIASES.S4, A00.S4, A00.S4        \
	VADD  BIASES.S4, A10.S4, A10.S4        \
	VADD  BIASES.S4, A20.S4, A20.S4        \
	VFMLA MULTS.S4, A00.S4, C0.S4          \
	VFMLA MULTS.S4, A10.S4, C1.S4          \
	VFMLA MULTS.S4, A20.S4, C2.S4          \
	/* step: channels 0, 1 of pixel 2 */   \
	SMLAL2_8H(w0, x2, p20)                 \
	VLD1  (SRC0), [X0.B16]                 \
	SMLAL2_8H(w1, x2, p21)                 \
	MADD  SIXTEEN, MULT, STARTED, MULT     \
	/* requantize: round */                \
	FADD_4S(round, c0, c0)                 \
	FADD_4S(round, c1, c1)                 \
	FADD_4S(round, c2, c2)                 \
	/* step: channels 2, 3 of pixels 1, 2; load the next step */ \
	SMULL_8H(w2, x1, p12)                  \
	VLD1  (WEIGHTS0), [W0.B16]             \
	SMULL_8H(w3, x1, p13)                  \
	MADD  SIXTEEN, OFFSET, STARTED, OFFSET \
	SMULL_8H(w2, x2, p22)                  \
	VLD1  (WEIGHTS1), [W1.B16]             \
	SMULL_8H(w3, x2, p23)                  \
	MSUB  ONE, STEPS, ONE, STEPS           \
	/* requantize: narrow to bytes, pixels 0 and 1 together in C0 */ \
	XTN_4H(c0, c0)                         \
	XTN_4H(c2, c2)                         \
	XTN2_8H(c1, c0)                        \
	SQXTN_8B(c2, c2)                       \
	SMLAL2_8H(w2, x1, p12)                 \
	MSUB  ONE, PANELS, ONE, PANELS         \
	SQXTN_8B(c0, c0)                       \
	SMLAL2_8H(w3, x1, p13)                 \
	VLD1  (SRC1), [X1.B16]                 \
	SMLAL2_8H(w2, x2, p22)                 \
	MADD  CHUNK, WEIGHTS2, ONE, WEIGHTS2   \
	SMLAL2_8H(w3, x2, p23)                 \
	MADD  CHUNK, WEIGHTS3, ONE, WEIGHTS3   \
	/* store */                            \
	FMOVS FC0, (DST0)                      \
	VST1  C0.S[1], (DST1)                  \
	FMOVS FC2, (DST2)                      \
	ADD   STARTED<<2, DST0                 \
	ADD   STARTED<<2, DST1                 \
	ADD   STARTED<<2, DST2                 \
	MOVD  ONE, STARTED

// RUN accumulates a run in int16, beginning with FIRST. Then it adds
// neighbouring lanes to the accumulators by WIDEN, advances the windows, reads
// the next run and sets ENDED. The labels are parameters because the macro is
// used twice in a function.
#define RUN(FIRST, WIDEN, step, full) \
	FIRST                                 \
	CBZ   STEPS, full                     \
step:                                         \
	STEP(SMLAL_8H)                        \
	CBNZ  STEPS, step                     \
full:                                         \
	WIDEN(p00, a00)                       \
	MADD  ADVANCE, SRC0, ONE, SRC0        \
	WIDEN(p01, a01)                       \
	MADD  ADVANCE, SRC1, ONE, SRC1        \
	WIDEN(p10, a10)                       \
	MADD  ADVANCE, SRC2, ONE, SRC2        \
	WIDEN(p11, a11)                       \
	MOVHU (RUNS), STEPS                   \
	MOVD  FOLLOWS, ENDED                  \
	WIDEN(p02, a02)                       \
	VLD1  (SRC0), [X0.B16]                \
	WIDEN(p03, a03)                       \
	MOVHU 2(RUNS), FOLLOWS                \
	ADD   $4, RUNS                        \
	WIDEN(p20, a20)                       \
	VLD1  (SRC1), [X1.B16]                \
	WIDEN(p21, a21)                       \
	WIDEN(p12, a12)                       \
	WIDEN(p13, a13)                       \
	MOVD  (ADVANCES)(FOLLOWS<<3), ADVANCE \
	WIDEN(p22, a22)                       \
	WIDEN(p23, a23)

// ACCUMULATE computes the accumulators of the next panel, in four partial sums.
#define ACCUMULATE(FIRST) \
	RUN(FIRST, SADDLP_4S, firstStep, firstFull)        \
	TBNZ $const_windowBit, ENDED, window               \
run:                                                       \
	RUN(STEP(SMULL_8H), SADALP_4S, nextStep, nextFull) \
	TBZ  $const_windowBit, ENDED, run                  \
window:

// ADD_PARTIAL_SUMS leaves the accumulators of the pixels in A00, A10 and A20,
// with the bias.
#define ADD_PARTIAL_SUMS \
	VADDP A01.S4, A00.S4, A00.S4    \
	VADDP A11.S4, A10.S4, A10.S4    \
	VADDP A21.S4, A20.S4, A20.S4    \
	VADDP A03.S4, A02.S4, A02.S4    \
	VADDP A13.S4, A12.S4, A12.S4    \
	VADDP A23.S4, A22.S4, A22.S4    \
	FMOVQ (BIAS), FBIAS             \
	VADDP A02.S4, A00.S4, A00.S4    \
	VADDP A12.S4, A10.S4, A10.S4    \
	VADDP A22.S4, A20.S4, A20.S4    \
	ADD   $16, BIAS                 \
	VADD  BIASES.S4, A00.S4, A00.S4 \
	VADD  BIASES.S4, A10.S4, A10.S4 \
	VADD  BIASES.S4, A20.S4, A20.S4

// LOAD_TILE reads the arguments for a tile, except for those of the output, and
// loads the operands of the first step.
#define LOAD_TILE \
	LDP   tileArgs_src(ARGS), (SRC0, SRC1) \
	MOVD  (tileArgs_src+16)(ARGS), SRC2    \
	MOVD  tileArgs_weights(ARGS), WEIGHTS0 \
	ADD   $16, WEIGHTS0, WEIGHTS1          \
	ADD   $32, WEIGHTS0, WEIGHTS2          \
	ADD   $48, WEIGHTS0, WEIGHTS3          \
	MOVD  tileArgs_runs(ARGS), RUNS        \
	MOVHU (RUNS), STEPS                    \
	MOVHU 2(RUNS), FOLLOWS                 \
	ADD   $4, RUNS                         \
	MOVD  (ADVANCES)(FOLLOWS<<3), ADVANCE  \
	MOVD  tileArgs_bias(ARGS), BIAS        \
	MOVD  tileArgs_panels(ARGS), PANELS    \
	VLD1  (SRC0), [X0.B16]                 \
	VLD1  (SRC1), [X1.B16]                 \
	VLD1  (WEIGHTS0), [W0.B16]             \
	VLD1  (WEIGHTS1), [W1.B16]

// LOAD_CALL reads the arguments that hold for all tiles.
#define LOAD_CALL \
	MOVD t+0(FP), ARGS                     \
	MOVD tileArgs_tiles(ARGS), TILES       \
	ADD  $tileArgs_advance, ARGS, ADVANCES \
	MOVD $16, SIXTEEN                      \
	MOVD $64, CHUNK                        \
	MOVD $1, ONE

// NEXT_TILE advances the three pointers of src or dst by a step.
#define NEXT_TILE(pointers, step) \
	MOVD step(ARGS), TMP              \
	LDP  pointers(ARGS), (SRC0, SRC1) \
	MOVD (pointers+16)(ARGS), SRC2    \
	ADD  TMP, SRC0                    \
	ADD  TMP, SRC1                    \
	ADD  TMP, SRC2                    \
	STP  (SRC0, SRC1), pointers(ARGS) \
	MOVD SRC2, (pointers+16)(ARGS)

// CODES converts four accumulators to codes in the low bytes, as CODES of the
// dotprod kernels.
#define CODES(acc) \
	SCVTF_4S(acc, acc)       \
	FMUL_4S(mults, acc, acc) \
	FMAX_4S(zero, acc, acc)  \
	FMIN_4S(max, acc, acc)   \
	FADD_4S(magic, acc, acc)

// func tile3x4NEON(t *tileArgs)
//
//	t R0
//
// Writes the codes of three pixels per tile.
TEXT ·tile3x4NEON(SB), NOSPLIT, $0-8
	LOAD_CALL

tile:
	LOAD_TILE
	LDP  tileArgs_dst(ARGS), (DST0, DST1)
	MOVD (tileArgs_dst+16)(ARGS), DST2
	MOVD tileArgs_multiplier(ARGS), MULT

panel:
	ACCUMULATE(STEP(SMULL_8H))

	// Requantize.
	ADD_PARTIAL_SUMS
	FMOVQ.P 16(MULT), FMULTS
	VEOR    ZERO.B16, ZERO.B16, ZERO.B16
	MOVD    $0x437F0000, TMP        // 255 as float32
	VDUP    TMP, MAX.S4
	MOVD    $0x4B000080, TMP        // 2^23 + 128 as float32
	VDUP    TMP, MAGIC.S4
	CODES(a00)
	CODES(a10)
	CODES(a20)

	// Narrow to bytes, pixels 0 and 1 together in A00.
	XTN_4H(a00, a00)
	XTN_4H(a20, a20)
	XTN2_8H(a10, a00)
	XTN_8B(a20, a20)
	XTN_8B(a00, a00)

	// Store.
	FMOVS F0, (DST0)
	VST1  A00.S[1], (DST1)
	FMOVS F8, (DST2)
	ADD   $4, DST0
	ADD   $4, DST1
	ADD   $4, DST2
	SUB   $1, PANELS
	CBNZ  PANELS, panel

	SUB  $1, TILES
	CBZ  TILES, done
	NEXT_TILE(tileArgs_src, tileArgs_srcStep)
	NEXT_TILE(tileArgs_dst, tileArgs_dstStep)
	B    tile

done:
	RET

// func tile3x4MantissaNEON(t *tileArgs)
//
//	t R0
//
// Writes the codes of three pixels per tile, for accumulators that fit a
// mantissa: see MANTISSA_CODES of the dotprod kernels. A panel is requantized
// during the first step of the next one.
TEXT ·tile3x4MantissaNEON(SB), NOSPLIT, $0-8
	LOAD_CALL
	MOVD $0x4B3FFF80, TMP           // 1.5*2^23 - 128 as float32
	VDUP TMP, ROUND.S4

tile:
	LOAD_TILE
	LDP  tileArgs_dst(ARGS), (DST0, DST1)
	MOVD (tileArgs_dst+16)(ARGS), DST2
	MOVD tileArgs_multiplier(ARGS), MULT
	MOVD tileArgs_offset(ARGS), OFFSET
	MOVD $0, STARTED

panel:
	ACCUMULATE(FIRST_STEP)
	CBNZ PANELS, panel

	// Requantize the last panel.
	ADD_PARTIAL_SUMS
	FMOVQ (MULT), FMULTS
	FMOVQ (OFFSET), FC0
	FMOVQ (OFFSET), FC1
	FMOVQ (OFFSET), FC2
	VFMLA MULTS.S4, A00.S4, C0.S4
	VFMLA MULTS.S4, A10.S4, C1.S4
	VFMLA MULTS.S4, A20.S4, C2.S4
	FADD_4S(round, c0, c0)
	FADD_4S(round, c1, c1)
	FADD_4S(round, c2, c2)

	// Narrow to bytes, pixels 0 and 1 together in C0.
	XTN_4H(c0, c0)
	XTN_4H(c2, c2)
	XTN2_8H(c1, c0)
	SQXTN_8B(c2, c2)
	SQXTN_8B(c0, c0)

	// Store.
	FMOVS FC0, (DST0)
	VST1  C0.S[1], (DST1)
	FMOVS FC2, (DST2)

	SUB  $1, TILES
	CBZ  TILES, done
	NEXT_TILE(tileArgs_src, tileArgs_srcStep)
	NEXT_TILE(tileArgs_dst, tileArgs_dstStep)
	B    tile

done:
	RET

// func sums3x4NEON(t *tileArgs)
//
//	t R0
//
// Adds max(accumulator, 0) of the last t.count pixels of each tile to the sums
// of the head.
TEXT ·sums3x4NEON(SB), NOSPLIT, $0-8
	LOAD_CALL
	MOVD tileArgs_count(ARGS), COUNT
	VEOR V31.B16, V31.B16, V31.B16  // 0

tile:
	LOAD_TILE
	MOVD tileArgs_sums(ARGS), SUMS

panel:
	ACCUMULATE(STEP(SMULL_8H))
	ADD_PARTIAL_SUMS

	// ReLU.
	FLDPQ (SUMS), (F12, F13)        // channels 0 and 1, 2 and 3
	SMAX_4S(31, a00, a00)
	SMAX_4S(31, a10, a10)
	SMAX_4S(31, a20, a20)

	// Add, widened to int64.
	VUADDW  A20.S2, V12.D2, V12.D2
	VUADDW2 A20.S4, V13.D2, V13.D2
	CMP     $2, COUNT
	BLT     sum
	VUADDW  A10.S2, V12.D2, V12.D2
	VUADDW2 A10.S4, V13.D2, V13.D2
	BEQ     sum
	VUADDW  A00.S2, V12.D2, V12.D2
	VUADDW2 A00.S4, V13.D2, V13.D2

sum:
	FSTPQ.P (F12, F13), 32(SUMS)
	SUB     $1, PANELS
	CBNZ    PANELS, panel

	SUB  $1, TILES
	CBZ  TILES, done
	NEXT_TILE(tileArgs_src, tileArgs_srcStep)
	B    tile

done:
	RET
