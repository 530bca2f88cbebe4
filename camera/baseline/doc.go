// Package baseline decodes the JPEGs of cameras to planes of Y, Cb and Cr, at full
// size or scaled down. It is made for streams: buffers and tables are reused, and a
// decoder that has seen a frame decodes the next one of its kind without allocating.
//
// # A JPEG
//
// Section numbers are those of ITU-T T.81.
//
//   - The picture has one component, Y, or three: Y, Cb and Cr. Cb and Cr may have half
//     the samples in a row (4:2:2) or half the rows, too (4:2:0). Each component is
//     divided into blocks of 8x8 samples (A.1, A.2).
//   - Each block is transformed to 64 coefficients, which are divided by the steps of a
//     quantization table and rounded: most of the high frequencies become zero (A.3).
//   - The coefficients of a block are written in zigzag order, from low to high
//     frequencies. The first one, DC, is coded as the difference from that of the block
//     before. Each of the others that is not zero is a Huffman code for the number of
//     zeros before it and the number of its bits, followed by these bits. The code EOB
//     ends a block (F.1.2).
//   - Blocks are interleaved: an MCU has, for example, two blocks of Y, one of Cb and one
//     of Cr that cover the same 16x8 pixels (A.2.3).
//   - Restart markers may divide the data into intervals that can be decoded on their
//     own (F.1.1.5.2).
//   - In the data of a scan a byte 0xff is followed by a stuffed zero; anything else after
//     it is a marker (B.1.1.5).
//
// # How it is decoded
//
// The data of an interval are copied without the stuffed zeros, so that the bit reader
// can load eight bytes at a time. A table of 1024 entries maps the next ten bits to the
// run of zeros, the length and, if all its bits are within the ten, the coefficient
// itself. Coefficients are multiplied by their quantizer step as they are decoded.
// After each row of MCUs package idct transforms its blocks.
//
// Scaled down to n/8, n = 4, 2 or 1, a block becomes n x n samples, which depend on its
// lowest n x n coefficients only. All others are skipped. That is faster than scaling
// the picture afterwards, and has less aliasing than omitting pixels.
//
// # What it does not decode
//
// Decode returns ErrUnsupported for kinds of JPEG that cameras rarely send: progressive,
// arithmetic and 12-bit coding, CMYK and RGB, several scans, other subsamplings.
//
// It returns ErrDamaged, and no picture, for data that end early, hold an invalid code,
// lack a restart marker, or go on after the picture's last block: a transfer that broke
// off leaves stale bytes of an earlier frame, or zeros, in the driver's buffer. Not all
// of these can be detected: zeros may be codes of the last blocks, a frame that breaks off
// in its first bytes is the earlier one, and an interval between restart markers may be
// continued by an earlier one of nearly the same length.
//
// Frames may lack the Huffman tables and the end marker.
package baseline
