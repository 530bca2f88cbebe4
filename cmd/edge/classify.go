package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"halfmeg/camera/picture"
	"halfmeg/cmd/edge/internal/flags"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/internal/printable"
	"halfmeg/model/classify"
)

// standardInput is the argument for a picture on standard input.
const standardInput = "-"

// classifyCommand classifies picture files.
type classifyCommand struct {
	engine flags.Engine
	top    int
	json   bool
}

// pictureRecord is what "edge classify --json" writes for each picture.
type pictureRecord struct {
	File    string           `json:"file"`
	Width   int              `json:"width"`
	Height  int              `json:"height"`
	Results []classify.Class `json:"results"`
	Times   pipeline.Times   `json:"ms"`
}

func newClassify() *cobra.Command {
	c := classifyCommand{top: 5}
	command := &cobra.Command{
		Use:   "classify [flags] PICTURE...",
		Short: "Classify picture files",
		Long: `classify prints the most probable classes of each picture file.
It reads JPEG, PNG, GIF and BMP; - reads a picture from standard input. If a file
cannot be read, classify reports it on stderr, continues with the others, and exits
with status 1.`,
		Example: `  edge classify cat.jpg dog.png
  edge classify --top 1 photos/*.jpg
  edge classify --json --model mine.sqz - < photo.jpg`,
		Args: needPictures,
		RunE: c.run,
	}
	c.engine.Add(command.Flags())
	command.Flags().Var(flags.UpTo(&c.top, 1<<14), "top", "`number` of classes to show")
	command.Flags().BoolVar(&c.json, "json", false, "write one JSON object a line")
	return command
}

func needPictures(_ *cobra.Command, files []string) error {
	if len(files) == 0 {
		return errors.New("classify needs a picture: edge classify photo.jpg, or - for standard input")
	}
	return nil
}

func (c *classifyCommand) run(cmd *cobra.Command, files []string) error {
	classifier, err := c.engine.Classifier()
	if err != nil {
		return err
	}
	defer classifier.Close()
	defer exitOnInterrupt(cmd.ErrOrStderr())()
	var failed error
	for i, file := range files {
		record, err := c.classify(classifier, cmd.InOrStdin(), file)
		if err != nil {
			report(cmd.ErrOrStderr(), err)
			failed = errReported
			continue
		}
		if err := c.write(cmd.OutOrStdout(), record, i); err != nil {
			return err
		}
	}
	return failed
}

func (c *classifyCommand) classify(classifier *classify.Classifier, stdin io.Reader, file string) (*pictureRecord, error) {
	start := time.Now()
	img, err := readPicture(stdin, file)
	if err != nil {
		return nil, err
	}
	if img.Width == 1 && img.Height == 1 {
		return nil, fmt.Errorf("%s: a picture of 1x1 pixel cannot be classified", file)
	}
	read := time.Since(start)
	result, err := classifier.Classify(img.Pixels())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &pictureRecord{
		File:    file,
		Width:   img.Width,
		Height:  img.Height,
		Results: result.Top(c.top),
		Times:   pipeline.NewTimes(read, result),
	}, nil
}

func readPicture(stdin io.Reader, file string) (*picture.Image, error) {
	if file == standardInput {
		img, err := picture.Decode(stdin)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return img, nil
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: is a directory; name its files: edge classify %s", file, filepath.Join(file, "*.jpg"))
	}
	return picture.DecodeFile(file)
}

// write writes a record as a line of JSON, or as a small table. Empty lines separate
// tables.
func (c *classifyCommand) write(w io.Writer, r *pictureRecord, index int) error {
	if c.json {
		return jsonl.Write(w, r)
	}
	text := fmt.Sprintf("%s  %dx%d  %.1f ms\n", printable.Text(r.File), r.Width, r.Height, r.Times.Total())
	if index > 0 {
		text = "\n" + text
	}
	for _, class := range r.Results {
		text += fmt.Sprintf("  %5.1f %%  %s\n", 100*class.Probability, printable.Text(class.Label))
	}
	_, err := io.WriteString(w, text)
	return err
}
