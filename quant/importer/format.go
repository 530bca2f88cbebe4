package importer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"halfmeg/model"
)

// The formats, as Loaded.Format has them.
const (
	formatONNX        = "onnx"
	formatCaffe       = "caffemodel"
	formatPTH         = "pth"
	formatSafetensors = "safetensors"
	formatNet         = "net"
)

// recognise tells the format by the content and reads the file.
func recognise(data []byte, want *choices) (*contents, error) {
	if err := foreign(data); err != nil {
		return nil, err
	}
	var c *contents
	var err error
	format := formatOf(data, want)
	switch format {
	case formatONNX:
		c, err = readONNX(data)
	case formatCaffe:
		c, err = readCaffe(data)
	case formatPTH:
		c, err = readPTH(data)
	case formatSafetensors:
		c, err = readSafetensors(data)
	case formatNet:
		c, err = readNet(data, want.netTopology())
	default:
		return nil, errors.New("not recognised as ONNX, .caffemodel, .pth, .safetensors or Deep Compression's .net")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", format, err)
	}
	c.format = format
	return c, nil
}

// formatOf is the format, "" if it is none of ours. Protobuf comes last, for
// it has no mark of its own.
func formatOf(data []byte, want *choices) string {
	switch {
	case isZip(data), isPickle(data):
		return formatPTH
	case isSafetensors(data):
		return formatSafetensors
	case isNet(data, want.netTopology()):
		return formatNet
	}
	return protobufFormat(data)
}

// foreign refuses what is often taken for a weight file, with advice.
func foreign(data []byte) error {
	switch {
	case len(data) == 0:
		return errors.New("the file is empty")
	case bytes.HasPrefix(data, []byte("version https://git-lfs")):
		return errors.New("a Git LFS pointer, not the weights themselves: fetch them with git lfs pull")
	case bytes.HasPrefix(data, []byte("\x89HDF\r\n")):
		return errors.New("HDF5 (Keras, Caffe's .h5) is not supported: export the network as ONNX")
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return errors.New("a tar archive, perhaps of a PyTorch before 0.2: load it and save its state_dict() again")
	}
	return nil
}

func isZip(data []byte) bool { return bytes.HasPrefix(data, []byte("PK\x03\x04")) }

// isPickle knows a pickle of protocol 2 or later, which opens the old format of torch.save.
func isPickle(data []byte) bool {
	return len(data) > 1 && data[0] == opProto && data[1] >= 2 && data[1] <= 5
}

func isSafetensors(data []byte) bool {
	return len(data) > 8 && data[8] == '{' && binary.LittleEndian.Uint64(data) <= maxHeader
}

// netTopology is the network whose shapes a .net file, which has none, is
// read with: v1.0 or what -topology says.
func (c *choices) netTopology() model.Topology {
	t := model.V10()
	if c.topology != nil {
		t = *c.topology
	}
	if t.Head.Classes == 0 {
		t.Head.Classes = model.V10().Head.Classes
	}
	t.Size = 1024 // any side will do, for weights do not depend on it
	return t
}

// protobufFormat tells ONNX from Caffe by the first field whose number and
// type only one of them has at the top; "" for neither.
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
			return formatCaffe // layer
		case number == 2 && isBytes:
			found = formatCaffe // Caffe's V1 layers, unless ONNX's producer
		}
		skip := protowire.ConsumeFieldValue(number, kind, data[n:])
		if skip < 0 {
			return found
		}
		data = data[n+skip:]
	}
	return found
}
