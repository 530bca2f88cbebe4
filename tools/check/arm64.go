package main

import "os/exec"

// cores are the processors of the Raspberry Pi: 3 and Zero 2 W, 4, and 5.
var cores = []string{"cortex-a53", "cortex-a72", "cortex-a76"}

// exactPackages hold the tests whose results must be the same bits on every
// processor. Accuracy over folders of pictures stays on the host: it would
// take hours here and follows from these.
var exactPackages = []string{"./kernels/...", "./model/..."}

// The same networks give the same bits by other kernels than the fastest ones.
const (
	goldenPackage = "./model/pretrained"
	maskVariable  = "HALFMEG_CPU="
)

// masked are kernels that a core would not use by itself.
var masked = []struct{ core, kernels string }{
	{"cortex-a53", "generic"},
	{"cortex-a76", "neon"},
}

// testARM64 runs the exact tests as arm64 programs by QEMU's user emulation,
// once for each core, since the cores offer different instructions.
func testARM64(r *report) {
	qemu, err := findQEMU()
	if err != nil {
		r.leaveOut("tests as arm64 programs: need qemu-user; make deps installs it", "")
		return
	}
	for _, core := range cores {
		env := append([]string{"QEMU_CPU=" + core}, arm64...)
		// -count=1, for Go does not know that another core is another run.
		args := append([]string{"-count=1", "-exec", qemu}, exactPackages...)
		goTest(r, core, env, args...)
	}
	for _, m := range masked {
		env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64", "QEMU_CPU=" + m.core, maskVariable + m.kernels}
		goTest(r, m.core+" "+m.kernels, env, "-count=1", "-exec", qemu, goldenPackage)
	}
}

func findQEMU() (string, error) {
	if path, err := exec.LookPath("qemu-aarch64-static"); err == nil {
		return path, nil
	}
	return exec.LookPath("qemu-aarch64")
}
