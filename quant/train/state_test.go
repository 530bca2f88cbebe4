package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
)

// stateAfter returns the encoded state of a run that was stopped after some
// batches.
func stateAfter(t testing.TB, cfg Config, batches int) []byte {
	t.Helper()
	net, err := Initialize(tiny(), testnet.Input(tiny()), []string{"a", "b", "c"}, He, 1)
	require.NoError(t, err)
	trainer, err := New(net, bars{20}, cfg)
	require.NoError(t, err)
	for range batches {
		s := trainer.state
		order := trainer.random(streamOrder, 0).Perm(20)
		from, to := s.Batch*20/trainer.batches(), (s.Batch+1)*20/trainer.batches()
		require.NoError(t, trainer.batch(t.Context(), order[from:to], from))
		if s.Batch++; s.Batch == trainer.batches() {
			s.endEpoch(0.5)
		}
	}
	trainer.state.Attachment = []byte("anything")
	var out bytes.Buffer
	require.NoError(t, trainer.State().Encode(&out))
	return out.Bytes()
}

func stateConfig() Config {
	return Config{Fingerprint: "options and data", Epochs: 3, Batch: 5, Rate: 0.05, Dropout: 0.3, Average: 2}
}

// TestResumeEqualsUninterrupted: a run that is stopped after any batch, stored, read
// and continued has the result, the curve and the progress of one that is not, bit
// for bit.
func TestResumeEqualsUninterrupted(t *testing.T) {
	var progress []Progress
	cfg := stateConfig()
	cfg.Progress = func(p Progress) { progress = append(progress, p) }
	net, err := Initialize(tiny(), testnet.Input(tiny()), []string{"a", "b", "c"}, He, 1)
	require.NoError(t, err)
	want, trainer := run(t, net, bars{20}, cfg)
	complete := progress
	require.Len(t, complete, 12)
	for _, batches := range []int{0, 1, 3, 4, 5, 8, 11, 12} {
		state, err := DecodeState(bytes.NewReader(stateAfter(t, stateConfig(), batches)))
		require.NoError(t, err)
		require.Equal(t, "anything", string(state.Attachment))
		require.Equal(t, batches, 4*state.Epoch+state.Batch)
		for i := range state.Curve {
			state.Curve[i].Rate = trainer.State().Curve[i].Rate // stateAfter has another
		}
		progress = nil
		cfg.Workers = batches%3 + 1
		resumed, err := Resume(state, net, bars{20}, cfg)
		require.NoError(t, err)
		got, err := resumed.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got, "stopped after %d batches", batches)
		require.Equal(t, complete[batches:], append([]Progress{}, progress...))
		state.Attachment = nil
		require.Equal(t, trainer.State(), resumed.State())
	}
}

// TestStateRoundTrip: decoding and encoding returns the same bytes.
func TestStateRoundTrip(t *testing.T) {
	data := stateAfter(t, stateConfig(), 9)
	state, err := DecodeState(bytes.NewReader(data))
	require.NoError(t, err)
	var again bytes.Buffer
	require.NoError(t, state.Encode(&again))
	require.Equal(t, data, again.Bytes())
	require.NoError(t, state.Network().Validate())
	require.Equal(t, []string{"a", "b", "c"}, state.Network().Labels)
}

// TestResumeRefusesOtherRuns: another network, other options or another length.
func TestResumeRefusesOtherRuns(t *testing.T) {
	data := stateAfter(t, stateConfig(), 9)
	for reason, change := range map[string]func(s *State, cfg *Config){
		"another topology":                      func(s *State, _ *Config) { s.network.Topology.Head.Classes = 4 },
		"another input":                         func(s *State, _ *Config) { s.network.Input.Mean[1]++ },
		"other classes":                         func(s *State, _ *Config) { s.network.Labels[1] = "B" },
		"other options or data":                 func(_ *State, cfg *Config) { cfg.Fingerprint += "!" },
		"at epoch 2, batch 1, after the end of": func(_ *State, cfg *Config) { cfg.Epochs = 1; cfg.Average = 0 },
	} {
		net, err := Initialize(tiny(), testnet.Input(tiny()), []string{"a", "b", "c"}, He, 1)
		require.NoError(t, err)
		s, err := DecodeState(bytes.NewReader(data))
		require.NoError(t, err)
		cfg := stateConfig()
		change(s, &cfg)
		_, err = Resume(s, net, bars{20}, cfg)
		require.ErrorContains(t, err, reason)
	}
}

// TestDamagedStates: every changed byte, every length and every error of the
// reader is reported.
func TestDamagedStates(t *testing.T) {
	data := stateAfter(t, stateConfig(), 5)
	for at := 0; at < len(data); at += 97 {
		damaged := bytes.Clone(data)
		damaged[at] ^= 0x10
		_, err := DecodeState(bytes.NewReader(damaged))
		require.Error(t, err, "byte %d", at)
		_, err = DecodeState(bytes.NewReader(data[:at]))
		require.Error(t, err, "%d bytes", at)
	}
	_, err := DecodeState(iotest.ErrReader(errBroken))
	require.ErrorIs(t, err, errBroken)
	_, err = DecodeState(strings.NewReader("halfmeg training state 9\n"))
	require.ErrorContains(t, err, "not a training state of this version")
	require.True(t, IsState(data))
	require.True(t, IsState([]byte("halfmeg training state 1\n")), "of another version")
	require.False(t, IsState([]byte("halfmeg training")))
}

// TestInvalidStates: with a right checksum, contents are checked.
func TestInvalidStates(t *testing.T) {
	body := stateAfter(t, stateConfig(), 9)
	body = body[len(stateMagic) : len(body)-sha256.Size]
	length := int(binary.LittleEndian.Uint32(body))
	text, parameters := string(body[4:4+length]), body[4+length:]
	nan := bytes.Clone(parameters)
	binary.LittleEndian.PutUint32(nan, math.Float32bits(float32(math.NaN())))
	for reason, c := range map[string]struct {
		header     string
		parameters []byte
	}{
		"points of the curve after 3": {strings.Replace(text, `"epoch":2`, `"epoch":3`, 1), parameters},
		"negative counter":            {strings.Replace(text, `"batch":1`, `"batch":-1`, 1), parameters},
		"lowest loss is -1":           {strings.Replace(text, `"best_loss":`, `"best_loss":-1,"x":`, 1), parameters},
		"labels for 3 classes":        {strings.Replace(text, `"a",`, ``, 1), parameters},
		"the training state's header": {text[1:], parameters},
		"bytes of parameters":         {text, parameters[4:]},
		"weight 0 is NaN":             {text, nan},
	} {
		_, err := decodeBody(append(binary.LittleEndian.AppendUint32(nil, uint32(len(c.header))), append([]byte(c.header), c.parameters...)...))
		require.ErrorContains(t, err, reason)
	}
	_, err := decodeBody(binary.LittleEndian.AppendUint32(nil, 1000))
	require.ErrorContains(t, err, "header is truncated")
}

// TestEncodeReportsErrors: a full disk.
func TestEncodeReportsErrors(t *testing.T) {
	s, err := DecodeState(bytes.NewReader(stateAfter(t, stateConfig(), 1)))
	require.NoError(t, err)
	require.ErrorIs(t, s.Encode(full{}), errFull)
}

var errFull = errors.New("no space")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// FuzzDecodeState completes its input with magic and checksum. A state that is
// accepted encodes to one that decodes to the same.
func FuzzDecodeState(f *testing.F) {
	for _, batches := range []int{0, 5, 9} {
		data := stateAfter(f, stateConfig(), batches)
		f.Add(data[len(stateMagic) : len(data)-sha256.Size])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data := append([]byte(stateMagic), body...)
		sum := sha256.Sum256(data)
		s, err := DecodeState(bytes.NewReader(append(data, sum[:]...)))
		if err != nil {
			return
		}
		require.NoError(t, s.Network().Validate())
		read, write := io.Pipe()
		go func() { write.CloseWithError(s.Encode(write)) }()
		again, err := DecodeState(read)
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}
