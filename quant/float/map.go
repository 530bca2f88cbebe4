package float

// Map is a square feature map, HWC: element (y, x, c) is
// Data[(y*Size+x)*Stride+c]. Stride is larger than Channels where a map is
// some channels of another.
type Map struct {
	Size     int
	Channels int
	Stride   int
	Data     []float32
}

// NewMap allocates a map of zeros.
func NewMap(size, channels int) Map {
	return Map{Size: size, Channels: channels, Stride: channels, Data: make([]float32, size*size*channels)}
}

// Slice returns the channels [from, from+channels) of the map; it shares memory.
func (m Map) Slice(from, channels int) Map {
	return Map{Size: m.Size, Channels: channels, Stride: m.Stride, Data: m.Data[from:]}
}

// pixel returns the channels of one pixel; it shares memory.
func (m Map) pixel(y, x int) []float32 {
	at := (y*m.Size + x) * m.Stride
	return m.Data[at : at+m.Channels]
}

// Sums returns the sum of each channel over the map.
func (m Map) Sums() []float32 {
	sums := make([]float32, m.Channels)
	addRuns(sums, 0, m.Data, m.Stride, m.Channels, m.Size*m.Size)
	return sums
}

// Add adds src to dst, which has the same shape.
func Add(dst, src Map) {
	addRuns(dst.Data, dst.Stride, src.Data, src.Stride, src.Channels, dst.Size*dst.Size)
}

// ReLU sets negative elements to zero.
func ReLU(m Map) {
	reluRuns(m.Data, m.Stride, m.Channels, m.Size*m.Size)
}
