package idct

import (
	"testing"

	"halfmeg/kernels/internal/kerneltest"
)

func TestEncodings(t *testing.T) { kerneltest.CheckEncodings(t, kerneltest.ARM64) }

func TestNoWordsOutsideHeader(t *testing.T) { kerneltest.CheckNoWords(t) }
