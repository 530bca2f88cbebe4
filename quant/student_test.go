package quant

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// TestStudentIsTheNetwork: conversion to real values and back is exact, and the
// student computes what the engine computes.
func TestStudentIsTheNetwork(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 21))
	n := randomFloat(r, testnet.Small())
	pictures := randomPictures(r, 12)
	q := quantizeSmall(t, n, pictures, Options{}).Network
	g, err := n.Topology.Graph()
	require.NoError(t, err)
	s := newStudent(q, g)
	require.Equal(t, q, s.network())

	forward, err := s.forward()
	require.NoError(t, err)
	pass := forward.NewPass()
	e, err := model.NewEngine(q, 1)
	require.NoError(t, err)
	defer e.Close()
	for _, picture := range pictures {
		got, err := pass.Run(picture)
		require.NoError(t, err)
		copy(e.Input(), picture)
		require.InDeltaSlice(t, e.Run(), got, 0.02)
	}
}
