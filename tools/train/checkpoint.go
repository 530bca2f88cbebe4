package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"halfmeg/quant/train"
)

// recipeNumber is increased when recipe changes something that no option sets.
const recipeNumber = 3

// fingerprint states what a run depends on, a line each. The number of workers is
// not part of it, nor are options of the output.
func (j *job) fingerprint() string {
	weights := "random"
	if j.start != nil {
		weights = j.start.Source.SHA256
		if j.weights == "" {
			weights += " int8"
		}
	}
	lines := []string{
		fmt.Sprintf("recipe %d", recipeNumber), // first: what follows may have another meaning
		"pictures " + j.set.Fingerprint(),
		"weights " + weights,
		"-from " + j.way,
		fmt.Sprintf("-seed %d", j.seed),
		fmt.Sprintf("-epochs %d", j.epochs),
		fmt.Sprintf("-batch %d", j.batch),
		fmt.Sprintf("-rate %v", j.rate),
		fmt.Sprintf("-mirror %v", j.mirror),
		fmt.Sprintf("-mix %v", j.mixed),
		fmt.Sprintf("input %+v", j.input),
		fmt.Sprintf("side %d", j.store.Side()),
		fmt.Sprintf("-train-size %d", j.side),
	}
	return strings.Join(lines, "\n")
}

// difference names the first difference of two fingerprints.
func difference(stored, now string) string {
	a, b := strings.Split(stored, "\n"), strings.Split(now, "\n")
	if len(a) != len(b) || a[0] != b[0] {
		return "another version of the program"
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		switch name, _, _ := strings.Cut(a[i], " "); name {
		case "pictures":
			return "other pictures, names, classes or another split"
		case "weights":
			return "other weights"
		case "input":
			return "another input (-fit, -resize, -size, -order, -mean or -std)"
		case "side":
			return "another -memory, which changes the size of the pictures in memory"
		default:
			return fmt.Sprintf("%s instead of %s", a[i], b[i])
		}
	}
	return "another version of the program"
}

// resumeTraining continues from the checkpoint.
func (j *job) resumeTraining(ctx context.Context) error {
	if j.way == fromHead {
		return errors.New("-resume: training the head is not resumed, because it takes only a minute")
	}
	state, err := readCheckpoint(j.checkpoint)
	if err != nil {
		return err
	}
	if now := j.fingerprint(); state.Fingerprint != now {
		return fmt.Errorf("-resume: %s is the state of a run with %s; use the same command, or train without -resume",
			j.checkpoint, difference(state.Fingerprint, now))
	}
	var a attachment
	if len(state.Attachment) > 0 {
		if err := json.Unmarshal(state.Attachment, &a); err != nil {
			return fmt.Errorf("%s: %w", j.checkpoint, err)
		}
	}
	j.validationCurve, j.headCurve = a.Validation, a.Head
	n, err := j.untrained()
	if err != nil {
		return err
	}
	if j.share() < 1 { // the state does not hold the network with the trained head
		if n, err = j.trainHead(ctx, n); err != nil {
			j.net = nil // what the interrupted run wrote is better
			return err
		}
	}
	j.checkpointed = true
	fmt.Printf("%s: continuing after epoch %d\n", j.checkpoint, state.Epoch)
	return j.trainLayers(ctx, n, state)
}

// checkCheckpoint verifies, before a run without -resume, that its checkpoint replaces nothing
// but a checkpoint.
func (j *job) checkCheckpoint() error {
	f, err := os.Open(j.checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	begin, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return err
	}
	if !train.IsState(begin) {
		return fmt.Errorf("%s exists and is not a checkpoint: name another file with -checkpoint", j.checkpoint)
	}
	j.warn(j.checkpoint + " is the checkpoint of an earlier run, which this one replaces after its first epoch; -resume would continue it")
	return nil
}

func readCheckpoint(path string) (*train.State, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("-resume: there is no checkpoint %s; train without -resume, or state it with -checkpoint", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	state, err := train.DecodeState(f)
	if err != nil {
		return nil, fmt.Errorf("-resume: %s: %w", path, err)
	}
	return state, nil
}

// writeCheckpoint replaces the checkpoint. If that fails, the one before remains.
func (j *job) writeCheckpoint(s *train.State) (err error) {
	if s.Attachment, err = json.Marshal(attachment{j.validationCurve, j.headCurve}); err != nil {
		return err
	}
	if err := write(j.checkpoint, 0o644, s.Encode); err != nil {
		return err
	}
	j.checkpointed = true
	return nil
}

// removeCheckpoint deletes the checkpoint of a complete run, if the run has written or read it.
func (j *job) removeCheckpoint() {
	if !j.checkpointed {
		return
	}
	if err := os.Remove(j.checkpoint); err != nil && !os.IsNotExist(err) {
		j.warn(err.Error())
	}
}
