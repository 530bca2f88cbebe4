//go:build !noasm

#include "textflag.h"

// The loops of elements.go in vectors of eight.
//
//	AX           elements done of a run
//	CX           elements of a run
//	DI SI DX     slices, at the current run
//	BX R9 R10    bytes from a run to the next in each
//	R8           runs left

// NEXT ends the loop over a run.
#define NEXT \
	ADDQ $8, AX \
	CMPQ AX, CX \
	JLT  loop

// NEXT_RUN ends the loop over runs.
#define NEXT_RUN \
	ADDQ BX, DI \
	ADDQ R9, SI \
	DECQ R8     \
	JNZ  run    \
	VZEROUPPER  \
	RET

// DST_SRC loads the arguments of copyRuns and addRuns.
#define DST_SRC \
	MOVQ dst+0(FP), DI     \
	MOVQ ldd+8(FP), BX     \
	MOVQ src+16(FP), SI    \
	MOVQ lds+24(FP), R9    \
	MOVQ length+32(FP), CX \
	MOVQ n+40(FP), R8      \
	SHLQ $2, BX            \
	SHLQ $2, R9

// func reluRunsAVX2(x *float32, ldx, length, n int)
// length is a positive multiple of eight.
TEXT ·reluRunsAVX2(SB), NOSPLIT, $0-32
	MOVQ   x+0(FP), DI
	MOVQ   ldx+8(FP), BX
	MOVQ   length+16(FP), CX
	MOVQ   n+24(FP), R8
	SHLQ   $2, BX
	VXORPS Y0, Y0, Y0

run:
	XORQ AX, AX

loop:
	VMAXPS  (DI)(AX*4), Y0, Y1 // x where x is NaN
	VADDPS  Y0, Y1, Y1         // -0 + 0 = 0
	VMOVUPS Y1, (DI)(AX*4)
	NEXT
	NEXT_RUN

// func copyRunsAVX2(dst *float32, ldd int, src *float32, lds, length, n int)
// length is at least eight. The last vector of a run may overlap the one before it.
TEXT ·copyRunsAVX2(SB), NOSPLIT, $0-48
	DST_SRC
	SUBQ $8, CX

run:
	XORQ AX, AX
	JMP  check

loop:
	VMOVUPS (SI)(AX*4), Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX

check:
	CMPQ    AX, CX
	JLT     loop
	VMOVUPS (SI)(CX*4), Y0
	VMOVUPS Y0, (DI)(CX*4)
	NEXT_RUN

// func addRunsAVX2(dst *float32, ldd int, src *float32, lds, length, n int)
// length is a positive multiple of eight.
TEXT ·addRunsAVX2(SB), NOSPLIT, $0-48
	DST_SRC

run:
	XORQ AX, AX

loop:
	VMOVUPS (DI)(AX*4), Y0
	VADDPS  (SI)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	NEXT_RUN

// LARGER sets MAX to V where V is larger or NaN. T and M are scratch.
#define LARGER(V, MAX, T, M) \
	VMAXPS    MAX, V, T     \
	VCMPPS    $3, V, V, M   \
	VBLENDVPS M, V, T, MAX

// n is a positive multiple of eight in the others, which have no runs.

// func addWideAVX2(sums *float64, values *float32, n int)
TEXT ·addWideAVX2(SB), NOSPLIT, $0-24
	MOVQ sums+0(FP), DI
	MOVQ values+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

loop:
	VCVTPS2PD (SI)(AX*4), Y0
	VCVTPS2PD 16(SI)(AX*4), Y1
	VADDPD    (DI)(AX*8), Y0, Y0
	VADDPD    32(DI)(AX*8), Y1, Y1
	VMOVUPD   Y0, (DI)(AX*8)
	VMOVUPD   Y1, 32(DI)(AX*8)
	NEXT
	VZEROUPPER
	RET

// func fromBytesAVX2(dst *float32, src *uint8, scale float32, n int)
TEXT ·fromBytesAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	VBROADCASTSS scale+16(FP), Y1
	MOVQ         n+24(FP), CX
	XORQ         AX, AX

loop:
	VPMOVZXBD (SI)(AX*1), Y0
	VCVTDQ2PS Y0, Y0
	VMULPS    Y1, Y0, Y0
	VMOVUPS   Y0, (DI)(AX*4)
	NEXT
	VZEROUPPER
	RET

// func maxOfAVX2(dst, x, y, z *float32, n int)
TEXT ·maxOfAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), DX
	MOVQ z+24(FP), R8
	MOVQ n+32(FP), CX
	XORQ AX, AX

loop:
	VMOVUPS (SI)(AX*4), Y0
	VMOVUPS (DX)(AX*4), Y1
	VMOVUPS (R8)(AX*4), Y2
	LARGER(Y1, Y0, Y3, Y4)
	LARGER(Y2, Y0, Y3, Y4)
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	VZEROUPPER
	RET

// func closeGatesAVX2(d *float32, ldd int, out *float32, ldo int, base *float32, ldb, length, n int)
// length is a positive multiple of eight.
TEXT ·closeGatesAVX2(SB), NOSPLIT, $0-64
	MOVQ d+0(FP), DI
	MOVQ ldd+8(FP), BX
	MOVQ out+16(FP), SI
	MOVQ ldo+24(FP), R9
	MOVQ base+32(FP), DX
	MOVQ ldb+40(FP), R10
	MOVQ length+48(FP), CX
	MOVQ n+56(FP), R8
	SHLQ $2, BX
	SHLQ $2, R9
	SHLQ $2, R10

run:
	XORQ AX, AX

loop:
	VMOVUPS (SI)(AX*4), Y0
	VCMPPS  $6, (DX)(AX*4), Y0, Y0 // not (out <= base): NaN keeps the gate open
	VANDPS  (DI)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	ADDQ R10, DX
	NEXT_RUN

// ROUTE adds what is left of d, Y1, to a pixel of dst where in equals largest, Y0, and
// sets it to zero there.
#define ROUTE(IN, DST) \
	VCMPPS    $0, IN, Y0, Y2 \
	VMOVUPS   DST, Y3        \
	VADDPS    Y1, Y3, Y4     \
	VBLENDVPS Y2, Y4, Y3, Y3 \
	VMOVUPS   Y3, DST        \
	VANDNPS   Y1, Y2, Y1

// ROUTE_ROW does it for the pixels of one row, and advances to the next channels.
#define ROUTE_ROW(IN, DST) \
	ROUTE((IN), (DST))                 \
	ROUTE((IN)(BX*4), (DST)(BX*4))     \
	ROUTE((IN)(R12*4), (DST)(R12*4))   \
	ADDQ $32, IN                       \
	ADDQ $32, DST

// func routeGradientAVX2(dst, in, d, largest *float32, rows, columns *[3]int, n int)
//
//	SI R8 R9    in, at the first pixel of each row
//	DI R10 R11  dst there
//	BX R12      elements from there to the pixels in the other columns
//	DX R13      d, largest
TEXT ·routeGradientAVX2(SB), NOSPLIT, $0-56
	MOVQ columns+40(FP), AX
	MOVQ (AX), CX
	MOVQ 8(AX), BX
	MOVQ 16(AX), R12
	SUBQ CX, BX
	SUBQ CX, R12
	MOVQ rows+32(FP), AX
	MOVQ (AX), R8
	MOVQ 8(AX), R10
	MOVQ 16(AX), R11
	ADDQ CX, R8
	ADDQ CX, R10
	ADDQ CX, R11
	MOVQ in+8(FP), CX
	LEAQ (CX)(R8*4), SI
	MOVQ dst+0(FP), DX
	LEAQ (DX)(R8*4), DI
	LEAQ (CX)(R10*4), R8
	LEAQ (CX)(R11*4), R9
	LEAQ (DX)(R10*4), R10
	LEAQ (DX)(R11*4), R11
	MOVQ d+16(FP), DX
	MOVQ largest+24(FP), R13
	MOVQ n+48(FP), CX
	XORQ AX, AX

loop:
	VMOVUPS (R13)(AX*4), Y0
	VMOVUPS (DX)(AX*4), Y1
	// The other row was that of the windows above. The next pixels are not fetched early
	// enough without this.
	PREFETCHT0 4096(R8)
	PREFETCHT0 4096(R9)
	ROUTE_ROW(SI, DI)
	ROUTE_ROW(R8, R10)
	ROUTE_ROW(R9, R11)
	NEXT
	VZEROUPPER
	RET
