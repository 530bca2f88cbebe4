// Instructions that Go's assembler cannot encode, one macro each. Operands are
// register numbers in Go's order, the destination last; a name ends with the
// arrangement of the destination. The comment is the disassembly, which a test
// checks.

#define UMULL_4S(m, n, d) WORD $(0x2E60C000 | (m)<<16 | (n)<<5 | (d)) // umull v{d}.4s, v{n}.4h, v{m}.4h
#define UMLAL_4S(m, n, d) WORD $(0x2E608000 | (m)<<16 | (n)<<5 | (d)) // umlal v{d}.4s, v{n}.4h, v{m}.4h
#define UMLAL2_4S(m, n, d) WORD $(0x6E608000 | (m)<<16 | (n)<<5 | (d)) // umlal2 v{d}.4s, v{n}.8h, v{m}.8h
#define SMULL_4S(m, n, d) WORD $(0x0E60C000 | (m)<<16 | (n)<<5 | (d)) // smull v{d}.4s, v{n}.4h, v{m}.4h
#define SMULL2_4S(m, n, d) WORD $(0x4E60C000 | (m)<<16 | (n)<<5 | (d)) // smull2 v{d}.4s, v{n}.8h, v{m}.8h
#define SMLAL_4S(m, n, d) WORD $(0x0E608000 | (m)<<16 | (n)<<5 | (d)) // smlal v{d}.4s, v{n}.4h, v{m}.4h
#define SMLAL2_4S(m, n, d) WORD $(0x4E608000 | (m)<<16 | (n)<<5 | (d)) // smlal2 v{d}.4s, v{n}.8h, v{m}.8h
#define RSHRN_4H(s, n, d) WORD $(0x0F008C00 | (32-(s))<<16 | (n)<<5 | (d)) // rshrn v{d}.4h, v{n}.4s, #{s}
#define RSHRN2_8H(s, n, d) WORD $(0x4F008C00 | (32-(s))<<16 | (n)<<5 | (d)) // rshrn2 v{d}.8h, v{n}.4s, #{s}
#define SQRSHRN_8B(s, n, d) WORD $(0x0F009C00 | (16-(s))<<16 | (n)<<5 | (d)) // sqrshrn v{d}.8b, v{n}.8h, #{s}
#define USUBL_8H(m, n, d) WORD $(0x2E202000 | (m)<<16 | (n)<<5 | (d)) // usubl v{d}.8h, v{n}.8b, v{m}.8b
#define USUBL2_8H(m, n, d) WORD $(0x6E202000 | (m)<<16 | (n)<<5 | (d)) // usubl2 v{d}.8h, v{n}.16b, v{m}.16b
#define SQRDMULH_8H(m, n, d) WORD $(0x6E60B400 | (m)<<16 | (n)<<5 | (d)) // sqrdmulh v{d}.8h, v{n}.8h, v{m}.8h
