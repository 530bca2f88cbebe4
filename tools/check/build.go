package main

import "fmt"

// platforms are those that every package must vet for.
var platforms = []struct{ os, arch string }{
	{"linux", "amd64"}, {"linux", "arm64"}, {"linux", "386"}, {"linux", "arm"},
	{"windows", "amd64"}, {"windows", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
}

// build vets everything for every platform, which also checks its types, and compiles it
// for the architectures that have assembly, which vet parses but does not assemble.
func build(r *report) {
	for _, p := range platforms {
		env := []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch}
		verbs := []string{"vet"}
		if p.os == "linux" && (p.arch == "amd64" || p.arch == "arm64") {
			verbs = []string{"build", "vet"}
		}
		for _, verb := range verbs {
			err := command(env, "go", verb, "./...").Run()
			r.result(fmt.Sprintf("go %s for %s/%s", verb, p.os, p.arch), err)
		}
	}
}
