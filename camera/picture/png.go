package picture

import "encoding/binary"

// pngExif returns the Exif data of a PNG's chunk eXIf (PNG, third edition, section
// 11.3.4.5), or nil if there are none.
func pngExif(file []byte) []byte { return pngChunk(file, "eXIf") }

// pngChunk returns the content of the first chunk of a kind, or nil if there is none.
func pngChunk(file []byte, want string) []byte {
	const signature, header, checksum = 8, 8, 4
	for rest := file[min(signature, len(file)):]; len(rest) >= header; {
		length, kind := binary.BigEndian.Uint32(rest), string(rest[4:header])
		if uint64(length)+header+checksum > uint64(len(rest)) {
			return nil
		}
		content := rest[header : header+length]
		if kind == want {
			return content
		}
		rest = rest[header+length+checksum:]
	}
	return nil
}
