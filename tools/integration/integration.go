// Package integration tests the program edge on a machine with cameras. "make
// integration" runs the tests on the emulated board. To run them on a Raspberry
// Pi, build them with
//
//	GOOS=linux GOARCH=arm64 go test -c ./tools/integration
//
// and start them there with two environment variables: HALFMEG_EDGE, the path
// of edge, and HALFMEG_VIDEO, the device node of a camera.
package integration
