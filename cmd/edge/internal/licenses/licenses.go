// Package licenses holds the licences of everything linked into edge: halfmeg
// itself, the weights and class names in its embedded networks, Go and the Go
// modules. The folder texts holds copies, because go:embed cannot read a parent
// folder; "go generate" writes them and the package's test compares them with
// their sources.
package licenses

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

//go:generate go test -run TestCopies -update

//go:embed texts
var texts embed.FS

// The folders inside texts, in the order of output.
const (
	projectFolder = "texts/halfmeg"
	goFolder      = "texts/go"
	modulesFolder = "texts/modules" // followed by the module's path
)

// Write writes every text under a heading that names its owner.
func Write(w io.Writer) error {
	for _, folder := range []string{projectFolder, goFolder, modulesFolder} {
		err := fs.WalkDir(texts, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			return write(w, name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func write(w io.Writer, name string) error {
	text, err := texts.ReadFile(name)
	if err != nil {
		return err
	}
	heading := fmt.Sprintf("%s (%s)", owner(name), path.Base(name))
	_, err = fmt.Fprintf(w, "%s\n%s\n\n%s\n\n", heading, strings.Repeat("=", len(heading)), strings.TrimSpace(string(text)))
	return err
}

// owner is what a text applies to: halfmeg, Go or a module's path.
func owner(name string) string {
	switch folder := path.Dir(name); folder {
	case projectFolder:
		return "halfmeg"
	case goFolder:
		return "the Go runtime and standard library"
	default:
		return strings.TrimPrefix(folder, modulesFolder+"/")
	}
}
