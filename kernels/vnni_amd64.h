// Instructions that Go's assembler cannot encode, one macro each. Operands are
// register numbers in Go's order, the destination last. The comment is the
// disassembly, which a test checks.

// VPDPBUSD with a VEX prefix (AVX-VNNI), of 256 bits: C4, inverted high bits of the
// register numbers and the opcode map 0F38, the inverted number of the second
// operand with L = 1 and the prefix 66, the opcode, ModRM.
#define VPDPBUSD_Y(m, n, d) BYTE $0xC4; LONG $((0x42 | ((d)>>3^1)<<7 | ((m)>>3^1)<<5) | (0x05 | ((n)^15)<<3)<<8 | 0x50<<16 | (0xC0 | ((d)&7)<<3 | (m)&7)<<24) // {vex} vpdpbusd %ymm{m},%ymm{n},%ymm{d}
