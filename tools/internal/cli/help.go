package cli

// PicturesHelp explains folders of pictures.
const PicturesHelp = `A folder of pictures contains labels.csv (lines "file,label" after any heading; a
label is the number or the name of a class, and files may be absolute paths), one
folder per class, or only pictures. A folder per class is named by the class's
number, counted from 0, by its name or by its WordNet id in the labels; symbolic
links to folders are followed once. JPEG, PNG, GIF and BMP are read; pictures of
other kinds are counted and left out, hidden files are not read.
`

// FitHelp explains how pictures become the input of a network.
const FitHelp = `How a picture becomes the network's square input (-fit; R is -resize, S is -size):
  squash  the whole picture is scaled to R x R, which distorts it unless it is
          square, then the central S x S is cut out (Caffe: 256, then 227)
  crop    the short side is scaled to R, the shape is kept, then the central S x S
          is cut out (torchvision: 256, then 224)
  direct  the whole picture is scaled to S x S, which distorts it likewise, and
          nothing is cut off
`

// FitAdvice says which rule to use.
const FitAdvice = "Use what the network was trained or tested with.\n"

// TopologyHelp explains the JSON form of a topology, with an example.
const TopologyHelp = `-topology takes a JSON file if the network is neither v1.0 nor v1.1 and its file of
weights has no graph (.pth, .safetensors). "edge info --topology FILE.sqz" writes
that of a .sqz file. An example, with a simple bypass around fire3:

  {
    "name": "mine",
    "size": 224,
    "conv1": {"filters": 64, "kernel": 3, "stride": 2, "pad": 0},
    "fires": [
      {"s1x1": 16, "e1x1": 64, "e3x3": 64},
      {"s1x1": 16, "e1x1": 64, "e3x3": 64, "bypass": true},
      {"s1x1": 32, "e1x1": 128, "e3x3": 128}
    ],
    "pool_after": [1, 3],
    "pool_ceil": true,
    "head": {"classes": 10, "pad": 0}
  }

  size        side of the square input in pixels (default: by convention)
  conv1       number, side, stride and padding of the first filters
  fires       fire2, fire3, ... in order: number of squeeze filters (s1x1), of 1x1
              and of 3x3 expand filters; bypass adds the module's input to its output
  pool_after  layers followed by a 3x3 maximum pool of stride 2: 1 is conv1, 2 fire2
  pool_ceil   the pools round their output size up, not down (default: by convention)
  head        the last, 1x1 convolution: classes (default: from the weights), padding;
              "linear": true if no ReLU follows it
`
