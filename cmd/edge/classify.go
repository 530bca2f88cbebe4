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
	"halfmeg/internal/printable"
	"halfmeg/model/classify"
)

// standardInput is the name that stands for a picture on stdin.
const standardInput = "-"

// classify is the command that names what picture files show.
type classifyCommand struct {
	engine engineFlags
	top    int
	json   bool
}

// classified is what "edge classify --json" writes for each picture.
type classified struct {
	File    string   `json:"file"`
	Width   int      `json:"width"`
	Height  int      `json:"height"`
	Results []result `json:"results"`
	Times   times    `json:"ms"`
}

func newClassify() *cobra.Command {
	c := classifyCommand{top: 5}
	command := &cobra.Command{
		Use:   "classify [flags] PICTURE...",
		Short: "Name what picture files show",
		Long: `classify names what each picture file shows, the likeliest classes first.
It reads JPEG, PNG, GIF and BMP; - is a picture on standard input. A file that
cannot be read is reported on stderr and the others are still classified; the
exit status is then 1.`,
		Example: `  edge classify cat.jpg dog.png
  edge classify --top 1 photos/*.jpg
  edge classify --json --model mine.sqz - < photo.jpg`,
		Args: needPictures,
		RunE: c.run,
	}
	c.engine.add(command.Flags())
	command.Flags().Var(upTo(&c.top, 1<<14), "top", "`number` of classes to show")
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
	r, err := c.engine.recognizer()
	if err != nil {
		return err
	}
	defer r.Close()
	defer exitOnInterrupt(cmd.ErrOrStderr())()
	var failed error
	for i, file := range files {
		answer, err := c.classify(r, cmd.InOrStdin(), file)
		if err != nil {
			report(cmd.ErrOrStderr(), err)
			failed = errReported
			continue
		}
		if err := c.write(cmd.OutOrStdout(), answer, i); err != nil {
			return err
		}
	}
	return failed
}

func (c *classifyCommand) classify(r *classify.Recognizer, stdin io.Reader, file string) (*classified, error) {
	start := time.Now()
	image, err := readPicture(stdin, file)
	if err != nil {
		return nil, err
	}
	if image.Width == 1 && image.Height == 1 {
		return nil, fmt.Errorf("%s: a picture of 1x1 pixel shows nothing that could be named", file)
	}
	read := time.Since(start)
	answer, err := r.Run(image.Pixels())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &classified{
		File:    file,
		Width:   image.Width,
		Height:  image.Height,
		Results: results(r, answer, c.top),
		Times:   newTimes(read, answer),
	}, nil
}

func readPicture(stdin io.Reader, file string) (*picture.Image, error) {
	if file == standardInput {
		image, err := picture.Decode(stdin)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return image, nil
	}
	if about, err := os.Stat(file); err == nil && about.IsDir() {
		return nil, fmt.Errorf("%s: is a directory; give its files: edge classify %s", file, filepath.Join(file, "*.jpg"))
	}
	return picture.DecodeFile(file)
}

// write shows an answer as a line of JSON, or as a small table with an empty
// line before each but the first.
func (c *classifyCommand) write(w io.Writer, a *classified, index int) error {
	if c.json {
		return writeJSON(w, a)
	}
	text := fmt.Sprintf("%s  %dx%d  %.1f ms\n", printable.Text(a.File), a.Width, a.Height, a.Times.total())
	if index > 0 {
		text = "\n" + text
	}
	for _, r := range a.Results {
		text += fmt.Sprintf("  %5.1f %%  %s\n", 100*r.Probability, printable.Text(r.Label))
	}
	_, err := io.WriteString(w, text)
	return err
}
