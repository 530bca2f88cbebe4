// Package decision turns the answers of single frames into a stable answer and
// events that say when a class appeared and when it was gone. Probabilities are
// smoothed over time; two thresholds and two minimum durations prevent flicker;
// groups such as "dog" add up their classes.
//
// The package has no clock, no goroutine and no input or output: the time of
// each frame is an argument.
package decision

import "time"

// Config says when a class counts as seen. The zero value of each field except
// On and Off disables its step.
type Config struct {
	// HalfLife is that of the exponential smoothing: after this time an old value
	// has half its weight. It is a time and not a number of frames, so that the
	// answer does not depend on the frame rate.
	HalfLife time.Duration

	// On and Off are levels of the smoothed probability, 0 < Off <= On <= 1. A
	// class appears at On or above and is gone below Off; between the two its
	// state does not change.
	On, Off float64

	// MinOn is how long the probability must have been at On or above, without a
	// break, before a class has appeared; MinOff how long below Off before it is
	// gone.
	MinOn, MinOff time.Duration

	// MaxGap is the longest time without a frame during which a class is
	// assumed to have stayed. After a longer one everything that was on is
	// gone as of the last frame before, and the history is discarded. 0 means
	// no limit.
	MaxGap time.Duration

	// Allow and Deny hold names of classes and groups, compared without regard to
	// case. If Allow is not empty, what it does not name is neither an answer nor
	// an event. Deny wins over Allow. A class named "none" is always denied.
	//
	// A name of a class is any name of its label, the whole label, or "#" with the
	// index; "tench", "Tinca tinca", "tench, Tinca tinca" and "#0" are the same
	// class. A name that several classes have, such as "crane", means all of them.
	//
	// In Allow a group of Groups means the group alone, not its classes: that way
	// only "dog" is reported, not each breed. In Deny it means the classes too. A
	// group that only Catalog knows means its classes.
	Allow, Deny []string

	Groups  []Group // decided like classes
	Catalog Catalog // more groups that Allow and Deny may name; may be nil

	TopK int // classes in a Decision; all of those that may be shown if there are fewer
}

// Group is a set of classes that counts as one: its probability is the sum of
// theirs, whether or not they are allowed individually.
type Group struct {
	Name    string
	Classes []int // indices, each once, at least one
}

// Catalog is a list of named groups, such as package groups has for ImageNet.
type Catalog interface {
	// Find returns the classes of a group.
	Find(name string) (classes []int, ok bool)
	// Nearest returns the name that is most like another, or "".
	Nearest(name string) string
}
