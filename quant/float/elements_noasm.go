//go:build noasm || !amd64

package float

func reluVector([]float32) int { return 0 }

func addVector(_, _ []float32) int { return 0 }

func maxOfVector(_, _, _, _ []float32) int { return 0 }

func closeGateVector(_, _, _ []float32) int { return 0 }

func routeGradientVector(_, _, _, _ []float32) int { return 0 }
