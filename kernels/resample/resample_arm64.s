//go:build !noasm

#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// A vector register has up to three names: S0 (V16) for instructions that Go
// can encode, sum0 (16) for the macros of neon_arm64.h, and FS0 (F16) for
// FMOVQ.
//
// The code is scheduled for in-order cores: independent instructions are placed
// between a load or a product and its first use, and pointers advance by a
// separate ADD, because on such a core the users of a post-indexed load's
// address wait for the load.

// Arguments and loop counters of several functions.
#define DST    R0
#define STRIDE R2
#define TAPS   R3
#define LEFT   R6

// Vertical pass.
//
// The rows are blended by their differences from the first one. The taps add up
// to one, so with d = row-first
//
//	(sum of tap*row + half)>>7 = first<<8 + (sum of tap*d + half)>>7
//
// with exact sums. That saves the products of one row of three or four. The
// taps of the other rows are less than one, so they fit an int16.
//
//	columns       0-7   8-15  16-23 24-31
//	first row     FIRST0      FIRST1          bytes
//	other row     ROW0        ROW1            bytes
//	difference    D0    D1    D2    D3        int16
//	sums          SUM0 … SUM7, four columns each  int32
//	line          L0    L1    L2    L3        uint16

#define SRC    R1   // first row
#define OTHERS R4   // number of other rows
#define ODD    R5   // second destination of verticalPairsNEON
#define ROW    R7   // other row
#define TAP    R8   // its tap
#define ROWS   R9   // other rows left
#define ROWINC R10  // STRIDE, or 0 after the last row
#define TAPINC R11  // 2, or 0 after the last row
#define TWO    R12

#define ROW0   V0
#define row0   0
#define ROW1   V1
#define row1   1
#define WEIGHT V2   // the tap in all lanes
#define weight 2
#define d0     3
#define d1     4
#define d2     5
#define d3     6
#define FIRST0 V24
#define first0 24
#define FIRST1 V25
#define first1 25
#define L0     V26
#define l0     26
#define L1     V27
#define l1     27
#define L2     V28
#define l2     28
#define L3     V29
#define l3     29
#define ZERO   V30

// The sums of both passes.
#define SUM0 V16
#define sum0 16
#define SUM1 V17
#define sum1 17
#define SUM2 V18
#define sum2 18
#define SUM3 V19
#define sum3 19
#define SUM4 V20
#define sum4 20
#define SUM5 V21
#define sum5 21
#define SUM6 V22
#define sum6 22
#define SUM7 V23
#define sum7 23

// LOAD_FIRST loads 32 bytes of the first row and of the second, and the tap of
// the second. It jumps to alone if there is no second row.
#define LOAD_FIRST \
	VLD1  (SRC), [FIRST0.B16, FIRST1.B16] \
	CBZ   OTHERS, alone                   \
	ADD   STRIDE, SRC, ROW                \
	MOVD  TAPS, TAP                       \
	MOVD  OTHERS, ROWS                    \
	VLD1  (ROW), [ROW0.B16, ROW1.B16]     \
	VLD1R (TAP), [WEIGHT.H8]

// ADD_ROW accumulates the loaded row, or starts the sums with it, and loads the
// next row and its tap; after the last row it loads the same ones again.
#define ADD_ROW(MUL, MUL2) \
	/* next addresses */              \
	SUBS  $1, ROWS                    \
	CSEL  EQ, ZR, STRIDE, ROWINC      \
	CSEL  EQ, ZR, TWO, TAPINC         \
	ADD   ROWINC, ROW                 \
	ADD   TAPINC, TAP                 \
	/* subtract the first row */      \
	USUBL_8H(first0, row0, d0)        \
	USUBL2_8H(first0, row0, d1)       \
	USUBL_8H(first1, row1, d2)        \
	USUBL2_8H(first1, row1, d3)       \
	/* multiply, accumulate; load */  \
	MUL(weight, d0, sum0)             \
	VLD1  (ROW), [ROW0.B16, ROW1.B16] \
	MUL2(weight, d0, sum1)            \
	MUL(weight, d1, sum2)             \
	MUL2(weight, d1, sum3)            \
	MUL(weight, d2, sum4)             \
	MUL2(weight, d2, sum5)            \
	MUL(weight, d3, sum6)             \
	MUL2(weight, d3, sum7)            \
	VLD1R (TAP), [WEIGHT.H8]

// CLEAR_SUMS is used if there is only one row.
#define CLEAR_SUMS \
	VEOR SUM0.B16, SUM0.B16, SUM0.B16 \
	VEOR SUM1.B16, SUM1.B16, SUM1.B16 \
	VEOR SUM2.B16, SUM2.B16, SUM2.B16 \
	VEOR SUM3.B16, SUM3.B16, SUM3.B16 \
	VEOR SUM4.B16, SUM4.B16, SUM4.B16 \
	VEOR SUM5.B16, SUM5.B16, SUM5.B16 \
	VEOR SUM6.B16, SUM6.B16, SUM6.B16 \
	VEOR SUM7.B16, SUM7.B16, SUM7.B16

// ROUND_LINE rounds the sums and adds first<<8, interleaved: zipping zeros with
// bytes shifts these by 8. V3-V6 hold the shifted first row.
#define ROUND_LINE \
	RSHRN_4H(const_verticalShift, sum0, l0)  \
	RSHRN_4H(const_verticalShift, sum2, l1)  \
	RSHRN_4H(const_verticalShift, sum4, l2)  \
	RSHRN_4H(const_verticalShift, sum6, l3)  \
	VZIP1 FIRST0.B16, ZERO.B16, V3.B16       \
	VZIP2 FIRST0.B16, ZERO.B16, V4.B16       \
	VZIP1 FIRST1.B16, ZERO.B16, V5.B16       \
	VZIP2 FIRST1.B16, ZERO.B16, V6.B16       \
	RSHRN2_8H(const_verticalShift, sum1, l0) \
	RSHRN2_8H(const_verticalShift, sum3, l1) \
	RSHRN2_8H(const_verticalShift, sum5, l2) \
	RSHRN2_8H(const_verticalShift, sum7, l3) \
	VADD  V3.H8, L0.H8, L0.H8                \
	VADD  V4.H8, L1.H8, L1.H8                \
	VADD  V5.H8, L2.H8, L2.H8                \
	VADD  V6.H8, L3.H8, L3.H8

// VERTICAL leaves the line's next 32 samples in L0-L3. The label round is also
// where a first row without others continues.
#define VERTICAL \
	LOAD_FIRST                   \
	ADD_ROW(SMULL_4S, SMULL2_4S) \
	BEQ round                    \
row:                                 \
	ADD_ROW(SMLAL_4S, SMLAL2_4S) \
	BNE row                      \
round:                               \
	ROUND_LINE

// func verticalNEON(dst *uint16, src *byte, stride int, taps *uint16, others, n int)
//
//	dst R0, src R1, stride R2, taps R3, others R4, n R6
TEXT ·verticalNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), DST
	MOVD src+8(FP), SRC
	MOVD stride+16(FP), STRIDE
	MOVD taps+24(FP), TAPS
	MOVD others+32(FP), OTHERS
	MOVD n+40(FP), LEFT
	MOVD $2, TWO
	VEOR ZERO.B16, ZERO.B16, ZERO.B16

block:
	VERTICAL
	VST1 [L0.H8, L1.H8, L2.H8, L3.H8], (DST)
	ADD  $64, DST
	ADD  $32, SRC
	SUBS $32, LEFT
	BEQ  done
	CMP  $32, LEFT
	BGE  block

	// The last 32 columns, which overlap those before.
	SUB  $32, LEFT, R7
	ADD  R7, SRC
	ADD  R7<<1, DST
	MOVD $32, LEFT
	B    block

alone:
	CLEAR_SUMS
	B round

done:
	RET

// func verticalPairsNEON(even, odd *uint16, src *byte, stride int, taps *uint16, others, n int)
//
//	even R0, odd R5, src R1, stride R2, taps R3, others R4, n R6
TEXT ·verticalPairsNEON(SB), NOSPLIT, $0-56
	MOVD even+0(FP), DST
	MOVD odd+8(FP), ODD
	MOVD src+16(FP), SRC
	MOVD stride+24(FP), STRIDE
	MOVD taps+32(FP), TAPS
	MOVD others+40(FP), OTHERS
	MOVD n+48(FP), LEFT
	MOVD $2, TWO
	VEOR ZERO.B16, ZERO.B16, ZERO.B16

block:
	VERTICAL

	// Deinterleave: even columns to V0 and V1, odd ones to V2 and V3.
	VUZP1 L1.H8, L0.H8, V0.H8
	VUZP1 L3.H8, L2.H8, V1.H8
	VUZP2 L1.H8, L0.H8, V2.H8
	VUZP2 L3.H8, L2.H8, V3.H8
	VST1  [V0.H8, V1.H8], (DST)
	VST1  [V2.H8, V3.H8], (ODD)
	ADD   $32, DST
	ADD   $32, ODD
	ADD   $32, SRC
	SUBS  $32, LEFT
	BEQ   done
	CMP   $32, LEFT
	BGE   block

	// The last 32 columns, which overlap those before.
	SUB  $32, LEFT, R7
	ADD  R7, SRC
	ADD  R7, DST
	ADD  R7, ODD
	MOVD $32, LEFT
	B    block

alone:
	CLEAR_SUMS
	B round

done:
	RET

// Horizontal pass.
//
// Eight windows are computed together, in vectors of eight taps:
//
//	window     0    1    2    3    4    5    6    7
//	address    WIN0 WIN1 WIN2 WIN3 WIN4 WIN5 WIN6 WIN7
//	samples    X0   X1   X2   X3   X4   X5   X6   X7    uint16
//	taps       T0   T1   T2   T3   T4   T5   T6   T7    uint16
//	sums       SUM0 SUM1 SUM2 SUM3 SUM4 SUM5 SUM6 SUM7  uint32, four partial sums

#define LINE    R1
#define OFFSETS R2
#define CHUNKS  R4   // vectors of a window
#define GROUPS  R9   // groups of eight positions left
#define CHUNK   R10  // vectors of the windows left
#define ODDS    R11  // second destination of filterPairsNEON
#define WIN0    R5
#define WIN1    R6
#define WIN2    R7
#define WIN3    R8
#define WIN4    R13
#define WIN5    R14
#define WIN6    R15
#define WIN7    R16

#define FX0 F0
#define x0  0
#define FX1 F1
#define x1  1
#define FX2 F2
#define x2  2
#define FX3 F3
#define x3  3
#define FX4 F24
#define x4  24
#define FX5 F25
#define x5  25
#define FX6 F26
#define x6  26
#define FX7 F27
#define x7  27
#define FT0 F4
#define t0  4
#define FT1 F5
#define t1  5
#define FT2 F6
#define t2  6
#define FT3 F7
#define t3  7
#define FT4 F28
#define t4  28
#define FT5 F29
#define t5  29
#define FT6 F30
#define t6  30
#define FT7 F31
#define t7  31

// WINDOW_ADDRESSES sets WIN0-WIN7 to the next eight windows.
#define WINDOW_ADDRESSES \
	LDPSW 0(OFFSETS), (WIN0, WIN1)  \
	LDPSW 8(OFFSETS), (WIN2, WIN3)  \
	LDPSW 16(OFFSETS), (WIN4, WIN5) \
	LDPSW 24(OFFSETS), (WIN6, WIN7) \
	ADD   $32, OFFSETS              \
	ADD   LINE, WIN0                \
	ADD   LINE, WIN1                \
	ADD   LINE, WIN2                \
	ADD   LINE, WIN3                \
	ADD   LINE, WIN4                \
	ADD   LINE, WIN5                \
	ADD   LINE, WIN6                \
	ADD   LINE, WIN7

// ADVANCE_WINDOWS moves the addresses to the next vector of each window.
#define ADVANCE_WINDOWS \
	ADD $16, WIN0 \
	ADD $16, WIN1 \
	ADD $16, WIN2 \
	ADD $16, WIN3 \
	ADD $16, WIN4 \
	ADD $16, WIN5 \
	ADD $16, WIN6 \
	ADD $16, WIN7

// ADD_CHUNK accumulates one vector of each window, or starts the sums with it.
#define ADD_CHUNK(MUL) \
	/* load taps and samples of windows 0-2 */ \
	FMOVQ 0(TAPS), FT0                         \
	FMOVQ (WIN0), FX0                          \
	FMOVQ 16(TAPS), FT1                        \
	FMOVQ (WIN1), FX1                          \
	FMOVQ 32(TAPS), FT2                        \
	FMOVQ (WIN2), FX2                          \
	/* multiply windows 0-3; load 3-7 */       \
	MUL(t0, x0, sum0)                          \
	FMOVQ 48(TAPS), FT3                        \
	FMOVQ (WIN3), FX3                          \
	MUL(t1, x1, sum1)                          \
	FMOVQ 64(TAPS), FT4                        \
	FMOVQ (WIN4), FX4                          \
	MUL(t2, x2, sum2)                          \
	FMOVQ 80(TAPS), FT5                        \
	FMOVQ (WIN5), FX5                          \
	MUL(t3, x3, sum3)                          \
	FMOVQ 96(TAPS), FT6                        \
	FMOVQ (WIN6), FX6                          \
	UMLAL2_4S(t0, x0, sum0)                    \
	FMOVQ 112(TAPS), FT7                       \
	FMOVQ (WIN7), FX7                          \
	UMLAL2_4S(t1, x1, sum1)                    \
	ADD   $128, TAPS                           \
	/* multiply what is left */                \
	UMLAL2_4S(t2, x2, sum2)                    \
	MUL(t4, x4, sum4)                          \
	UMLAL2_4S(t3, x3, sum3)                    \
	MUL(t5, x5, sum5)                          \
	MUL(t6, x6, sum6)                          \
	MUL(t7, x7, sum7)                          \
	UMLAL2_4S(t4, x4, sum4)                    \
	UMLAL2_4S(t5, x5, sum5)                    \
	UMLAL2_4S(t6, x6, sum6)                    \
	UMLAL2_4S(t7, x7, sum7)

// FILTER_GROUP leaves the four partial sums of each of the next eight windows
// in SUM0-SUM7.
#define FILTER_GROUP \
	WINDOW_ADDRESSES       \
	ADD_CHUNK(UMULL_4S)    \
	SUBS $1, CHUNKS, CHUNK \
	BEQ  round             \
chunk:                         \
	ADVANCE_WINDOWS        \
	ADD_CHUNK(UMLAL_4S)    \
	SUBS $1, CHUNK         \
	BNE  chunk             \
round:

// func filterNEON(dst, line *uint16, offsets *int32, packed *uint16, chunks, groups int)
//
//	dst R0, line R1, offsets R2, packed R3, chunks R4, groups R9
TEXT ·filterNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), DST
	MOVD line+8(FP), LINE
	MOVD offsets+16(FP), OFFSETS
	MOVD packed+24(FP), TAPS
	MOVD chunks+32(FP), CHUNKS
	MOVD groups+40(FP), GROUPS

group:
	FILTER_GROUP

	// Add the partial sums: windows 0-3 to SUM0, 4-7 to SUM4. Round.
	VADDP SUM1.S4, SUM0.S4, SUM0.S4
	VADDP SUM3.S4, SUM2.S4, SUM2.S4
	VADDP SUM5.S4, SUM4.S4, SUM4.S4
	VADDP SUM7.S4, SUM6.S4, SUM6.S4
	VADDP SUM2.S4, SUM0.S4, SUM0.S4
	VADDP SUM6.S4, SUM4.S4, SUM4.S4
	SUBS  $1, GROUPS
	RSHRN_4H(const_horizontalShift, sum0, sum0)
	RSHRN2_8H(const_horizontalShift, sum4, sum0)
	FMOVQ F16, (DST)
	ADD   $16, DST
	BNE   group
	RET

// func filterPairsNEON(even, odd, line *uint16, offsets *int32, packed *uint16, chunks, groups int)
//
//	even R0, odd R11, line R1, offsets R2, packed R3, chunks R4, groups R9
//
// The partial sums of a window are {even, odd, even, odd}.
TEXT ·filterPairsNEON(SB), NOSPLIT, $0-56
	MOVD even+0(FP), DST
	MOVD odd+8(FP), ODDS
	MOVD line+16(FP), LINE
	MOVD offsets+24(FP), OFFSETS
	MOVD packed+32(FP), TAPS
	MOVD chunks+40(FP), CHUNKS
	MOVD groups+48(FP), GROUPS

group:
	FILTER_GROUP

	// Deinterleave: even partial sums to V0-V3, odd ones to V4-V7.
	VUZP1 SUM1.S4, SUM0.S4, V0.S4
	VUZP1 SUM3.S4, SUM2.S4, V1.S4
	VUZP1 SUM5.S4, SUM4.S4, V2.S4
	VUZP1 SUM7.S4, SUM6.S4, V3.S4
	VUZP2 SUM1.S4, SUM0.S4, V4.S4
	VUZP2 SUM3.S4, SUM2.S4, V5.S4
	VUZP2 SUM5.S4, SUM4.S4, V6.S4
	VUZP2 SUM7.S4, SUM6.S4, V7.S4

	// Add them: even samples to V0 and V2, odd ones to V4 and V6. Round.
	VADDP V1.S4, V0.S4, V0.S4
	VADDP V3.S4, V2.S4, V2.S4
	VADDP V5.S4, V4.S4, V4.S4
	VADDP V7.S4, V6.S4, V6.S4
	SUBS  $1, GROUPS
	RSHRN_4H(const_horizontalShift, 0, 1)
	RSHRN_4H(const_horizontalShift, 4, 5)
	RSHRN2_8H(const_horizontalShift, 2, 1)
	RSHRN2_8H(const_horizontalShift, 6, 5)
	FMOVQ F1, (DST)
	FMOVQ F5, (ODDS)
	ADD   $16, DST
	ADD   $16, ODDS
	BNE   group
	RET

// Colour matrix, eight pixels at a time:
//
//	          Y      A          B          bias
//	channel 0 YFAC   A0FAC                 BIAS0   sum C0
//	channel 1 YFAC   A1FAC      B0FAC      BIAS1   sum C1
//	channel 2 YFAC              B1FAC      BIAS2   sum C2

#define YSRC   R1
#define ASRC   R2
#define BSRC   R3
#define PIXELS R4   // left
#define MATRIX R5

#define YFAC  V24
#define yFac  24
#define A0FAC V25
#define a0Fac 25
#define A1FAC V26
#define a1Fac 26
#define B0FAC V27
#define b0Fac 27
#define B1FAC V28
#define b1Fac 28
#define BIAS0 V21
#define BIAS1 V22
#define BIAS2 V23

#define FY F0
#define YY V0   // samples, then products
#define yy 0
#define FA F1
#define aa 1
#define FB F2
#define bb 2
#define A0 V3
#define a0 3
#define A1 V4
#define a1 4
#define B0 V5
#define b0 5
#define B1 V6
#define b1 6
#define C0 V16
#define c0 16
#define C1 V17
#define c1 17
#define C2 V18
#define c2 18

// func convertNEON(m *Matrix, dst *int8, y, a, b *uint16, n int)
//
//	m R5, dst R0, y R1, a R2, b R3, n R4
TEXT ·convertNEON(SB), NOSPLIT, $0-48
	MOVD    m+0(FP), MATRIX
	MOVD    dst+8(FP), DST
	MOVD    y+16(FP), YSRC
	MOVD    a+24(FP), ASRC
	MOVD    b+32(FP), BSRC
	MOVD    n+40(FP), PIXELS
	VLD1R.P 2(MATRIX), [YFAC.H8]
	VLD1R.P 2(MATRIX), [A0FAC.H8]
	VLD1R.P 2(MATRIX), [A1FAC.H8]
	VLD1R.P 2(MATRIX), [B0FAC.H8]
	VLD1R.P 2(MATRIX), [B1FAC.H8]
	VLD1R.P 2(MATRIX), [BIAS0.H8]
	VLD1R.P 2(MATRIX), [BIAS1.H8]
	VLD1R   (MATRIX), [BIAS2.H8]

next:
	FMOVQ (YSRC), FY
	FMOVQ (ASRC), FA
	FMOVQ (BSRC), FB

	// Multiply and round to SumBits.
	SQRDMULH_8H(yFac, yy, yy)
	SQRDMULH_8H(a0Fac, aa, a0)
	SQRDMULH_8H(a1Fac, aa, a1)
	SQRDMULH_8H(b0Fac, bb, b0)
	SQRDMULH_8H(b1Fac, bb, b1)

	// Add.
	ADD  $16, YSRC
	VADD BIAS0.H8, YY.H8, C0.H8
	VADD BIAS1.H8, YY.H8, C1.H8
	VADD BIAS2.H8, YY.H8, C2.H8
	ADD  $16, ASRC
	VADD A0.H8, C0.H8, C0.H8
	VADD A1.H8, C1.H8, C1.H8
	VADD B1.H8, C2.H8, C2.H8
	ADD  $16, BSRC
	VADD B0.H8, C1.H8, C1.H8

	// Round, saturate and store interleaved.
	SQRSHRN_8B(const_SumBits, c0, c0)
	SQRSHRN_8B(const_SumBits, c2, c2)
	SQRSHRN_8B(const_SumBits, c1, c1)
	VST3 [C0.B8, C1.B8, C2.B8], (DST)
	ADD  $24, DST
	SUBS $8, PIXELS
	BEQ  done
	CMP  $8, PIXELS
	BGE  next

	// The last eight pixels, which overlap those before.
	SUB  $8, PIXELS, R5
	ADD  R5<<1, YSRC
	ADD  R5<<1, ASRC
	ADD  R5<<1, BSRC
	ADD  R5<<1, R5, R5
	ADD  R5, DST
	MOVD $8, PIXELS
	B    next

done:
	RET
