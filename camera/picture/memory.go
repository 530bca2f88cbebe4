package picture

import (
	"fmt"
	"image"
	"image/color"
	"runtime/debug"

	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/internal/memory"
)

// availableMemory is memory.Available; the tests replace it.
var availableMemory = memory.Available

// smallNeed is the size in bytes below which the available memory is not checked: a
// frame of 1920x1080 pixels stays below it, and reading /proc for each would cost
// more than it saves.
const smallNeed = 32 << 20

// checkMemory rejects a picture that takes more memory to decode than limit, if that
// is not 0, or than is available: on a board with 512 MB the kernel would end the
// program.
func (f *format) checkMemory(file []byte, header image.Config, limit int64) error {
	kind := f.name
	decoded := int64(bytesPerPixel(header.ColorModel)) * 16 // per 16 pixels
	if f == jpegFormat {
		var progressive bool
		if decoded, progressive = jpegMemory(file, header.ColorModel); progressive {
			kind = "progressive JPEG"
		}
	}
	// image/png adds colour and opacity to grey pixels if one value is transparent (PNG,
	// third edition, section 11.3.2.1).
	if f.name == "PNG" && pngChunk(file, "tRNS") != nil {
		switch header.ColorModel {
		case color.GrayModel:
			decoded = 4 * 16
		case color.Gray16Model:
			decoded = 8 * 16
		}
	}
	const rgb = 3 * 16
	need := int64(header.Width) * int64(header.Height) * (decoded + rgb) / 16
	if limit > 0 && need > limit {
		return fmt.Errorf("%w: a %s of %dx%d pixels needs %d MB of memory to be decoded, and the limit is %d MB: scale it down first",
			ErrMemory, kind, header.Width, header.Height, need/1_000_000, limit/1_000_000)
	}
	if need < smallNeed {
		return nil
	}
	available, ok := availableMemory()
	if ok && need > available {
		debug.FreeOSMemory() // garbage of the previous picture
		available, ok = availableMemory()
	}
	if ok && need > available {
		return fmt.Errorf("a %s of %dx%d pixels needs %d MB of memory to be decoded, but only %d MB are available: scale it down first",
			kind, header.Width, header.Height, need/1_000_000, available/1_000_000)
	}
	return nil
}

// bytesPerPixel returns the size of a pixel in the images that decoders return.
func bytesPerPixel(m color.Model) int {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4 // RGBA, NRGBA, CMYK
}

// jpegMemory returns what image/jpeg allocates for 16 pixels, in bytes: a byte per
// sample, for a progressive JPEG also a coefficient of 4 bytes, and a converted
// copy if the file is not YCbCr or grey. A header that cannot be read counts as
// the worst case.
func jpegMemory(file []byte, m color.Model) (bytes int64, progressive bool) {
	samples := int64(16 * 4)
	progressive = true
	if sof, process := frameHeader(file); sof != nil {
		progressive = process == 2
		samples = samplesOf16(sof)
	}
	bytes = samples
	if progressive {
		bytes += 4 * samples
	}
	if m != color.YCbCrModel && m != color.GrayModel {
		bytes += 16 * 4
	}
	return bytes, progressive
}

// frameHeader returns the content of a JPEG's frame header and its process, the n
// of SOFn; nil if there is none.
func frameHeader(file []byte) (sof []byte, process byte) {
	for segment := range jpegsegment.All(file) {
		if isSOF(segment.Marker) && len(segment.Data) > 0 {
			return segment.Data, segment.Marker - jpegsegment.SOF0
		}
	}
	return nil, 0
}

// samplesOf16 returns the number of samples of 16 pixels, all components together.
// Each component has three bytes: number, sampling factors (of the width in the
// upper four bits), quantization table (ITU-T T.81, B.2.2).
func samplesOf16(sof []byte) int64 {
	const components = 6 // offset
	var maxH, maxV, sum int64 = 1, 1, 0
	for i := components; i+2 < len(sof); i += 3 {
		h, v := int64(sof[i+1]>>4), int64(sof[i+1]&15)
		maxH, maxV = max(maxH, h), max(maxV, v)
		sum += h * v
	}
	if len(sof) < components+2*3 {
		return 16 // one component is never subsampled
	}
	return (16*sum + maxH*maxV - 1) / (maxH * maxV)
}
