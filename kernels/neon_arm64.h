// Instructions that Go's assembler cannot encode, one macro each. Operands are
// register numbers in Go's order, the destination last; a name ends with the
// arrangement of the destination. The comment is the disassembly, which a test
// checks.

#define SDOT_4S_ELEMENT(i, m, n, d) WORD $(0x4F80E000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // sdot v{d}.4s, v{n}.16b, v{m}.4b[{i}]
#define SMAX_16B(m, n, d) WORD $(0x4E206400 | (m)<<16 | (n)<<5 | (d)) // smax v{d}.16b, v{n}.16b, v{m}.16b
#define SMAX_4S(m, n, d) WORD $(0x4EA06400 | (m)<<16 | (n)<<5 | (d)) // smax v{d}.4s, v{n}.4s, v{m}.4s
#define SCVTF_4S(n, d) WORD $(0x4E21D800 | (n)<<5 | (d)) // scvtf v{d}.4s, v{n}.4s
#define FMUL_4S(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d)) // fmul v{d}.4s, v{n}.4s, v{m}.4s
#define FADD_4S(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d)) // fadd v{d}.4s, v{n}.4s, v{m}.4s
#define FMAX_4S(m, n, d) WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d)) // fmax v{d}.4s, v{n}.4s, v{m}.4s
#define FMIN_4S(m, n, d) WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d)) // fmin v{d}.4s, v{n}.4s, v{m}.4s
#define SQXTN_8B(n, d) WORD $(0x0E214800 | (n)<<5 | (d)) // sqxtn v{d}.8b, v{n}.8h
#define SQXTN2_16B(n, d) WORD $(0x4E214800 | (n)<<5 | (d)) // sqxtn2 v{d}.16b, v{n}.8h
#define SMULL_8H(m, n, d) WORD $(0x0E20C000 | (m)<<16 | (n)<<5 | (d)) // smull v{d}.8h, v{n}.8b, v{m}.8b
#define SMLAL_8H(m, n, d) WORD $(0x0E208000 | (m)<<16 | (n)<<5 | (d)) // smlal v{d}.8h, v{n}.8b, v{m}.8b
#define SMLAL2_8H(m, n, d) WORD $(0x4E208000 | (m)<<16 | (n)<<5 | (d)) // smlal2 v{d}.8h, v{n}.16b, v{m}.16b
#define SADDLP_4S(n, d) WORD $(0x4E602800 | (n)<<5 | (d)) // saddlp v{d}.4s, v{n}.8h
#define SADALP_4S(n, d) WORD $(0x4E606800 | (n)<<5 | (d)) // sadalp v{d}.4s, v{n}.8h
#define XTN_4H(n, d) WORD $(0x0E612800 | (n)<<5 | (d)) // xtn v{d}.4h, v{n}.4s
#define XTN2_8H(n, d) WORD $(0x4E612800 | (n)<<5 | (d)) // xtn2 v{d}.8h, v{n}.4s
#define XTN_8B(n, d) WORD $(0x0E212800 | (n)<<5 | (d)) // xtn v{d}.8b, v{n}.8h
