// Package page holds the web page of edge: embedded HTML, CSS and JavaScript. It loads
// nothing from other hosts and has no inline scripts or styles, so that the strictest
// content security policy works.
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

// Public lists the paths that the login page loads.
var Public = []string{"/page.css", "/icon.svg"}

// Login returns the login page. <!--message--> in it is the placeholder for a message.
func Login() []byte { return read("login.html") }

// SignedIn returns the page after a successful login, which refreshes to the index.
func SignedIn() []byte { return read("signedin.html") }

func read(name string) []byte {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}

// types maps file extensions to media types. Package mime would use the system's table,
// which may be wrong.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Routes returns the handlers of the files by http.ServeMux pattern.
func Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /{$}":      serve("index.html"),
		"GET /page.css": serve("page.css"),
		"GET /page.js":  serve("page.js"),
		"GET /icon.svg": serve("icon.svg"),
	}
}

// serve returns a handler for a file. Browsers cache it, but revalidate it by its ETag.
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
