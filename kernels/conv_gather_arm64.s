//go:build !noasm

#include "textflag.h"

#define PATCH   R0
#define WINDOW  R1   // top left corner
#define WINDOWS R2   // left
#define ROWS    R3   // of a window
#define ROW     R4   // bytes from a row to the next
#define LENGTH  R5   // bytes of a row of a window
#define DEPTH   R6   // bytes from a copied window to the next
#define STEP    R7   // bytes from a window to the next
#define SRCROW  R8
#define DSTROW  R9
#define LEFT    R10  // bytes left in the row
#define ROWLEFT R11  // rows left in the window
#define SRC     R12
#define DST     R13

// func gatherNEON(patch, src *int8, windows, step, rows, row, length, depth int)
//
//	patch R0, src R1, windows R2, step R7, rows R3, row R4, length R5, depth R6
//
// Copies 16 bytes at a time; the next row overwrites what a row copies in
// excess.
TEXT ·gatherNEON(SB), NOSPLIT, $0-64
	MOVD patch+0(FP), PATCH
	MOVD src+8(FP), WINDOW
	MOVD windows+16(FP), WINDOWS
	MOVD step+24(FP), STEP
	MOVD rows+32(FP), ROWS
	MOVD row+40(FP), ROW
	MOVD length+48(FP), LENGTH
	MOVD depth+56(FP), DEPTH

window:
	MOVD WINDOW, SRCROW
	MOVD PATCH, DSTROW
	MOVD ROWS, ROWLEFT

row:
	MOVD SRCROW, SRC
	MOVD DSTROW, DST
	MOVD LENGTH, LEFT

copy:
	FMOVQ.P 16(SRC), F0
	FMOVQ.P F0, 16(DST)
	SUBS    $16, LEFT
	BGT     copy

	ADD  ROW, SRCROW
	ADD  LENGTH, DSTROW
	SUB  $1, ROWLEFT
	CBNZ ROWLEFT, row

	ADD  STEP, WINDOW
	ADD  DEPTH, PATCH
	SUB  $1, WINDOWS
	CBNZ WINDOWS, window
	RET
