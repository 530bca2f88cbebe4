// Package page holds the page that edge serves: plain HTML, CSS and JavaScript,
// embedded as they are. Nothing in it is from another host, and nothing is in line, so
// that the strictest content security policy holds.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed index.html login.html signedin.html page.css page.js icon.svg
var files embed.FS

// Public are the paths that the login page needs.
var Public = []string{"/page.css", "/icon.svg"}

// Login is the page that asks for a token, with <!--message--> where a message goes.
func Login() []byte { return read("login.html") }

// SignedIn is the page after a successful login. It leads to the index.
func SignedIn() []byte { return read("signedin.html") }

func read(name string) []byte {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}

// types are the media types of the files. Package mime would read the system's, which
// may be wrong.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Routes returns the handlers of the files by the pattern of http.ServeMux.
func Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /{$}":      serve("index.html"),
		"GET /page.css": serve("page.css"),
		"GET /page.js":  serve("page.js"),
		"GET /icon.svg": serve("icon.svg"),
	}
}

// serve serves a file. A browser asks each time whether it is still the same.
func serve(name string) http.HandlerFunc {
	data := read(name)
	sum := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", types[path.Ext(name)])
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	}
}
