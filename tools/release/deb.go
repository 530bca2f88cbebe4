package main

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed debian
var debian embed.FS

const packageName = "halfmeg"

// file is a file of the package.
type file struct {
	path string // in the system
	perm fs.FileMode
	data []byte
}

// deb builds the package.
func (b *builder) deb() error {
	work, err := os.MkdirTemp("", "halfmeg-deb-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	files, err := b.packageFiles(work)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	name := filepath.Join(b.out, fmt.Sprintf("%s_%s_%s.deb", packageName, b.version, b.arch))
	if err := b.pack(name, filepath.Join(work, "root"), files); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", name, info.Size())
	if info.Size() > debLimit {
		return fmt.Errorf("%s has %d bytes; the limit is %d", name, info.Size(), debLimit)
	}
	return nil
}

// pack packs files, through the folder root, which it creates.
func (b *builder) pack(name, root string, files []file) error {
	if err := b.stage(root, files); err != nil {
		return err
	}
	// Compression with one thread: the output of several differs by their number.
	return b.run(nil, "dpkg-deb", "--root-owner-group", "-Zxz", "-z9", "--threads-max=1", "--build", root, name)
}

// pages are the pages of the documentation in the package. Their links to each other must
// lead to a page of the package.
var pages = []string{
	"cameras", "configuration", "display", "doctor", "events", "health", "mqtt", "page", "pins", "recording", "service",
	"troubleshooting", "webhooks",
}

// debLimit bounds the size of the package, in bytes.
const debLimit = 6_000_000

// packageFiles builds the program and generates everything else.
func (b *builder) packageFiles(work string) ([]file, error) {
	program := filepath.Join(work, packageName)
	if err := b.goBuild(program, packageName, "GOARCH="+b.arch); err != nil {
		return nil, err
	}
	generated := filepath.Join(work, "generated")
	err := b.run([]string{"CGO_ENABLED=0"}, "go", "run", "-tags", "packaging", "-ldflags=-X main.commandName="+packageName,
		"./cmd/edge", "packaging", generated)
	if err != nil {
		return nil, err
	}
	licenses, err := output(b.ctx, "go", "run", "./cmd/edge", "licenses")
	if err != nil {
		return nil, err
	}
	const doc = "/usr/share/doc/" + packageName + "/"
	files := []file{
		{doc + "copyright", 0o644, []byte(copyright + licenses + "\n")},
		{doc + "changelog.gz", 0o644, compress([]byte(b.changelog()))},
	}
	sources := map[string]string{ // files to copy, by their path in the system
		"/usr/bin/" + packageName:                                       program,
		"/usr/lib/systemd/system/" + packageName + ".service":           filepath.Join(generated, "unit"),
		"/etc/" + packageName + "/config.yaml":                          filepath.Join(generated, "config.yaml"),
		"/usr/share/bash-completion/completions/" + packageName:         filepath.Join(generated, "bash"),
		"/usr/share/zsh/vendor-completions/_" + packageName:             filepath.Join(generated, "zsh"),
		"/usr/share/fish/vendor_completions.d/" + packageName + ".fish": filepath.Join(generated, "fish"),
		"/usr/lib/sysusers.d/" + packageName + ".conf":                  "sysusers.conf",
		"/usr/lib/udev/rules.d/60-" + packageName + ".rules":            "udev.rules",
		"/usr/share/lintian/overrides/" + packageName:                   "lintian-overrides",
	}
	for _, page := range pages {
		sources[doc+page+".md"] = filepath.Join("docs", page+".md")
	}
	for to, from := range sources {
		data, err := read(from)
		if err != nil {
			return nil, err
		}
		perm := fs.FileMode(0o644)
		if to == "/usr/bin/"+packageName {
			perm = 0o755
		}
		files = append(files, file{to, perm, data})
	}
	manuals, err := manuals(filepath.Join(generated, "man"))
	return append(files, manuals...), err
}

// read reads a file of the folder debian, or of the file system if it has a folder.
func read(name string) ([]byte, error) {
	if filepath.Dir(name) == "." {
		return debian.ReadFile("debian/" + name)
	}
	return os.ReadFile(name)
}

// manuals returns the compressed manual pages.
func manuals(dir string) ([]file, error) {
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return nil, err
	}
	if len(pages) == 0 {
		return nil, fmt.Errorf("%s holds no manual pages", dir)
	}
	var files []file
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		files = append(files, file{"/usr/share/man/man1/" + filepath.Base(page) + ".gz", 0o644, compress(data)})
	}
	return files, nil
}

// compress compresses with gzip, without a name and time.
func compress(data []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // the level is valid, and a buffer does not fail
	}
	return out.Bytes()
}

// copyright is the start of the file with the licences, which "edge licenses" prints.
const copyright = `halfmeg was packaged by its authors. These are the licences of all its parts.

`

// changelog returns the Debian changelog: an entry for this version.
func (b *builder) changelog() string {
	return fmt.Sprintf(`%s (%s) stable; urgency=medium

  * Built from the sources of this version.

 -- %s  %s
`, packageName, b.version, maintainer(), b.time.Format(time.RFC1123Z))
}

// maintainer returns the field of that name of the control file.
func maintainer() string {
	text, err := debian.ReadFile("debian/control")
	if err != nil {
		panic(err) // it is embedded
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "Maintainer: "); ok {
			return strings.TrimSpace(name)
		}
	}
	panic("debian/control names no maintainer")
}

// secretsDir is an empty folder of the package, which only root may read.
const secretsDir = "/etc/" + packageName + "/secrets"

// stage writes the tree that dpkg-deb packs.
func (b *builder) stage(root string, files []file) error {
	var size int
	sums := map[string]string{}
	for _, f := range files {
		size += (len(f.data) + 1023) / 1024
		if !strings.HasPrefix(f.path, "/etc/") {
			sums[strings.TrimPrefix(f.path, "/")] = fmt.Sprintf("%x", md5.Sum(f.data))
		}
	}
	control, err := b.control(size, sums)
	if err != nil {
		return err
	}
	for _, f := range append(files, control...) {
		name := filepath.Join(root, f.path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.data, f.perm); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(root, secretsDir), 0o700); err != nil {
		return err
	}
	return b.normalize(root)
}

// normalize sets the permissions regardless of the umask, and the time of the commit.
func (b *builder) normalize(root string) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		perm := info.Mode().Perm()
		switch {
		case d.IsDir() && strings.HasSuffix(filepath.ToSlash(name), secretsDir):
		case d.IsDir() || perm&0o100 != 0:
			perm = 0o755
		default:
			perm = 0o644
		}
		if err := os.Chmod(name, perm); err != nil {
			return err
		}
		return os.Chtimes(name, b.time, b.time)
	})
}
