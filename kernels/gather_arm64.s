#include "textflag.h"

// func gather4NEON(patch *int8, windows *[4]*int8, rows, row, run, depth int)
//
// Copies 16 bytes at a time; what a row of a window writes too much the next
// one overwrites.
//
//	R0 patch         R4 bytes in a row of a window   R8  read in a row
//	R1 windows       R5 depth                        R9  written in a row
//	R2 rows          R6 row of the window            R10 bytes left
//	R3 row of a map  R7 its copy                     R11 rows left
//	R12 windows left
TEXT ·gather4NEON(SB), NOSPLIT, $0-48
	MOVD patch+0(FP), R0
	MOVD windows+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD row+24(FP), R3
	MOVD run+32(FP), R4
	MOVD depth+40(FP), R5
	MOVD $4, R12

window:
	MOVD.P 8(R1), R6
	MOVD   R0, R7
	MOVD   R2, R11

row:
	MOVD R6, R8
	MOVD R7, R9
	MOVD R4, R10

copy:
	FMOVQ.P 16(R8), F0
	FMOVQ.P F0, 16(R9)
	SUBS    $16, R10
	BGT     copy

	ADD  R3, R6
	ADD  R4, R7
	SUB  $1, R11
	CBNZ R11, row

	ADD  R5, R0
	SUB  $1, R12
	CBNZ R12, window
	RET
