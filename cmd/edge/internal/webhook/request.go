package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
)

// request returns the request that sends a job.
func (s *Sink) request(j job) (*http.Request, error) {
	if s.config.Text != "" {
		return s.message(j)
	}
	event, err := json.Marshal(j.event)
	if err != nil {
		return nil, err
	}
	if !s.config.Pictures {
		return s.newRequest(http.MethodPost, event, http.Header{"Content-Type": {"application/json"}})
	}
	body, contentType, err := form(event, j.picture)
	if err != nil {
		return nil, err
	}
	return s.newRequest(http.MethodPost, body, http.Header{"Content-Type": {contentType}})
}

// newRequest returns a request. Configured headers replace those of the same name.
func (s *Sink) newRequest(method string, body []byte, header http.Header) (*http.Request, error) {
	r, err := http.NewRequestWithContext(s.requests, method, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	for name, values := range s.header {
		r.Header[name] = values
	}
	if host := s.header.Get("Host"); host != "" {
		r.Host = host
	}
	return r, nil
}

// message returns a request with a message for people. Non-ASCII headers are encoded by
// RFC 2047, which ntfy decodes.
func (s *Sink) message(j job) (*http.Request, error) {
	text := strings.ToValidUTF8(expand(s.config.Text, j.event), "\uFFFD")
	title := strings.ToValidUTF8(expand(s.config.Title, j.event), "\uFFFD")
	header := http.Header{}
	if title != "" {
		header.Set("Title", mime.BEncoding.Encode("utf-8", title))
	}
	if j.picture == nil {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		return s.newRequest(http.MethodPost, []byte(text), header)
	}
	header.Set("Content-Type", "image/jpeg")
	header.Set("Message", mime.BEncoding.Encode("utf-8", text))
	header.Set("Filename", "snapshot.jpg")
	return s.newRequest(http.MethodPut, j.picture, header)
}

// form returns a multipart form and its content type. The picture may be nil.
func form(event, picture []byte) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	err := addPart(w, `form-data; name="event"`, "application/json", event)
	if err == nil && picture != nil {
		err = addPart(w, `form-data; name="snapshot"; filename="snapshot.jpg"`, "image/jpeg", picture)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), w.FormDataContentType(), err
}

func addPart(w *multipart.Writer, disposition, contentType string, data []byte) error {
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {contentType}})
	if err != nil {
		return err
	}
	_, err = io.Copy(part, bytes.NewReader(data))
	return err
}
