// Jpegeval measures how answers change when a camera's JPEGs are decoded at a reduced
// size. It encodes labelled pictures as JPEGs, as a webcam does, and compares the answers
// to scaled frames with those to whole frames:
//
//	go run ./tools/jpegeval -images DIR -size 1280x960 -min-side 454
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/image/draw"

	"halfmeg/camera/mjpeg"
	"halfmeg/camera/picture"
	"halfmeg/internal/parallel"
	"halfmeg/internal/testjpeg"
	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/model/pretrained"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
)

// settings are the values of the flags.
type settings struct {
	images  string
	frame   testjpeg.Config
	minSide int
	fit     string
	workers int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the program
	if err := run(ctx, readFlags()); err != nil {
		cli.Exit("jpegeval", err, "interrupted")
	}
}

func readFlags() settings {
	s := settings{frame: testjpeg.Config{H: 2, V: 1}}
	var size string
	flag.StringVar(&s.images, "images", "", "`folder` of pictures, with labels.csv or one folder per class")
	flag.StringVar(&size, "size", "1280x960", "`WxH` of the JPEGs in pixels")
	flag.IntVar(&s.minSide, "min-side", 454, "smallest side in `pixels` to which frames may be scaled; that of edge run by default")
	flag.IntVar(&s.frame.Quality, "quality", 75, "`quality` of the JPEGs, 1 to 100")
	flag.IntVar(&s.frame.V, "rows", 1, "pixel `rows` per row of chroma: 1 (4:2:2) or 2 (4:2:0)")
	flag.StringVar(&s.fit, "fit", "model", "`rule` to resize frames to the input: model (as edge run) or direct (the whole frame, without a crop)")
	flag.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "`number` of pictures processed in parallel")
	cli.Flags("jpegeval", `Jpegeval measures how answers change when a camera's JPEGs are decoded at a reduced
size: the embedded network's answers to JPEGs, whole and scaled.

  go run ./tools/jpegeval -images pictures/ -size 1280x960 -min-side 454
`)
	_, err := fmt.Sscanf(size, "%dx%d", &s.frame.Width, &s.frame.Height)
	switch {
	case s.images == "" || flag.NArg() > 0:
		cli.Usage("jpegeval", "-images DIR is required, and only flags are accepted (-help lists them)")
	case err != nil || min(s.frame.Width, s.frame.Height) < 1 || max(s.frame.Width, s.frame.Height) > 4096:
		cli.Usage("jpegeval", fmt.Sprintf("-size %q: expected WIDTHxHEIGHT, each from 1 to 4096", size))
	case s.frame.Quality < 1 || s.frame.Quality > 100 || s.frame.V != 1 && s.frame.V != 2 || s.workers < 1:
		cli.Usage("jpegeval", "-quality is from 1 to 100, -rows 1 or 2, -workers at least 1")
	case s.fit != "model" && !strings.EqualFold(s.fit, model.Direct.String()):
		cli.Usage("jpegeval", fmt.Sprintf("-fit %q: expected model or direct", s.fit))
	}
	return s
}

func run(ctx context.Context, s settings) error {
	network, err := pretrained.Load(pretrained.Default)
	if err != nil {
		return err
	}
	if s.fit != "model" {
		network.Input.Fit = model.Direct
	}
	folder, err := pictures.List(s.images, pictures.Classes{Count: network.Topology.Head.Classes, Names: network.Labels})
	if err != nil {
		return err
	}
	items := folder.Labelled()
	labels := make([]int, len(items))
	whole, scaled := make([][]int8, len(items)), make([][]int8, len(items))
	failures, sizes := make([]error, len(items)), make([]int, len(items))
	err = parallel.For(ctx, s.workers, len(items), func(_, i int) {
		labels[i] = items[i].Label
		file, err := encode(items[i].Path, s.frame)
		if err == nil {
			whole[i], err = prepare(file, network.Input, 0)
		}
		if err == nil {
			scaled[i], err = prepare(file, network.Input, s.minSide)
		}
		failures[i], sizes[i] = err, len(file)
	})
	if err != nil {
		return err
	}
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	want, err := metrics.RunAll(ctx, metrics.Int8(network), whole, s.workers, func() {})
	if err != nil {
		return err
	}
	got, err := metrics.RunAll(ctx, metrics.Int8(network), scaled, s.workers, func() {})
	if err != nil {
		return err
	}
	report(s, sizes, want, got, labels)
	return nil
}

func report(s settings, sizes []int, want, got [][]float32, labels []int) {
	bytes := 0
	for _, n := range sizes {
		bytes += n
	}
	fmt.Printf("%d pictures as JPEGs of %dx%d pixels, quality %d, %d bytes on average, fit %s\n",
		len(labels), s.frame.Width, s.frame.Height, s.frame.Quality, bytes/max(len(sizes), 1), s.fit)
	w, g, c := metrics.Measure(want, labels), metrics.Measure(got, labels), metrics.Compare(want, got, labels)
	fmt.Printf("whole   top-1 %6.2f %%   top-5 %6.2f %%\n", w.Top1, w.Top5)
	fmt.Printf("scaled  top-1 %6.2f %%   top-5 %6.2f %%\n", g.Top1, g.Top5)
	fmt.Printf("same top-1 %.2f %% %s, KL divergence %.5f, top-1 drop %.2f %s points (paired)\n",
		c.SameTop1, c.SameUncertainty(2), c.KL, c.Drop, c.DropUncertainty(2))
}

// encode returns a picture as a frame: scaled to the frame's size, whatever its shape.
func encode(path string, frame testjpeg.Config) ([]byte, error) {
	img, err := picture.DecodeFile(path)
	if err != nil {
		return nil, err
	}
	src := image.NewRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i := range img.Width * img.Height {
		copy(src.Pix[4*i:], img.Pix[3*i:3*i+3])
		src.Pix[4*i+3] = 255
	}
	dst := image.NewRGBA(image.Rect(0, 0, frame.Width, frame.Height))
	draw.CatmullRom.Scale(dst, dst.Rect, src, src.Rect, draw.Src, nil)
	return testjpeg.Encode(frame, func(x, y int) [3]float64 {
		p := dst.Pix[dst.PixOffset(min(x, frame.Width-1), min(y, frame.Height-1)):]
		luma, cb, cr := color.RGBToYCbCr(p[0], p[1], p[2])
		return [3]float64{float64(luma), float64(cb), float64(cr)}
	}), nil
}

// prepare returns the network's input of a frame that is decoded with the given MinSide.
func prepare(file []byte, in model.Input, minSide int) ([]int8, error) {
	p, err := prep.NewPreprocessor(in)
	if err != nil {
		return nil, err
	}
	decoder := mjpeg.Decoder{MinSide: minSide}
	decoded, err := decoder.Decode(file)
	if err != nil {
		return nil, err
	}
	dst := make([]int8, 3*in.Size*in.Size)
	return dst, p.Run(dst, decoded.Image(decoded.Data))
}
