package main

// cores are the processors of the Raspberry Pi: 3 and Zero 2 W, 4, and 5.
var cores = []string{"cortex-a53", "cortex-a72", "cortex-a76"}

// exactPackages hold the tests whose results must have the same bits on every
// processor. Accuracy over folders of pictures is tested on the host only: it
// would take hours emulated, and follows from these.
var exactPackages = []string{"./kernels/...", "./model/..."}

// goldenPackage tests that every implementation of the kernels returns the
// same logits; maskVariable selects one.
const (
	goldenPackage = "./model/pretrained"
	maskVariable  = "HALFMEG_CPU="
)

// masked are implementations that a core would not select on its own.
var masked = []struct{ core, kernels string }{
	{"cortex-a53", "generic"},
	{"cortex-a76", "neon"},
}

// testARM64 runs the exact tests as arm64 programs under QEMU's user
// emulation, once for each core, because their instruction sets differ.
func testARM64(r *report) {
	qemu, err := findQEMU("qemu-aarch64")
	if err != nil {
		r.leaveOut("tests as arm64 programs: need qemu-user; make deps installs it", "")
		return
	}
	for _, core := range cores {
		// -count=1 because Go would reuse the result of another core.
		args := append([]string{"-count=1", "-exec", qemu}, exactPackages...)
		goTest(r, testRun{name: core}, arm64Env("QEMU_CPU="+core), args...)
	}
	for _, m := range masked {
		env := arm64Env("QEMU_CPU="+m.core, maskVariable+m.kernels)
		goTest(r, testRun{name: m.core + " " + m.kernels}, env, "-count=1", "-exec", qemu, goldenPackage)
	}
}

// arm64Env returns the environment variables with which Go builds for the
// Raspberry Pi, followed by more.
func arm64Env(more ...string) []string {
	return append([]string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64"}, more...)
}
