package main

import "fmt"

// platforms are those that every package must build and vet for.
var platforms = []struct{ os, arch string }{
	{"linux", "amd64"}, {"linux", "arm64"}, {"linux", "386"}, {"linux", "arm"},
	{"windows", "amd64"}, {"windows", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
}

// build compiles and vets everything for every platform. Vet alone is not
// enough: it parses assembly but does not assemble it.
func build(r *report) {
	for _, p := range platforms {
		env := []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch}
		for _, verb := range []string{"build", "vet"} {
			err := command(env, "go", verb, "./...").Run()
			r.result(fmt.Sprintf("go %s for %s/%s", verb, p.os, p.arch), err)
		}
	}
}
