package importer

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var safetensorsNames = map[dtype]string{float32Type: "F32", float64Type: "F64", float16Type: "F16", bfloat16Type: "BF16"}

// entry is a tensor of a state dict.
type entry struct {
	name   string
	shape  []int64
	values []float32
}

// entries returns the state dict of a sample, in the order of the layers.
func (s *sample) entries() []entry { return s.entriesAs(s.torchName) }

// entriesAs returns the state dict with custom names for the convolutions.
func (s *sample) entriesAs(name func(i int) string) []entry {
	var e []entry
	for i, step := range s.steps {
		e = append(e, entry{name(i) + ".weight", s.shape(i), s.weights[i]}, entry{name(i) + ".bias", []int64{int64(step.Out)}, s.bias[i]})
	}
	return e
}

// norm returns the state of the batch normalization after convolution i.
func (s *sample) norm(name string, i int) []entry {
	var e []entry
	for p, part := range []string{"weight", "bias", "running_mean", "running_var"} {
		e = append(e, entry{name + "." + part, []int64{int64(s.steps[i].Out)}, s.norms[i][p]})
	}
	return append(e, entry{name + ".num_batches_tracked", nil, []float32{7}})
}

// safetensors encodes a sample in one data type.
func (s *sample) safetensors(kind dtype) []byte { return safetensorsOf(kind, s.entries()) }

func safetensorsOf(kind dtype, entries []entry) []byte {
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var values []byte
	for _, e := range entries {
		begin := len(values)
		if e.shape == nil {
			e.shape = []int64{}
		}
		values = append(values, encode(kind, e.values)...)
		header[e.name] = map[string]any{"dtype": safetensorsNames[kind], "shape": e.shape, "data_offsets": []int{begin, len(values)}}
	}
	text, _ := json.Marshal(header) // cannot fail: a map of plain values
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), values...)
}

// pickleWriter writes opcodes as Python's pickler of protocol 2 does.
type pickleWriter struct{ bytes.Buffer }

func (w *pickleWriter) text(s string) {
	w.WriteByte(opBinUnicode)
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	w.WriteString(s)
}

func (w *pickleWriter) int(v int64) {
	w.WriteByte(opBinInt)
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
}

func (w *pickleWriter) global(module, name string) {
	w.WriteString("c" + module + "\n" + name + "\n")
}

func (w *pickleWriter) ints(v []int64) {
	w.WriteByte(opMark)
	for _, x := range v {
		w.int(x)
	}
	w.WriteByte(opTuple)
}

// torchVariant selects among the ways to encode a checkpoint.
type torchVariant struct {
	stream   bool     // the legacy format, before PyTorch 1.6
	prefix   string   // of the keys: "module."
	wrappers []string // keys around the state dict, outermost first
	storage  string   // class of the storages: FloatStorage, …
	kind     dtype
	ordered  bool    // an OrderedDict with _metadata, as state_dict() returns
	columns  bool    // weights are [in][out] in memory, so strides are not row-major
	params   bool    // Parameters instead of tensors
	offset   int     // values before each tensor in its storage
	class    string  // if set, the pickle names this class of torchvision
	entries  []entry // the state dict; nil means the sample's
	extra    string  // opcodes of another value in the innermost wrapper
}

// torchWriter writes the pickle and collects the storages.
type torchWriter struct {
	torchVariant
	pickleWriter
	storages [][]byte
	counts   []int
}

// tensor writes a tensor with a storage of its own.
func (w *torchWriter) tensor(shape []int64, values []float32) {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i], step = step, step*shape[i]
	}
	if w.columns && len(shape) == 4 {
		out, in, area := shape[0], shape[1], shape[2]*shape[3]
		transposed := make([]float32, len(values))
		for o := range out {
			for i := range in {
				for p := range area {
					transposed[(i*out+o)*area+p] = values[(o*in+i)*area+p]
				}
			}
		}
		values, strides[0], strides[1] = transposed, area, out*area
	}
	values = append(make([]float32, w.offset), values...)
	key := strconv.Itoa(len(w.storages))
	w.storages, w.counts = append(w.storages, encode(w.kind, values)), append(w.counts, len(values))

	if w.params {
		w.global("torch._utils", "_rebuild_parameter")
		w.WriteByte(opMark)
	}
	w.global("torch._utils", "_rebuild_tensor_v2")
	w.WriteByte(opMark)
	w.WriteByte(opMark)
	w.text("storage")
	w.global("torch", w.storage)
	w.text(key)
	w.text("cpu")
	w.int(int64(len(values)))
	if w.stream {
		w.WriteByte(opNone)
	}
	w.WriteByte(opTuple)
	w.WriteByte(opBinPersID)
	w.int(int64(w.offset))
	w.ints(shape)
	w.ints(strides)
	w.WriteByte(opNewFalse)
	w.emptyOrdered()
	w.WriteByte(opTuple)
	w.WriteByte(opReduce)
	if w.params {
		w.WriteByte(opNewTrue)
		w.emptyOrdered()
		w.WriteByte(opTuple)
		w.WriteByte(opReduce)
	}
}

func (w *torchWriter) emptyOrdered() {
	w.global("collections", "OrderedDict")
	w.WriteString(string([]byte{opEmptyTuple, opReduce}))
}

// stateDict writes the dict of a sample's tensors and the wrappers around it.
func (w *torchWriter) stateDict(s *sample) {
	w.Write([]byte{opProto, 2})
	for _, key := range w.wrappers {
		w.Write([]byte{opEmptyDict, opBinPut, 0, opMark})
		w.text("epoch")
		w.int(90)
		w.text("optimizer")
		w.Write([]byte{opEmptyDict, opMark})
		w.text("lr")
		w.WriteByte(opBinFloat)
		w.Write(make([]byte, 8))
		w.text("betas")
		w.Write([]byte{opEmptyList, opMark, opBinInt1, 1, opBinInt2, 2, 2, opLong1, 1, 255, opAppends})
		w.WriteByte(opSetItems)
		if w.extra != "" {
			w.text("extra")
			w.WriteString(w.extra)
		}
		w.text(key)
	}
	if w.class != "" {
		w.global("torchvision.models.squeezenet", w.class)
	}
	if w.ordered {
		w.emptyOrdered()
	} else {
		w.WriteByte(opEmptyDict)
	}
	w.WriteByte(opMark)
	entries := w.entries
	if entries == nil {
		entries = s.entries()
	}
	for _, e := range entries {
		w.text(w.prefix + e.name)
		w.tensor(e.shape, e.values)
	}
	w.WriteByte(opSetItems)
	if w.ordered {
		w.Write([]byte{opEmptyDict, opMark})
		w.text("_metadata")
		w.emptyOrdered()
		w.Write([]byte{opSetItems, opBuild})
	}
	for range w.wrappers {
		w.WriteByte(opSetItems)
	}
	w.WriteByte(opStop)
}

// torch encodes a sample as torch.save does.
func (s *sample) torch(t testing.TB, variant torchVariant) []byte {
	w := &torchWriter{torchVariant: variant}
	if w.storage == "" {
		w.storage, w.kind = "FloatStorage", float32Type
	}
	if w.stream {
		w.Write([]byte{opProto, 2, opLong1, 10})
		w.WriteString(torchMagic + string([]byte{opStop, opProto, 2, opBinInt2, 0xe9, 3, opStop, opProto, 2, opEmptyDict, opMark}))
		w.text("little_endian")
		w.Write([]byte{opNewTrue, opSetItems, opStop})
	}
	w.stateDict(s)
	if w.stream {
		w.streamTail()
		return w.Bytes()
	}
	return w.zip(t)
}

func (w *torchWriter) streamTail() {
	w.Write([]byte{opProto, 2, opEmptyList, opMark})
	for i := range w.storages {
		w.text(strconv.Itoa(i))
	}
	w.Write([]byte{opAppends, opStop})
	for i, raw := range w.storages {
		w.Write(binary.LittleEndian.AppendUint64(nil, uint64(w.counts[i])))
		w.Write(raw)
	}
}

func (w *torchWriter) zip(t testing.TB) []byte {
	entries := map[string][]byte{"data.pkl": w.Bytes(), "version": []byte("3\n"), "byteorder": []byte("little")}
	for i, raw := range w.storages {
		entries["data/"+strconv.Itoa(i)] = raw
	}
	return zipOf(t, "mine/", zip.Store, entries)
}

// zipOf builds an archive with checksums in the entries' headers.
func zipOf(t testing.TB, root string, method uint16, entries map[string][]byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range entries {
		h := &zip.FileHeader{Name: root + name, Method: method}
		if method == zip.Store {
			h.CRC32, h.CompressedSize64, h.UncompressedSize64 = crc32.ChecksumIEEE(content), uint64(len(content)), uint64(len(content))
			f, err := z.CreateRaw(h)
			require.NoError(t, err)
			_, err = f.Write(content)
			require.NoError(t, err)
			continue
		}
		f, err := z.CreateHeader(h)
		require.NoError(t, err)
		_, err = strings.NewReader(string(content)).WriteTo(f)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}
