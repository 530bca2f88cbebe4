// Registers and macros of the micro-kernels with 256-bit vectors. A tile is three units of two
// pixels by a panel of 16 channels:
//
//	              channels  0-7  8-15
//	pixel 0  |              Y0   Y1
//	…        |
//	pixel 5  |              Y10  Y11

#define ARGS    DI   // *tileArgs
#define UNIT0   SI   // next group of pixel 0; its output
#define UNIT1   R8   // of pixel 2
#define UNIT2   R9   // of pixel 4
#define STEP    R10  // bytes from a pixel of a unit to the next
#define WEIGHTS DX   // next weights
#define DONE    R11  // channels
#define TMP     AX

// LOAD_UNITS loads where the units of the tile start.
#define LOAD_UNITS \
	MOVQ tileArgs_src+0(ARGS), UNIT0 \
	MOVQ tileArgs_src+8(ARGS), UNIT1 \
	MOVQ tileArgs_src+16(ARGS), UNIT2

// ADVANCE adds bytes to the addresses of the units.
#define ADVANCE(bytes) \
	ADDQ bytes, UNIT0 \
	ADDQ bytes, UNIT1 \
	ADDQ bytes, UNIT2

// COPY_BIAS copies the bias in Y0 and Y1 to the accumulators of the other pixels.
#define COPY_BIAS \
	VMOVDQA Y0, Y2 \
	VMOVDQA Y1, Y3 \
	VMOVDQA Y0, Y4 \
	VMOVDQA Y1, Y5 \
	VMOVDQA Y0, Y6 \
	VMOVDQA Y1, Y7 \
	VMOVDQA Y0, Y8 \
	VMOVDQA Y1, Y9 \
	VMOVDQA Y0, Y10 \
	VMOVDQA Y1, Y11

// During requantization.
#define MULT0 Y12  // multipliers
#define MULT1 Y13
#define MAX   Y14  // 255
#define ORDER Y15

DATA max<>+0(SB)/4, $0x437f0000 // 255 as float32
GLOBL max<>(SB), RODATA|NOPTR, $4
DATA signs<>+0(SB)/8, $0x8080808080808080
DATA signs<>+8(SB)/8, $0x8080808080808080
DATA signs<>+16(SB)/8, $0x8080808080808080
DATA signs<>+24(SB)/8, $0x8080808080808080
GLOBL signs<>(SB), RODATA|NOPTR, $32

// Packing leaves four channels of each of four vectors next to each other. order
// collects those of one vector.
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32

// SCALE multiplies accumulators by M, clamps them above and rounds them. The
// saturation of CODES clamps them below. VCVTPS2DQ rounds half to even, the
// default of MXCSR, which Go does not change.
#define SCALE(M, A) \
	VCVTDQ2PS A, A      \
	VMULPS    M, A, A   \
	VMINPS    MAX, A, A \
	VCVTPS2DQ A, A

// CODES stores the codes of a unit, whose accumulators are A0, A1 and B0, B1; X
// is the low half of A0.
#define CODES(A0, A1, B0, B1, X, unit) \
	SCALE(MULT0, A0)                 \
	SCALE(MULT1, A1)                 \
	SCALE(MULT0, B0)                 \
	SCALE(MULT1, B1)                 \
	VPACKSSDW    A1, A0, A0          \
	VPACKSSDW    B1, B0, B0          \
	VPACKUSWB    B0, A0, A0          \
	VPERMD       A0, ORDER, A0       \
	VPXOR        signs<>(SB), A0, A0 \
	VMOVDQU      X, (unit)           \
	VEXTRACTI128 $1, A0, (unit)(STEP*1)

// CODES_TILE stores the codes of a tile.
#define CODES_TILE \
	MOVQ tileArgs_dst+8(ARGS), UNIT1     \
	MOVQ tileArgs_dst+16(ARGS), UNIT2    \
	ADDQ DONE, UNIT0                     \
	ADDQ DONE, UNIT1                     \
	ADDQ DONE, UNIT2                     \
	MOVQ tileArgs_dstStep(ARGS), STEP    \
	MOVQ tileArgs_multiplier(ARGS), TMP  \
	VMOVUPS (TMP)(DONE*4), MULT0         \
	VMOVUPS 32(TMP)(DONE*4), MULT1       \
	VBROADCASTSS max<>(SB), MAX          \
	VMOVDQU order<>(SB), ORDER           \
	CODES(Y0, Y1, Y2, Y3, X0, UNIT0)     \
	CODES(Y4, Y5, Y6, Y7, X4, UNIT1)     \
	CODES(Y8, Y9, Y10, Y11, X8, UNIT2)

// STORE_TILE stores the accumulators of a tile.
#define STORE_TILE \
	VMOVDQU Y0, (TMP) \
	VMOVDQU Y1, 32(TMP) \
	VMOVDQU Y2, 64(TMP) \
	VMOVDQU Y3, 96(TMP) \
	VMOVDQU Y4, 128(TMP) \
	VMOVDQU Y5, 160(TMP) \
	VMOVDQU Y6, 192(TMP) \
	VMOVDQU Y7, 224(TMP) \
	VMOVDQU Y8, 256(TMP) \
	VMOVDQU Y9, 288(TMP) \
	VMOVDQU Y10, 320(TMP) \
	VMOVDQU Y11, 352(TMP)
