package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// platforms are those that the program is built for. 32-bit ARM uses the plain kernels.
var platforms = []struct {
	name string
	env  []string
}{
	{"linux-arm64", []string{"GOARCH=arm64"}},
	{"linux-amd64", []string{"GOARCH=amd64", "GOAMD64=v1"}},
	{"linux-riscv64", []string{"GOARCH=riscv64"}},
	{"linux-armv7", []string{"GOARCH=arm", "GOARM=7"}},
	{"linux-armv6", []string{"GOARCH=arm", "GOARM=6"}},
}

// sbomTool makes an SBOM of the modules in a program. It is pinned and not in go.mod, so
// that the project does not inherit its dependencies.
const sbomTool = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

// binaries builds the program for all platforms, with an SBOM and checksums.
func (b *builder) binaries() error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	var names []string
	for _, p := range platforms {
		name := "edge-" + p.name
		if err := b.goBuild(filepath.Join(b.out, name), "edge", p.env...); err != nil {
			return err
		}
		names = append(names, name)
	}
	// The modules are the same on all platforms. Serial number and time would differ each
	// time; "edge licenses" prints the licences.
	const sbom = "edge.cdx.json"
	err := b.run([]string{"CGO_ENABLED=0"}, "go", "run", "-trimpath", sbomTool, "bin", "-json", "-std", "-noserial", "-notimestamp",
		"-output", filepath.Join(b.out, sbom), filepath.Join(b.out, names[0]))
	if err != nil {
		return err
	}
	return writeSums(b.out, append(names, sbom))
}

// writeSums writes the SHA-256 of files as sha256sum does.
func writeSums(dir string, names []string) error {
	var list bytes.Buffer
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), list.Bytes(), 0o644)
}
