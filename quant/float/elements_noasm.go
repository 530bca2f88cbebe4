//go:build noasm || !amd64

package float

func reluRunsVector([]float32, int, int, int) int { return 0 }

func copyRunsVector([]float32, int, []float32, int, int, int) bool { return false }

func addRunsVector([]float32, int, []float32, int, int, int) int { return 0 }

func addWideVector([]float64, []float32) int { return 0 }

func fromBytesVector([]float32, []uint8, float32) int { return 0 }

func maxOfVector(_, _, _, _ []float32) int { return 0 }

func closeGatesVector([]float32, int, []float32, int, []float32, int, int, int) int { return 0 }

func routeGradientVector(_, _, _, _ []float32, _, _ [3]int) int { return 0 }
