//go:build !noasm

#include "go_asm.h"
#include "textflag.h"
#include "conv_ymm_amd64.h"

// The AVX2 micro-kernel. VPMADDUBSW multiplies codes by weights and adds pairs of
// products to int16, with saturation. A run is a stretch of steps whose sums are
// proved to fit: their products are added in int16, and only at its end in int32.
// A step is a group of four k:
//
//	              channels  0-7  8-15
//	weights, int8 [8][4]    W0   W1
//	pixel 0  |  int16       Y0   Y1    sums of a run
//	…        |
//	pixel 5  |              Y10  Y11
//
// The int32 accumulators are in memory.
//
// In panels with large weights, runs are too short. There codes and weights are
// multiplied as int16, and Y0-Y11 are the accumulators.

#define RUNS  R12  // next run
#define ACC   R13  // accumulators, [pixel][16]
#define STEPS CX   // left in the run
#define AT    BX   // bytes from the start of the windows to the run

// For panels with large weights:
#define GROUPS CX   // left in the row
#define ROWS   BX   // left of the window
#define SKIP   R15  // bytes from the end of a row of a window to the next

#define W0 Y12
#define W1 Y13
#define X  Y14  // the codes of a pixel
#define P  Y15  // products

#define EVEN  Y12  // codes 0 and 2 of a pixel, int16
#define ODD   Y13  // codes 1 and 3
#define PRODS Y14
#define LOW   Y15  // mask of the low bytes of int16

DATA low<>+0(SB)/4, $0x00ff00ff
GLOBL low<>(SB), RODATA|NOPTR, $4

DATA ones<>+0(SB)/8, $0x0001000100010001
DATA ones<>+8(SB)/8, $0x0001000100010001
DATA ones<>+16(SB)/8, $0x0001000100010001
DATA ones<>+24(SB)/8, $0x0001000100010001
GLOBL ones<>(SB), RODATA|NOPTR, $32

// FIRST begins the sums of a pixel.
#define FIRST(codes, S0, S1) \
	VPBROADCASTD codes, X     \
	VPMADDUBSW   W0, X, S0    \
	VPMADDUBSW   W1, X, S1

// ADD adds a step of a pixel to its sums.
#define ADD(codes, S0, S1) \
	VPBROADCASTD codes, X   \
	VPMADDUBSW   W0, X, P   \
	VPMADDUBSW   W1, X, X   \
	VPADDW       P, S0, S0  \
	VPADDW       X, S1, S1

// END adds sums to accumulators.
#define END(S, acc) \
	VPMADDWD ones<>(SB), S, S \
	VPADDD   acc, S, S        \
	VMOVDQU  S, acc

// WIDE adds a step of a pixel to its accumulators.
#define WIDE(codes, A0, A1) \
	VPBROADCASTD codes, EVEN               \
	VPSRLW       $8, EVEN, ODD             \
	VPAND        LOW, EVEN, EVEN           \
	VPMADDWD     (WEIGHTS), EVEN, PRODS    \
	VPADDD       PRODS, A0, A0             \
	VPMADDWD     32(WEIGHTS), EVEN, EVEN   \
	VPADDD       EVEN, A1, A1              \
	VPMADDWD     64(WEIGHTS), ODD, PRODS   \
	VPADDD       PRODS, A0, A0             \
	VPMADDWD     96(WEIGHTS), ODD, ODD     \
	VPADDD       ODD, A1, A1

#define LOAD_WEIGHTS \
	VMOVDQU (WEIGHTS), W0   \
	VMOVDQU 32(WEIGHTS), W1 \
	ADDQ    $64, WEIGHTS

// func tilesAVX2(t *tileArgs)
//
//	t DI
TEXT ·tilesAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), ARGS
	MOVQ tileArgs_weights(ARGS), WEIGHTS
	MOVQ tileArgs_runs(ARGS), RUNS
	MOVQ tileArgs_acc(ARGS), ACC
	XORQ DONE, DONE

next:
	MOVQ tileArgs_srcStep(ARGS), STEP
	MOVQ tileArgs_bias(ARGS), TMP
	VMOVDQU (TMP)(DONE*4), Y0
	VMOVDQU 32(TMP)(DONE*4), Y1
	CMPL run_steps(RUNS), $0
	JLT  wide
	VMOVDQU Y0, (ACC)
	VMOVDQU Y1, 32(ACC)
	VMOVDQU Y0, 64(ACC)
	VMOVDQU Y1, 96(ACC)
	VMOVDQU Y0, 128(ACC)
	VMOVDQU Y1, 160(ACC)
	VMOVDQU Y0, 192(ACC)
	VMOVDQU Y1, 224(ACC)
	VMOVDQU Y0, 256(ACC)
	VMOVDQU Y1, 288(ACC)
	VMOVDQU Y0, 320(ACC)
	VMOVDQU Y1, 352(ACC)

run:
	MOVLQSX run_steps(RUNS), STEPS
	TESTQ   STEPS, STEPS
	JZ      ended
	MOVLQSX run_row(RUNS), AT
	IMULQ   tileArgs_rowStep(ARGS), AT
	MOVLQSX run_offset(RUNS), TMP
	ADDQ    $run__size, RUNS
	ADDQ    TMP, AT
	LOAD_UNITS
	ADVANCE(AT)

	LOAD_WEIGHTS
	FIRST((UNIT0), Y0, Y1)
	FIRST((UNIT0)(STEP*1), Y2, Y3)
	FIRST((UNIT1), Y4, Y5)
	FIRST((UNIT1)(STEP*1), Y6, Y7)
	FIRST((UNIT2), Y8, Y9)
	FIRST((UNIT2)(STEP*1), Y10, Y11)
	DECQ STEPS
	JZ   end

step:
	LOAD_WEIGHTS
	ADVANCE($4)
	ADD((UNIT0), Y0, Y1)
	ADD((UNIT0)(STEP*1), Y2, Y3)
	ADD((UNIT1), Y4, Y5)
	ADD((UNIT1)(STEP*1), Y6, Y7)
	ADD((UNIT2), Y8, Y9)
	ADD((UNIT2)(STEP*1), Y10, Y11)
	DECQ STEPS
	JNZ  step

end:
	END(Y0, (ACC))
	END(Y1, 32(ACC))
	END(Y2, 64(ACC))
	END(Y3, 96(ACC))
	END(Y4, 128(ACC))
	END(Y5, 160(ACC))
	END(Y6, 192(ACC))
	END(Y7, 224(ACC))
	END(Y8, 256(ACC))
	END(Y9, 288(ACC))
	END(Y10, 320(ACC))
	END(Y11, 352(ACC))
	JMP run

ended:
	ADDQ  $run__size, RUNS
	MOVQ  tileArgs_dst+0(ARGS), UNIT0
	TESTQ UNIT0, UNIT0
	JZ    done
	VMOVDQU (ACC), Y0
	VMOVDQU 32(ACC), Y1
	VMOVDQU 64(ACC), Y2
	VMOVDQU 96(ACC), Y3
	VMOVDQU 128(ACC), Y4
	VMOVDQU 160(ACC), Y5
	VMOVDQU 192(ACC), Y6
	VMOVDQU 224(ACC), Y7
	VMOVDQU 256(ACC), Y8
	VMOVDQU 288(ACC), Y9
	VMOVDQU 320(ACC), Y10
	VMOVDQU 352(ACC), Y11

codes:
	CODES_TILE
	ADDQ  $16, DONE
	CMPQ  DONE, tileArgs_channels(ARGS)
	JLT   next

done:
	VZEROUPPER
	RET

wide:
	ADDQ $run__size, RUNS
	LOAD_UNITS
	MOVQ tileArgs_groups(ARGS), TMP
	MOVQ tileArgs_rowStep(ARGS), SKIP
	MOVQ tileArgs_rows(ARGS), ROWS
	SHLQ $2, TMP
	SUBQ TMP, SKIP
	VPBROADCASTD low<>(SB), LOW
	COPY_BIAS

row:
	MOVQ tileArgs_groups(ARGS), GROUPS

group:
	WIDE((UNIT0), Y0, Y1)
	WIDE((UNIT0)(STEP*1), Y2, Y3)
	WIDE((UNIT1), Y4, Y5)
	WIDE((UNIT1)(STEP*1), Y6, Y7)
	WIDE((UNIT2), Y8, Y9)
	WIDE((UNIT2)(STEP*1), Y10, Y11)
	ADDQ $128, WEIGHTS
	ADVANCE($4)
	DECQ GROUPS
	JNZ  group
	ADVANCE(SKIP)
	DECQ ROWS
	JNZ  row

	MOVQ  tileArgs_dst+0(ARGS), UNIT0
	TESTQ UNIT0, UNIT0
	JNZ   codes
	MOVQ  ACC, TMP
	STORE_TILE
	VZEROUPPER
	RET
