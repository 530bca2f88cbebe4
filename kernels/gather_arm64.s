#include "textflag.h"

// func gatherNEON(patch, src *int8, windows, step, rows, row, run, depth int)
//
// Copies 16 bytes at a time; what a row of a window writes too much the next
// one overwrites.
//
//	R0 patch            R4 row of a map    R8  row of the window   R11 rows left
//	R1 window           R5 run             R9  its copy            R12 read in a row
//	R2 windows left     R6 depth           R10 bytes left          R13 written in a row
//	R3 rows             R7 step
TEXT ·gatherNEON(SB), NOSPLIT, $0-64
	MOVD patch+0(FP), R0
	MOVD src+8(FP), R1
	MOVD windows+16(FP), R2
	MOVD step+24(FP), R7
	MOVD rows+32(FP), R3
	MOVD row+40(FP), R4
	MOVD run+48(FP), R5
	MOVD depth+56(FP), R6

window:
	MOVD R1, R8
	MOVD R0, R9
	MOVD R3, R11

row:
	MOVD R8, R12
	MOVD R9, R13
	MOVD R5, R10

copy:
	FMOVQ.P 16(R12), F0
	FMOVQ.P F0, 16(R13)
	SUBS    $16, R10
	BGT     copy

	ADD  R4, R8
	ADD  R5, R9
	SUB  $1, R11
	CBNZ R11, row

	ADD  R7, R1
	ADD  R6, R0
	SUB  $1, R2
	CBNZ R2, window
	RET
