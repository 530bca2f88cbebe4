//go:build !noasm

#include "go_asm.h"
#include "textflag.h"

// The AVX-512 VNNI micro-kernel. A tile is two units of seven pixels by two panels
// of 16 channels, or by one if a single one is left. A step is a group of four
// k:
//
//	              channels  0-15  16-31
//	weights, int8 [16][4]      W0    W1
//	pixel 0   |  int32        Z0    Z1
//	…         |
//	pixel 13  |               Z26   Z27
//
// A step loads the weights once and broadcasts the four codes of each pixel: 16
// loads for 28 VPDPBUSD. A core that issues two loads and two VPDPBUSD of 512
// bits per cycle takes 14 cycles. The pixels of a unit are equidistant in memory, so
// two pointers and multiples of that distance address all 14.

#define ARGS     DI   // *tileArgs
#define UNIT0    SI   // next group of pixel 0; its output
#define UNIT1    R8   // of pixel 7
#define STEP     R9   // bytes from a pixel to the next, in the stage or the output
#define STEP3    R10  // three times that
#define STEP5    R11
#define PANEL    R12  // bytes of the weights of a panel
#define SKIP     R13  // bytes from the end of a row of a window to the next
#define WEIGHTS  DX   // next weights of the first panel, [Kernel][groups][16][4]
#define GROUPS   CX   // left in the row
#define ROWS     BX   // left of the window
#define DONE     R15  // channels
#define TMP      AX

#define W0 Z28
#define W1 Z29
#define X  Z30  // the codes of a pixel
#define X_ Z31  // the codes of every other pixel

// During requantization.
#define MULT0 Z28  // multipliers
#define MULT1 Z29
#define MAX   Z30  // 255
#define ORDER Z31

DATA max<>+0(SB)/4, $0x437f0000 // 255 as float32
GLOBL max<>(SB), RODATA|NOPTR, $4
DATA signs<>+0(SB)/4, $0x80808080
GLOBL signs<>(SB), RODATA|NOPTR, $4

// Packing leaves four channels of each of four vectors next to each other. order
// collects those of one vector.
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000c00000008
DATA order<>+16(SB)/8, $0x0000000500000001
DATA order<>+24(SB)/8, $0x0000000d00000009
DATA order<>+32(SB)/8, $0x0000000600000002
DATA order<>+40(SB)/8, $0x0000000e0000000a
DATA order<>+48(SB)/8, $0x0000000700000003
DATA order<>+56(SB)/8, $0x0000000f0000000b
GLOBL order<>(SB), RODATA|NOPTR, $64

// ADD2 accumulates a step of a pixel for two panels, ADD1 for one.
#define ADD2(codes, X, A0, A1) \
	VPBROADCASTD codes, X     \
	VPDPBUSD     W0, X, A0    \
	VPDPBUSD     W1, X, A1

#define ADD1(codes, X, A) \
	VPBROADCASTD codes, X    \
	VPDPBUSD     W0, X, A

// MULTIPLES sets the multiples of STEP.
#define MULTIPLES \
	LEAQ (STEP)(STEP*2), STEP3 \
	LEAQ (STEP)(STEP*4), STEP5

// SCALE multiplies accumulators by M, clamps them above and rounds them. The
// saturation of PACK clamps them below. VCVTPS2DQ rounds half to even, the
// default of MXCSR, which Go does not change.
#define SCALE(M, A) \
	VCVTDQ2PS A, A      \
	VMULPS    M, A, A   \
	VMINPS    MAX, A, A \
	VCVTPS2DQ A, A

// PACK narrows four vectors to bytes, subtracts 128 and leaves them in A.
#define PACK(A, B, C, D) \
	VPACKSSDW B, A, A             \
	VPACKSSDW D, C, C             \
	VPACKUSWB C, A, A             \
	VPERMD    A, ORDER, A         \
	VPXORD.BCST signs<>(SB), A, A

// ADVANCE adds bytes to the addresses of the units.
#define ADVANCE(bytes) \
	ADDQ bytes, UNIT0 \
	ADDQ bytes, UNIT1

// OUTPUT prepares the requantization of a tile, except for MULT1.
#define OUTPUT \
	MOVQ tileArgs_dst+8(ARGS), UNIT1    \
	ADDQ DONE, UNIT0                    \
	ADDQ DONE, UNIT1                    \
	MOVQ tileArgs_dstStep(ARGS), STEP   \
	MULTIPLES                           \
	MOVQ tileArgs_multiplier(ARGS), TMP \
	VMOVUPS (TMP)(DONE*4), MULT0        \
	VBROADCASTSS max<>(SB), MAX         \
	VMOVDQU32 order<>(SB), ORDER

// STORE14 stores the accumulators Z0-Z13.
#define STORE14 \
	VMOVDQU32 Z0, (TMP) \
	VMOVDQU32 Z1, 64(TMP) \
	VMOVDQU32 Z2, 128(TMP) \
	VMOVDQU32 Z3, 192(TMP) \
	VMOVDQU32 Z4, 256(TMP) \
	VMOVDQU32 Z5, 320(TMP) \
	VMOVDQU32 Z6, 384(TMP) \
	VMOVDQU32 Z7, 448(TMP) \
	VMOVDQU32 Z8, 512(TMP) \
	VMOVDQU32 Z9, 576(TMP) \
	VMOVDQU32 Z10, 640(TMP) \
	VMOVDQU32 Z11, 704(TMP) \
	VMOVDQU32 Z12, 768(TMP) \
	VMOVDQU32 Z13, 832(TMP)

// CODES2 stores the codes of two pixels for two panels.
#define CODES2(A0, A1, B0, B1, a, b) \
	SCALE(MULT0, A0)          \
	SCALE(MULT1, A1)          \
	SCALE(MULT0, B0)          \
	SCALE(MULT1, B1)          \
	PACK(A0, A1, B0, B1)      \
	VEXTRACTI64X4 $0, A0, a   \
	VEXTRACTI64X4 $1, A0, b

// CODES1 stores the codes of four pixels for one panel.
#define CODES1(A, B, C, D, a, b, c, d) \
	SCALE(MULT0, A)          \
	SCALE(MULT0, B)          \
	SCALE(MULT0, C)          \
	SCALE(MULT0, D)          \
	PACK(A, B, C, D)         \
	VEXTRACTI32X4 $0, A, a   \
	VEXTRACTI32X4 $1, A, b   \
	VEXTRACTI32X4 $2, A, c   \
	VEXTRACTI32X4 $3, A, d

// func tilesAVX512VNNI(t *tileArgs)
//
//	t DI
TEXT ·tilesAVX512VNNI(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), ARGS
	MOVQ tileArgs_weights(ARGS), WEIGHTS
	MOVQ tileArgs_panelBytes(ARGS), PANEL
	MOVQ tileArgs_groups(ARGS), TMP
	MOVQ tileArgs_rowStep(ARGS), SKIP
	SHLQ $2, TMP
	SUBQ TMP, SKIP
	XORQ DONE, DONE

next:
	MOVQ tileArgs_src+0(ARGS), UNIT0
	MOVQ tileArgs_src+8(ARGS), UNIT1
	MOVQ tileArgs_srcStep(ARGS), STEP
	MULTIPLES
	MOVQ tileArgs_rows(ARGS), ROWS
	MOVQ tileArgs_channels(ARGS), TMP
	SUBQ DONE, TMP
	JZ   done
	CMPQ TMP, $32
	MOVQ tileArgs_bias(ARGS), TMP
	VMOVDQU32 (TMP)(DONE*4), Z0
	JLT  single

	VMOVDQU32 64(TMP)(DONE*4), Z1
	VMOVDQA64 Z0, Z2
	VMOVDQA64 Z1, Z3
	VMOVDQA64 Z0, Z4
	VMOVDQA64 Z1, Z5
	VMOVDQA64 Z0, Z6
	VMOVDQA64 Z1, Z7
	VMOVDQA64 Z0, Z8
	VMOVDQA64 Z1, Z9
	VMOVDQA64 Z0, Z10
	VMOVDQA64 Z1, Z11
	VMOVDQA64 Z0, Z12
	VMOVDQA64 Z1, Z13
	VMOVDQA64 Z0, Z14
	VMOVDQA64 Z1, Z15
	VMOVDQA64 Z0, Z16
	VMOVDQA64 Z1, Z17
	VMOVDQA64 Z0, Z18
	VMOVDQA64 Z1, Z19
	VMOVDQA64 Z0, Z20
	VMOVDQA64 Z1, Z21
	VMOVDQA64 Z0, Z22
	VMOVDQA64 Z1, Z23
	VMOVDQA64 Z0, Z24
	VMOVDQA64 Z1, Z25
	VMOVDQA64 Z0, Z26
	VMOVDQA64 Z1, Z27

row2:
	MOVQ tileArgs_groups(ARGS), GROUPS

group2:
	VMOVDQU32 (WEIGHTS), W0
	VMOVDQU32 (WEIGHTS)(PANEL*1), W1
	ADD2((UNIT0), X, Z0, Z1)
	ADD2((UNIT0)(STEP*1), X_, Z2, Z3)
	ADD2((UNIT0)(STEP*2), X, Z4, Z5)
	ADD2((UNIT0)(STEP3*1), X_, Z6, Z7)
	ADD2((UNIT0)(STEP*4), X, Z8, Z9)
	ADD2((UNIT0)(STEP5*1), X_, Z10, Z11)
	ADD2((UNIT0)(STEP3*2), X, Z12, Z13)
	ADD2((UNIT1), X_, Z14, Z15)
	ADD2((UNIT1)(STEP*1), X, Z16, Z17)
	ADD2((UNIT1)(STEP*2), X_, Z18, Z19)
	ADD2((UNIT1)(STEP3*1), X, Z20, Z21)
	ADD2((UNIT1)(STEP*4), X_, Z22, Z23)
	ADD2((UNIT1)(STEP5*1), X, Z24, Z25)
	ADD2((UNIT1)(STEP3*2), X_, Z26, Z27)
	ADDQ $64, WEIGHTS
	ADVANCE($4)
	DECQ GROUPS
	JNZ  group2
	ADVANCE(SKIP)
	DECQ ROWS
	JNZ  row2
	ADDQ PANEL, WEIGHTS

	MOVQ  tileArgs_dst+0(ARGS), UNIT0
	TESTQ UNIT0, UNIT0
	JZ    store2
	OUTPUT
	VMOVUPS 64(TMP)(DONE*4), MULT1
	CODES2(Z0, Z1, Z2, Z3, (UNIT0), (UNIT0)(STEP*1))
	CODES2(Z4, Z5, Z6, Z7, (UNIT0)(STEP*2), (UNIT0)(STEP3*1))
	CODES2(Z8, Z9, Z10, Z11, (UNIT0)(STEP*4), (UNIT0)(STEP5*1))
	CODES2(Z12, Z13, Z14, Z15, (UNIT0)(STEP3*2), (UNIT1))
	CODES2(Z16, Z17, Z18, Z19, (UNIT1)(STEP*1), (UNIT1)(STEP*2))
	CODES2(Z20, Z21, Z22, Z23, (UNIT1)(STEP3*1), (UNIT1)(STEP*4))
	CODES2(Z24, Z25, Z26, Z27, (UNIT1)(STEP5*1), (UNIT1)(STEP3*2))
	ADDQ  $32, DONE
	JMP   next

store2:
	MOVQ tileArgs_acc(ARGS), TMP
	STORE14
	VMOVDQU32 Z14, 896(TMP)
	VMOVDQU32 Z15, 960(TMP)
	VMOVDQU32 Z16, 1024(TMP)
	VMOVDQU32 Z17, 1088(TMP)
	VMOVDQU32 Z18, 1152(TMP)
	VMOVDQU32 Z19, 1216(TMP)
	VMOVDQU32 Z20, 1280(TMP)
	VMOVDQU32 Z21, 1344(TMP)
	VMOVDQU32 Z22, 1408(TMP)
	VMOVDQU32 Z23, 1472(TMP)
	VMOVDQU32 Z24, 1536(TMP)
	VMOVDQU32 Z25, 1600(TMP)
	VMOVDQU32 Z26, 1664(TMP)
	VMOVDQU32 Z27, 1728(TMP)
	ADDQ $32, DONE
	JMP  next

single:
	VMOVDQA64 Z0, Z1
	VMOVDQA64 Z0, Z2
	VMOVDQA64 Z0, Z3
	VMOVDQA64 Z0, Z4
	VMOVDQA64 Z0, Z5
	VMOVDQA64 Z0, Z6
	VMOVDQA64 Z0, Z7
	VMOVDQA64 Z0, Z8
	VMOVDQA64 Z0, Z9
	VMOVDQA64 Z0, Z10
	VMOVDQA64 Z0, Z11
	VMOVDQA64 Z0, Z12
	VMOVDQA64 Z0, Z13

row1:
	MOVQ tileArgs_groups(ARGS), GROUPS

group1:
	VMOVDQU32 (WEIGHTS), W0
	ADD1((UNIT0), X, Z0)
	ADD1((UNIT0)(STEP*1), X_, Z1)
	ADD1((UNIT0)(STEP*2), X, Z2)
	ADD1((UNIT0)(STEP3*1), X_, Z3)
	ADD1((UNIT0)(STEP*4), X, Z4)
	ADD1((UNIT0)(STEP5*1), X_, Z5)
	ADD1((UNIT0)(STEP3*2), X, Z6)
	ADD1((UNIT1), X_, Z7)
	ADD1((UNIT1)(STEP*1), X, Z8)
	ADD1((UNIT1)(STEP*2), X_, Z9)
	ADD1((UNIT1)(STEP3*1), X, Z10)
	ADD1((UNIT1)(STEP*4), X_, Z11)
	ADD1((UNIT1)(STEP5*1), X, Z12)
	ADD1((UNIT1)(STEP3*2), X_, Z13)
	ADDQ $64, WEIGHTS
	ADVANCE($4)
	DECQ GROUPS
	JNZ  group1
	ADVANCE(SKIP)
	DECQ ROWS
	JNZ  row1

	MOVQ  tileArgs_dst+0(ARGS), UNIT0
	TESTQ UNIT0, UNIT0
	JZ    store1
	OUTPUT
	CODES1(Z0, Z1, Z2, Z3, (UNIT0), (UNIT0)(STEP*1), (UNIT0)(STEP*2), (UNIT0)(STEP3*1))
	CODES1(Z4, Z5, Z6, Z7, (UNIT0)(STEP*4), (UNIT0)(STEP5*1), (UNIT0)(STEP3*2), (UNIT1))
	CODES1(Z8, Z9, Z10, Z11, (UNIT1)(STEP*1), (UNIT1)(STEP*2), (UNIT1)(STEP3*1), (UNIT1)(STEP*4))
	SCALE(MULT0, Z12)
	SCALE(MULT0, Z13)
	PACK(Z12, Z13, Z14, Z15)
	VEXTRACTI32X4 $0, Z12, (UNIT1)(STEP5*1)
	VEXTRACTI32X4 $1, Z12, (UNIT1)(STEP3*2)

done:
	VZEROUPPER
	RET

store1:
	MOVQ tileArgs_acc(ARGS), TMP
	STORE14
	VZEROUPPER
	RET
