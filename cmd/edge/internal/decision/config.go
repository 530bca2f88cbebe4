// Package decision turns the results of single frames into stable answers, and into events
// that report when a class appeared and when it was gone. Probabilities are smoothed over
// time. Two thresholds and two minimum durations prevent flicker. The probability of a
// group such as "dog" is the sum of its classes'.
//
// The package uses no clock, no goroutines and no I/O: the time of each frame is an
// argument.
package decision

import "time"

// Config configures a Decider. On and Off are required; the zero value of any other field
// disables its step.
type Config struct {
	// HalfLife is the half-life of the exponential smoothing: after this time an old
	// value has half its weight. It is a time and not a number of frames, so that the
	// result does not depend on the frame rate.
	HalfLife time.Duration

	// On and Off are levels of the smoothed probability, 0 < Off <= On <= 1. A
	// class appears at On or above and is gone below Off; between the two its
	// state does not change.
	On, Off float64

	// MinOn is the minimum time that the probability must stay at On or above before a
	// class has appeared. MinOff is the minimum time below Off before it is gone.
	MinOn, MinOff time.Duration

	// MaxGap is the longest gap between frames during which a class is assumed to
	// stay. After a longer gap all sightings end with the last frame before it, and
	// the history is discarded. 0 means no limit.
	MaxGap time.Duration

	// Allow and Deny are case-insensitive names of classes and groups. If Allow is not
	// empty, other classes and groups are never answers or events. Deny wins over Allow.
	// A class named "none" is always denied.
	//
	// A class is named by any name of its label, the whole label, or "#" with the index:
	// "tench", "Tinca tinca", "tench, Tinca tinca" and "#0" are the same class. A name
	// that several classes share, such as "crane", selects all of them.
	//
	// In Allow a group of Groups selects the group without its classes, so that "dog" is
	// reported but not each breed. In Deny it selects its classes, too. A group that is
	// only in Catalog selects its classes.
	Allow, Deny []string

	Groups  []Group // treated like classes
	Catalog Catalog // further groups for Allow and Deny; may be nil

	TopK int // maximum number of classes in a Decision
}

// Group is a set of classes that is treated like a class. Its probability is the sum of
// theirs, whether or not they are allowed individually.
type Group struct {
	Name    string
	Classes []int // unique indices, at least one
}

// Catalog is a list of named groups, such as those of package groups for ImageNet.
type Catalog interface {
	// Find returns the classes of a group.
	Find(name string) (classes []int, ok bool)
	// Nearest returns the known name most similar to the given one, or "".
	Nearest(name string) string
}
