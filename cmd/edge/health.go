package main

import (
	"errors"
	"os"
	"path/filepath"

	"halfmeg/cmd/edge/internal/pihealth"
)

// monitor starts to watch the board. It reports each problem when it begins, and logs when
// it is over.
func (f *outputFlags) monitor(report func(error), log func(string)) *pihealth.Monitor {
	begun := func(text string) { report(errors.New(text)) }
	return pihealth.NewMonitor(f.healthReader().Read, begun, log)
}

// healthReader returns the reader of this machine's state, with the volumes of the root
// and of the folder of --record.
func (f *outputFlags) healthReader() pihealth.Reader {
	r := pihealth.Reader{Root: os.DirFS("/"), Folders: []string{"/"}, Space: pihealth.Space}
	if dir := existing(f.record.Config.Dir); dir != "" {
		r.Folders = append(r.Folders, dir)
	}
	return r
}

// existing returns the absolute path of a folder without symbolic links, or of the nearest
// folder above it that exists; empty for an empty path.
func existing(dir string) string {
	if dir == "" {
		return ""
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for {
		if resolved, err := filepath.EvalSymlinks(dir); err == nil {
			return resolved
		}
		if filepath.Dir(dir) == dir {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}
