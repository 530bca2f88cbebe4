//go:build !amd64

package kernels

// packed is empty where the plain loops serve.
type packed struct{}

func pack(*Conv) packed { return packed{} }
