package sqz

// A symbol of a text is a byte, or endSymbol for its end.
const endSymbol = 1 << 8

// frequent are the symbols with short codes, the most frequent of English
// labels first. A byte 0 stands for the end of a text.
const frequent = "e aroitn" + "ls\x00,chup" + "dbmgkfwyv-AxCzjS"

// maxNode is more than any proper beginning of a code behind a leading 1.
const maxNode = 1 << 11

// codes are the symbols' codes behind a leading 1: 0 and three bits for the
// first eight of the frequent symbols, 10 and three bits for the next, 110
// and four bits for the rest; 111 and the byte for all others. leaves is the
// inverse: a symbol plus 1, or 0 where a code has not ended.
var codes, leaves = func() (codes [endSymbol + 1]int, leaves [2 * maxNode]uint16) {
	for b := range 1 << 8 {
		codes[b] = 0b1111<<8 | b
		leaves[codes[b]] = uint16(b + 1) // even if it has a shorter code
	}
	for rank, b := range []byte(frequent) {
		symbol := int(b)
		if b == 0 {
			symbol = endSymbol
		}
		switch {
		case rank < 8:
			codes[symbol] = 0b10<<3 | rank
		case rank < 16:
			codes[symbol] = 0b110<<3 | rank - 8
		default:
			codes[symbol] = 0b1110<<4 | rank - 16
		}
	}
	for symbol, code := range codes {
		leaves[code] = uint16(symbol + 1)
	}
	return codes, leaves
}()
