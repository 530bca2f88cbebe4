// Package integration holds tests of the whole program edge on a machine with
// cameras. "make integration" runs them on the emulated board. They run on a
// Raspberry Pi, too: build them with
//
//	GOOS=linux GOARCH=arm64 go test -c ./tools/integration
//
// and start them there with HALFMEG_EDGE, the path of edge, and HALFMEG_VIDEO,
// that of a camera's node, in the environment.
package integration
