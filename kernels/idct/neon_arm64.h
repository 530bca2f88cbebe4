// Instructions that Go's assembler cannot encode, one macro each. Operands are
// register numbers in Go's order, the destination last; a name ends with the
// arrangement of the destination. The comment is the disassembly, which a test
// checks.

#define SQRDMULH_8H(m, n, d) WORD $(0x6E60B400 | (m)<<16 | (n)<<5 | (d)) // sqrdmulh v{d}.8h, v{n}.8h, v{m}.8h
#define SQRSHRN_8B(s, n, d) WORD $(0x0F009C00 | (16-(s))<<16 | (n)<<5 | (d)) // sqrshrn v{d}.8b, v{n}.8h, #{s}
