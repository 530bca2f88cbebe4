package sqz

// For the tests in package sqz_test.
const (
	MaxWeights = maxWeights
	MaxText    = maxText
)

// DecodeFrom is how ReadFile reads.
var DecodeFrom = read
