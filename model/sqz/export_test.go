package sqz

// Exported for package sqz_test.
const (
	MaxWeights = maxWeights
	MaxText    = maxText
)

// DecodeFrom decodes from an io.Reader, as ReadFile does.
var DecodeFrom = read
