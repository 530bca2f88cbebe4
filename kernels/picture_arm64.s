#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// Between a load or a product and what needs it there stands something else to
// do, for cores that begin instructions in order, and addresses advance by ADD:
// the model of such a core that we measure with lets what comes behind a load
// with an advance wait for it.

// The rows of bytes are blended by their differences from the first row, of
// which all but the weights' sum is known to be one: with d = row-first,
//
//	(sum of weight*row + half)>>7 = first<<8 + (sum of weight*d + half)>>7
//
// where the sums are exact. That saves the products of one row of three or
// four. A weight of the other rows is less than one, so it fits an int16.

// FIRST_ROWS loads 32 bytes of the first row and of the second, and the
// second's weight.
#define FIRST_ROWS \
	VLD1  (R1), [V24.B16, V25.B16] \
	CBZ   R4, alone                \
	ADD   R2, R1, R7               \
	MOVD  R3, R8                   \
	MOVD  R4, R9                   \
	VLD1  (R7), [V0.B16, V1.B16]   \
	VLD1R (R8), [V2.H8]

// ROW adds the row V0 and V1, as differences from the first, times the weight
// V2 to the sums V16-V23, or begins them, and loads the next row with its
// weight; after the last one, the same again.
#define ROW(MUL, MUL2) \
	SUBS  $1, R9                   \
	CSEL  EQ, ZR, R2, R10          \
	CSEL  EQ, ZR, R12, R11         \
	ADD   R10, R7                  \
	ADD   R11, R8                  \
	USUBL_8H(24, 0, 3)             \
	USUBL2_8H(24, 0, 4)            \
	USUBL_8H(25, 1, 5)             \
	USUBL2_8H(25, 1, 6)            \
	MUL(2, 3, 16)                  \
	VLD1  (R7), [V0.B16, V1.B16]   \
	MUL2(2, 3, 17)                 \
	MUL(2, 4, 18)                  \
	MUL2(2, 4, 19)                 \
	MUL(2, 5, 20)                  \
	MUL2(2, 5, 21)                 \
	MUL(2, 6, 22)                  \
	MUL2(2, 6, 23)                 \
	VLD1R (R8), [V2.H8]

// NO_SUMS is for a first row that has no others.
#define NO_SUMS \
	VEOR V16.B16, V16.B16, V16.B16 \
	VEOR V17.B16, V17.B16, V17.B16 \
	VEOR V18.B16, V18.B16, V18.B16 \
	VEOR V19.B16, V19.B16, V19.B16 \
	VEOR V20.B16, V20.B16, V20.B16 \
	VEOR V21.B16, V21.B16, V21.B16 \
	VEOR V22.B16, V22.B16, V22.B16 \
	VEOR V23.B16, V23.B16, V23.B16

// ROUND_ROWS leaves the line's 32 samples in V26-V29.
#define ROUND_ROWS \
	RSHRN_4H(const_rowShift, 16, 26)  \
	RSHRN_4H(const_rowShift, 18, 27)  \
	RSHRN_4H(const_rowShift, 20, 28)  \
	RSHRN_4H(const_rowShift, 22, 29)  \
	VZIP1 V24.B16, V30.B16, V3.B16    \
	VZIP2 V24.B16, V30.B16, V4.B16    \
	VZIP1 V25.B16, V30.B16, V5.B16    \
	VZIP2 V25.B16, V30.B16, V6.B16    \
	RSHRN2_8H(const_rowShift, 17, 26) \
	RSHRN2_8H(const_rowShift, 19, 27) \
	RSHRN2_8H(const_rowShift, 21, 28) \
	RSHRN2_8H(const_rowShift, 23, 29) \
	VADD V3.H8, V26.H8, V26.H8        \
	VADD V4.H8, V27.H8, V27.H8        \
	VADD V5.H8, V28.H8, V28.H8        \
	VADD V6.H8, V29.H8, V29.H8

// SUM_ROWS leaves the line's next 32 samples in V26-V29.
#define SUM_ROWS \
	FIRST_ROWS               \
	ROW(SMULL_4S, SMULL2_4S) \
	BEQ round                \
row:                             \
	ROW(SMLAL_4S, SMLAL2_4S) \
	BNE row                  \
round:                           \
	ROUND_ROWS

// func blendRowsNEON(dst *uint16, src *byte, stride int, weights *uint16, others, n int)
//
//	R0 line          R3 weights of the others    R6 bytes of the row left
//	R1 first row     R4 other rows               R7 row    R8 its weight    R9 rows left
//	R2 stride        R12 2                       R10, R11 by how much R7 and R8 advance
//	V30 0
TEXT ·blendRowsNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD stride+16(FP), R2
	MOVD weights+24(FP), R3
	MOVD others+32(FP), R4
	MOVD n+40(FP), R6
	MOVD $2, R12
	VEOR V30.B16, V30.B16, V30.B16

block:
	SUM_ROWS
	VST1   [V26.H8, V27.H8, V28.H8, V29.H8], (R0)
	ADD    $64, R0
	ADD    $32, R1
	SUBS   $32, R6
	BEQ    done
	CMP    $32, R6
	BGE    block

	// The last 32 bytes.
	SUB  $32, R6, R7
	ADD  R7, R1
	ADD  R7<<1, R0
	MOVD $32, R6
	B    block

alone:
	NO_SUMS
	B round

done:
	RET

// func blendRowPairsNEON(even, odd *uint16, src *byte, stride int, weights *uint16, others, n int)
//
// As above, with R5 the line of the odd bytes.
TEXT ·blendRowPairsNEON(SB), NOSPLIT, $0-56
	MOVD even+0(FP), R0
	MOVD odd+8(FP), R5
	MOVD src+16(FP), R1
	MOVD stride+24(FP), R2
	MOVD weights+32(FP), R3
	MOVD others+40(FP), R4
	MOVD n+48(FP), R6
	MOVD $2, R12
	VEOR V30.B16, V30.B16, V30.B16

block:
	SUM_ROWS
	VUZP1  V27.H8, V26.H8, V0.H8
	VUZP1  V29.H8, V28.H8, V1.H8
	VUZP2  V27.H8, V26.H8, V2.H8
	VUZP2  V29.H8, V28.H8, V3.H8
	VST1   [V0.H8, V1.H8], (R0)
	VST1   [V2.H8, V3.H8], (R5)
	ADD    $32, R0
	ADD    $32, R5
	ADD    $32, R1
	SUBS   $32, R6
	BEQ    done
	CMP    $32, R6
	BGE    block

	// The last 32 bytes.
	SUB  $32, R6, R7
	ADD  R7, R1
	ADD  R7, R0
	ADD  R7, R5
	MOVD $32, R6
	B    block

alone:
	NO_SUMS
	B round

done:
	RET

// PLACES leaves the addresses of the next eight windows in R5-R8 and R13-R16.
#define PLACES \
	LDPSW 0(R2), (R5, R6)    \
	LDPSW 8(R2), (R7, R8)    \
	LDPSW 16(R2), (R13, R14) \
	LDPSW 24(R2), (R15, R16) \
	ADD   $32, R2            \
	ADD   R1, R5             \
	ADD   R1, R6             \
	ADD   R1, R7             \
	ADD   R1, R8             \
	ADD   R1, R13            \
	ADD   R1, R14            \
	ADD   R1, R15            \
	ADD   R1, R16

// GO_ON takes the addresses to the windows' next vectors.
#define GO_ON \
	ADD $16, R5  \
	ADD $16, R6  \
	ADD $16, R7  \
	ADD $16, R8  \
	ADD $16, R13 \
	ADD $16, R14 \
	ADD $16, R15 \
	ADD $16, R16

// WINDOWS adds the products of one vector of each of eight windows to the
// sums V16-V23, or begins them.
#define WINDOWS(MUL) \
	FMOVQ 0(R3), F4         \
	FMOVQ (R5), F0          \
	FMOVQ 16(R3), F5        \
	FMOVQ (R6), F1          \
	FMOVQ 32(R3), F6        \
	FMOVQ (R7), F2          \
	MUL(4, 0, 16)           \
	FMOVQ 48(R3), F7        \
	FMOVQ (R8), F3          \
	MUL(5, 1, 17)           \
	FMOVQ 64(R3), F28       \
	FMOVQ (R13), F24        \
	MUL(6, 2, 18)           \
	FMOVQ 80(R3), F29       \
	FMOVQ (R14), F25        \
	MUL(7, 3, 19)           \
	FMOVQ 96(R3), F30       \
	FMOVQ (R15), F26        \
	UMLAL2_4S(4, 0, 16)     \
	FMOVQ 112(R3), F31      \
	FMOVQ (R16), F27        \
	UMLAL2_4S(5, 1, 17)     \
	ADD   $128, R3          \
	UMLAL2_4S(6, 2, 18)     \
	MUL(28, 24, 20)         \
	UMLAL2_4S(7, 3, 19)     \
	MUL(29, 25, 21)         \
	MUL(30, 26, 22)         \
	MUL(31, 27, 23)         \
	UMLAL2_4S(28, 24, 20)   \
	UMLAL2_4S(29, 25, 21)   \
	UMLAL2_4S(30, 26, 22)   \
	UMLAL2_4S(31, 27, 23)

// SUM_WINDOWS leaves the sums of the next eight windows, in four parts each, in
// V16-V23.
#define SUM_WINDOWS \
	PLACES                \
	WINDOWS(UMULL_4S)     \
	SUBS $1, R4, R10      \
	BEQ  round            \
chunk:                        \
	GO_ON                 \
	WINDOWS(UMLAL_4S)     \
	SUBS $1, R10          \
	BNE  chunk            \
round:

// func blendNEON(dst, line *uint16, offsets *int32, packed *uint16, chunks, groups int)
//
//	R0 results    R2 offsets    R4 vectors of a window      R9  groups left
//	R1 line       R3 weights    R5-R8, R13-R16 windows      R10 vectors left
TEXT ·blendNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD line+8(FP), R1
	MOVD offsets+16(FP), R2
	MOVD packed+24(FP), R3
	MOVD chunks+32(FP), R4
	MOVD groups+40(FP), R9

group:
	SUM_WINDOWS
	VADDP  V17.S4, V16.S4, V16.S4
	VADDP  V19.S4, V18.S4, V18.S4
	VADDP  V21.S4, V20.S4, V20.S4
	VADDP  V23.S4, V22.S4, V22.S4
	VADDP  V18.S4, V16.S4, V16.S4
	VADDP  V22.S4, V20.S4, V20.S4
	SUBS   $1, R9
	RSHRN_4H(const_windowShift, 16, 16)
	RSHRN2_8H(const_windowShift, 20, 16)
	FMOVQ  F16, (R0)
	ADD    $16, R0
	BNE    group
	RET

// func blendPairsNEON(even, odd, line *uint16, offsets *int32, packed *uint16, chunks, groups int)
//
// As above, with R11 the results of the odd channel. A sum holds two parts of
// each channel, {even, odd, even, odd}.
TEXT ·blendPairsNEON(SB), NOSPLIT, $0-56
	MOVD even+0(FP), R0
	MOVD odd+8(FP), R11
	MOVD line+16(FP), R1
	MOVD offsets+24(FP), R2
	MOVD packed+32(FP), R3
	MOVD chunks+40(FP), R4
	MOVD groups+48(FP), R9

group:
	SUM_WINDOWS
	VUZP1  V17.S4, V16.S4, V0.S4
	VUZP1  V19.S4, V18.S4, V1.S4
	VUZP1  V21.S4, V20.S4, V2.S4
	VUZP1  V23.S4, V22.S4, V3.S4
	VUZP2  V17.S4, V16.S4, V4.S4
	VUZP2  V19.S4, V18.S4, V5.S4
	VUZP2  V21.S4, V20.S4, V6.S4
	VUZP2  V23.S4, V22.S4, V7.S4
	VADDP  V1.S4, V0.S4, V0.S4
	VADDP  V3.S4, V2.S4, V2.S4
	VADDP  V5.S4, V4.S4, V4.S4
	VADDP  V7.S4, V6.S4, V6.S4
	SUBS   $1, R9
	RSHRN_4H(const_windowShift, 0, 1)
	RSHRN_4H(const_windowShift, 4, 5)
	RSHRN2_8H(const_windowShift, 2, 1)
	RSHRN2_8H(const_windowShift, 6, 5)
	FMOVQ  F1, (R0)
	FMOVQ  F5, (R11)
	ADD    $16, R0
	ADD    $16, R11
	BNE    group
	RET

// func convertNEON(c *Colours, dst *int8, y, a, b *uint16, n int)
//
//	             luma    a    b    bias
//	             R1      R2   R3
//	channel 0    V24     V25       V21
//	channel 1    V24     V26  V27  V22
//	channel 2    V24          V28  V23
//
//	R0 pixels    R4 pixels left
TEXT ·convertNEON(SB), NOSPLIT, $0-48
	MOVD    c+0(FP), R5
	MOVD    dst+8(FP), R0
	MOVD    y+16(FP), R1
	MOVD    a+24(FP), R2
	MOVD    b+32(FP), R3
	MOVD    n+40(FP), R4
	VLD1R.P 2(R5), [V24.H8]
	VLD1R.P 2(R5), [V25.H8]
	VLD1R.P 2(R5), [V26.H8]
	VLD1R.P 2(R5), [V27.H8]
	VLD1R.P 2(R5), [V28.H8]
	VLD1R.P 2(R5), [V21.H8]
	VLD1R.P 2(R5), [V22.H8]
	VLD1R   (R5), [V23.H8]

next:
	FMOVQ (R1), F0
	FMOVQ (R2), F1
	FMOVQ (R3), F2
	SQRDMULH_8H(24, 0, 0)
	SQRDMULH_8H(25, 1, 3)
	SQRDMULH_8H(26, 1, 4)
	SQRDMULH_8H(27, 2, 5)
	SQRDMULH_8H(28, 2, 6)
	ADD   $16, R1
	VADD  V21.H8, V0.H8, V16.H8
	VADD  V22.H8, V0.H8, V17.H8
	VADD  V23.H8, V0.H8, V18.H8
	ADD   $16, R2
	VADD  V3.H8, V16.H8, V16.H8
	VADD  V4.H8, V17.H8, V17.H8
	VADD  V6.H8, V18.H8, V18.H8
	ADD   $16, R3
	VADD  V5.H8, V17.H8, V17.H8
	SQRSHRN_8B(const_ColourBits, 16, 16)
	SQRSHRN_8B(const_ColourBits, 18, 18)
	SQRSHRN_8B(const_ColourBits, 17, 17)
	VST3  [V16.B8, V17.B8, V18.B8], (R0)
	ADD   $24, R0
	SUBS  $8, R4
	BEQ   done
	CMP   $8, R4
	BGE   next

	// The last eight pixels.
	SUB  $8, R4, R5
	ADD  R5<<1, R1
	ADD  R5<<1, R2
	ADD  R5<<1, R3
	ADD  R5<<1, R5, R5
	ADD  R5, R0
	MOVD $8, R4
	B    next

done:
	RET
