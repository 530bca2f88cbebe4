package importer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"halfmeg/model"
)

// Values of Loaded.Format.
const (
	formatONNX            = "onnx"
	formatCaffe           = "caffemodel"
	formatTorch           = "pth"
	formatSafetensors     = "safetensors"
	formatDeepCompression = "net"
)

// readFormat detects the format of a file and reads it.
func readFormat(data []byte, external *externalFiles, opts *overrides) (*file, error) {
	if err := rejectForeign(data); err != nil {
		return nil, err
	}
	var f *file
	var err error
	format := formatOf(data, opts)
	switch format {
	case formatONNX:
		f, err = readONNX(data, external)
	case formatCaffe:
		f, err = readCaffe(data)
	case formatTorch:
		f, err = readTorch(data)
	case formatSafetensors:
		f, err = readSafetensors(data)
	case formatDeepCompression:
		f, err = readDeepCompression(data, opts.netTopology())
	default:
		return nil, errors.New("not recognised as ONNX, .caffemodel, .pth, .safetensors or Deep Compression's .net")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", format, err)
	}
	f.format = format
	return f, nil
}

// formatOf detects the format; "" means none of those above. Protobuf has no
// signature of its own and is tried last.
func formatOf(data []byte, opts *overrides) string {
	switch {
	case isZip(data), isPickle(data):
		return formatTorch
	case isSafetensors(data):
		return formatSafetensors
	case isDeepCompression(data, opts.netTopology()):
		return formatDeepCompression
	}
	return protobufFormat(data)
}

// rejectForeign names files that are often mistaken for weights, and says what
// to do about them.
func rejectForeign(data []byte) error {
	switch {
	case len(data) == 0:
		return errors.New("the file is empty")
	case bytes.HasPrefix(data, []byte("version https://git-lfs")):
		return errors.New("a Git LFS pointer instead of the weights: fetch them with git lfs pull")
	case bytes.HasPrefix(data, []byte("\x89HDF\r\n")):
		return errors.New("HDF5 (Keras, Caffe's .h5) is not supported: export the network as ONNX")
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return errors.New("a tar archive, perhaps of a PyTorch before 0.2: load it and save its state_dict() again")
	}
	return nil
}

func isZip(data []byte) bool { return bytes.HasPrefix(data, []byte("PK\x03\x04")) }

// isPickle detects a pickle of protocol 2 to 5, with which torch.save's legacy
// format begins.
func isPickle(data []byte) bool {
	return len(data) > 1 && data[0] == opProto && data[1] >= 2 && data[1] <= 5
}

func isSafetensors(data []byte) bool {
	return len(data) > 8 && data[8] == '{' && binary.LittleEndian.Uint64(data) <= maxHeader
}

// netTopology returns the network that a .net file, which states no shapes,
// is read as: that of -topology, or v1.0.
func (o *overrides) netTopology() model.Topology {
	t := model.V10()
	if o.topology != nil {
		t = *o.topology
	}
	if t.Head.Classes == 0 {
		t.Head.Classes = model.V10().Head.Classes
	}
	t.Size = 1024 // any valid side: the weights do not depend on it
	return t
}

// protobufFormat tells ONNX (ModelProto) from Caffe (NetParameter) by the first
// top-level field whose number and type only one of them has; "" means neither.
func protobufFormat(data []byte) string {
	found := ""
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return ""
		}
		isBytes := kind == protowire.BytesType
		switch {
		case number == 1 && kind == protowire.VarintType, number == 7 && isBytes:
			return formatONNX // ir_version, graph
		case number == 100 && isBytes:
			return formatCaffe // layer (V2)
		case number == 2 && isBytes:
			found = formatCaffe // Caffe's V1 layers, or ONNX's producer_name
		}
		skip := protowire.ConsumeFieldValue(number, kind, data[n:])
		if skip < 0 {
			return found
		}
		data = data[n+skip:]
	}
	return found
}
