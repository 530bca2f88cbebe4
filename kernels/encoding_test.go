package kernels

import (
	"testing"

	"halfmeg/kernels/internal/kerneltest"
)

func TestEncodings(t *testing.T) {
	t.Run("arm64", func(t *testing.T) { kerneltest.CheckEncodings(t, kerneltest.ARM64) })
	t.Run("amd64", func(t *testing.T) { kerneltest.CheckEncodings(t, kerneltest.AMD64) })
}

func TestNoWordsOutsideHeader(t *testing.T) { kerneltest.CheckNoWords(t) }
