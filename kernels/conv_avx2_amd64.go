//go:build !noasm

package kernels

// run is a range of steps whose products are added in int16. Steps are groups of
// four bytes next to each other in a row of the windows. A run of no steps ends
// a panel; one of widePanel steps stands for a panel without runs.
type run struct {
	row    int32 // of the windows
	offset int32 // bytes from the start of the row to the first step
	steps  int32
}

const widePanel = -1

// laneLimit bounds the weights that an int16 may add up: codes are at most 255,
// and 128*255 < 2^15.
const laneLimit = 128

// laneSums are the sums of the positive and of the negative weights of a run, for
// each int16 of a step: VPMADDUBSW adds two products.
type laneSums [2 * panelChannels]struct{ positive, negative int }

func (s *laneSums) add(w *stepWeights) {
	for k, v := range w {
		s[k/2].positive += max(int(v), 0)
		s[k/2].negative += max(-int(v), 0)
	}
}

// fits reports whether no codes make a sum exceed an int16.
func (s *laneSums) fits() bool {
	for _, l := range s {
		if max(l.positive, l.negative) > laneLimit {
			return false
		}
	}
	return true
}

// The cycles of a tile, measured on a Zen 5, to choose between runs and wide
// panels.
const (
	cyclesOfRun      = 25 // in addition to its steps
	cyclesOfStep     = 8
	cyclesOfWideStep = 18
)

// packRuns packs the weights of all panels and cuts them into runs. A panel with
// large weights, which make runs short, becomes a wide one instead.
func (c *tiledConv) packRuns() {
	for p := range len(c.bias) / panelChannels {
		firstRun, firstByte := len(c.runs), len(c.packed)
		c.firstRun, c.firstByte = append(c.firstRun, firstRun), append(c.firstByte, firstByte)
		for y := range c.Kernel {
			c.packRow(p, y)
		}
		steps := (len(c.packed) - firstByte) / len(stepWeights{})
		if cyclesOfRun*(len(c.runs)-firstRun)+cyclesOfStep*steps > cyclesOfWideStep*c.Kernel*c.groups {
			c.runs, c.packed = append(c.runs[:firstRun], run{steps: widePanel}), c.packed[:firstByte]
			c.packWide(p)
			continue
		}
		c.runs = append(c.runs, run{})
	}
}

// packWide packs a panel as int16: of each step first k 0 and 2 of all channels,
// then k 1 and 3.
func (c *tiledConv) packWide(panel int) {
	for y := range c.Kernel {
		for g := range c.groups {
			w := c.weightsOf(panel, y, g)
			for odd := range 2 {
				for k := odd; k < len(w); k += 2 {
					c.packed = append(c.packed, w[k], w[k]>>7) // its low and high byte
				}
			}
		}
	}
}

// packRow packs a row of the windows. A step whose own products might exceed an
// int16 becomes two steps with half of each weight.
func (c *tiledConv) packRow(panel, row int) {
	var sums laneSums
	steps := 0 // of the run
	add := func(group int, w stepWeights) {
		extended := sums
		extended.add(&w)
		next := run{int32(row), int32(4 * group), 1}
		if last := len(c.runs) - 1; steps > 0 && extended.fits() && c.runs[last].offset+4*c.runs[last].steps == next.offset {
			c.runs[last].steps++
			sums = extended
		} else {
			c.runs = append(c.runs, next)
			sums = laneSums{}
			sums.add(&w)
		}
		steps++
		c.packed = append(c.packed, w[:]...)
	}
	for g := range c.groups {
		w := c.weightsOf(panel, row, g)
		var alone laneSums
		if alone.add(&w); alone.fits() {
			add(g, w)
			continue
		}
		var half stepWeights
		for k, v := range w {
			half[k] = v / 2
			w[k] -= half[k]
		}
		add(g, half)
		add(g, w)
	}
}

// tilesAVX2 computes 6 pixels by the given panels.
//
//go:noescape
func tilesAVX2(t *tileArgs)
