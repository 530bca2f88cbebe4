package pictures

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"halfmeg/camera/picture"
	"halfmeg/quant/labels"
)

// extensions are those of the files that count as pictures if there is no
// labels.csv.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".png", ".gif", ".bmp", ".dib"}

// unreadExtensions are those of pictures that cannot be read, and are counted.
var unreadExtensions = []string{
	".webp", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".j2k", ".jpf", ".jpx", ".jpm", ".svg",
	".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".tga", ".ico", ".psd", ".xcf", ".exr", ".hdr", ".pcx", ".qoi",
	".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".raw",
}

// walker lists the files below a folder. It follows each symbolic link to a folder
// once.
type walker struct {
	found   []string        // files, by paths relative to the root, with slashes
	top     []string        // names of the folders in the root
	visited map[string]bool // folders, by their paths without symbolic links
	links   []link          // found, but not followed yet
	skipped []string        // links that lead to a folder that is read anyway
}

// link is a symbolic link to a folder.
type link struct{ within, target string }

// walk lists every picture below the folder, in the order of fs.WalkDir. The first
// folder of its relative path is its class.
func (f *Folder) walk(given string, classes Classes) error {
	w := &walker{visited: map[string]bool{}}
	if err := w.folder(f.Dir, "."); err != nil {
		return err
	}
	// A folder that is reached without a link belongs to the class that it is in.
	for len(w.links) > 0 {
		l := w.links[0]
		w.links = w.links[1:]
		if w.visited[l.target] {
			w.skipped = append(w.skipped, l.within)
		}
		if err := w.folder(l.target, l.within); err != nil {
			return err
		}
	}
	if len(w.skipped) > 0 {
		f.note("not followed: %d symbolic links to folders that are read already or contain the link, for example %s", len(w.skipped), w.skipped[0])
	}
	slices.SortFunc(w.found, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
	n := newNames(f.identify(given, w.top, classes))
	for _, within := range w.found {
		if err := f.add(within, n); err != nil {
			return err
		}
	}
	return nil
}

// folder lists the files below a folder, whose path has no symbolic link. within is
// its path relative to the root. Hidden files, such as the ._1.jpg that macOS puts beside
// 1.jpg, are left out.
func (w *walker) folder(path, within string) error {
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(path, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(filepath.Join(within, rel))
		switch hidden := p != path && strings.HasPrefix(d.Name(), "."); {
		case hidden && d.IsDir():
			return fs.SkipDir
		case hidden:
		case d.IsDir() && w.visited[p]:
			return fs.SkipDir
		case d.IsDir():
			w.visited[p] = true
			if rel != "." && !strings.Contains(rel, "/") {
				w.top = append(w.top, rel)
			}
		case d.Type()&fs.ModeSymlink != 0 && isDir(p):
			return w.link(p, rel)
		case !blocks(p, d):
			w.found = append(w.found, rel)
		}
		return nil
	})
}

// blocks reports whether opening a file could block or have effects: it is a pipe, a socket
// or a device.
func blocks(path string, d fs.DirEntry) bool {
	if d.Type().IsRegular() {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// link notes a link to follow, unless it leads to a folder that contains it: that
// would list its neighbours as pictures of a class.
func (w *walker) link(path, within string) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(target, path); err == nil && filepath.IsLocal(rel) {
		w.skipped = append(w.skipped, within)
		return nil
	}
	w.links = append(w.links, link{within, target})
	return nil
}

// add adds a file if it is a picture, or counts it as left out if it looks like one.
func (f *Folder) add(within string, n *names) error {
	path := filepath.Join(f.Dir, filepath.FromSlash(within))
	extension := strings.ToLower(filepath.Ext(path))
	switch {
	case slices.Contains(extensions, extension):
	case slices.Contains(unreadExtensions, extension):
		f.leftOut[extension]++
		return nil
	default:
		if kind := kindByContent(path); kind != "" && extension == "" {
			f.leftOut["without ending ("+kind+")"]++
		} else if kind != "" {
			f.leftOut[fmt.Sprintf("%s (%s)", extension, kind)]++
		}
		return nil
	}
	item := Item{path, Unlabelled}
	if folder, _, nested := strings.Cut(within, "/"); nested {
		item.Label = n.class(folder)
		f.byID = f.byID || item.Label == Unlabelled && labels.IsID(folder)
	}
	f.Items = append(f.Items, item)
	return nil
}

// kindByContent names the format of a picture by its first bytes. It is empty if the
// file is no picture or cannot be read.
func kindByContent(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() { // opening a pipe could block
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, picture.MagicSize)
	count, err := io.ReadFull(file, head)
	if err != nil && count == 0 {
		return ""
	}
	return picture.FormatName(head[:count])
}
