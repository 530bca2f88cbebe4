package sqz_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz"
)

func BenchmarkEncode(b *testing.B) {
	n := network(model.V11(), 1, laplacian(1.5))
	for b.Loop() {
		_, err := sqz.Encode(n)
		require.NoError(b, err)
	}
	report(b, n)
}

func BenchmarkDecode(b *testing.B) {
	n := network(model.V11(), 1, laplacian(1.5))
	file, err := sqz.Encode(n)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := sqz.Decode(file)
		require.NoError(b, err)
	}
	report(b, n)
}

func report(b *testing.B, n *model.Network) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(weights(n)), "ns/weight")
}
