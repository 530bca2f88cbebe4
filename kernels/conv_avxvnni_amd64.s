//go:build !noasm

#include "go_asm.h"
#include "textflag.h"
#include "conv_ymm_amd64.h"
#include "vnni_amd64.h"

// The AVX-VNNI micro-kernel. A step is a group of four k: it loads the weights
// once and broadcasts the four codes of each pixel, 8 loads for 12 VPDPBUSD.

#define PANEL  R12  // bytes of the weights of a panel
#define SKIP   R13  // bytes from the end of a row of a window to the next
#define GROUPS CX   // left in the row
#define ROWS   BX   // left of the window

#define W0 Y12  // weights of channels 0-7, [8][4]
#define w0 12
#define W1 Y13
#define w1 13
#define X  Y14  // the codes of a pixel
#define x  14
#define X_ Y15  // the codes of every other pixel
#define x_ 15

// ADD accumulates a step of a pixel.
#define ADD(codes, X, x, a0, a1) \
	VPBROADCASTD codes, X     \
	VPDPBUSD_Y(w0, x, a0)     \
	VPDPBUSD_Y(w1, x, a1)

// func tilesAVXVNNI(t *tileArgs)
//
//	t DI
TEXT ·tilesAVXVNNI(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), ARGS
	MOVQ tileArgs_weights(ARGS), WEIGHTS
	MOVQ tileArgs_panelBytes(ARGS), PANEL
	MOVQ tileArgs_groups(ARGS), TMP
	MOVQ tileArgs_rowStep(ARGS), SKIP
	SHLQ $2, TMP
	SUBQ TMP, SKIP
	XORQ DONE, DONE

next:
	LOAD_UNITS
	MOVQ tileArgs_srcStep(ARGS), STEP
	MOVQ tileArgs_rows(ARGS), ROWS
	MOVQ tileArgs_bias(ARGS), TMP
	VMOVDQU (TMP)(DONE*4), Y0
	VMOVDQU 32(TMP)(DONE*4), Y1
	COPY_BIAS

row:
	MOVQ tileArgs_groups(ARGS), GROUPS

group:
	VMOVDQU (WEIGHTS), W0
	VMOVDQU 32(WEIGHTS), W1
	ADD((UNIT0), X, x, 0, 1)
	ADD((UNIT0)(STEP*1), X_, x_, 2, 3)
	ADD((UNIT1), X, x, 4, 5)
	ADD((UNIT1)(STEP*1), X_, x_, 6, 7)
	ADD((UNIT2), X, x, 8, 9)
	ADD((UNIT2)(STEP*1), X_, x_, 10, 11)
	ADDQ $64, WEIGHTS
	ADVANCE($4)
	DECQ GROUPS
	JNZ  group
	ADVANCE(SKIP)
	DECQ ROWS
	JNZ  row

	MOVQ  tileArgs_dst+0(ARGS), UNIT0
	TESTQ UNIT0, UNIT0
	JZ    store
	CODES_TILE
	ADDQ  $16, DONE
	CMPQ  DONE, tileArgs_channels(ARGS)
	JLT   next
	VZEROUPPER
	RET

store:
	MOVQ tileArgs_acc(ARGS), TMP
	STORE_TILE
	VZEROUPPER
	RET
