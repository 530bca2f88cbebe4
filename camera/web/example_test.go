package web_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"log"
	"net/http"
	"net/http/httptest"

	"halfmeg/camera/picture"
	"halfmeg/camera/web"
)

// Read two frames of a camera, for which a local server stands in.
func ExampleOpen() {
	camera := httptest.NewServer(http.HandlerFunc(sendStream))
	defer camera.Close()

	stream, err := web.Open(context.Background(), camera.URL+"/stream", web.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	fmt.Println(stream.Width, stream.Height)
	var frame []byte
	for range 2 {
		frame, err = stream.Read(frame)
		if err != nil {
			log.Println(err)
			return
		}
		fmt.Println(picture.FrameSize(frame))
	}
	// Output:
	// 64 48
	// 64 48 <nil>
	// 64 48 <nil>
}

// sendStream sends frames until the client disconnects.
func sendStream(w http.ResponseWriter, _ *http.Request) {
	var frame bytes.Buffer
	if err := jpeg.Encode(&frame, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		log.Fatal(err)
	}
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
	for {
		_, err := fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", frame.Len(), frame.Bytes())
		if err != nil {
			return
		}
	}
}

// An address for a log, without what may be secret, and one that shows what was left
// out.
func ExampleName() {
	const address = "http://admin:secret@camera.local/video?token=1234"
	fmt.Println(web.Name(address))
	fmt.Println(web.Template(address))
	// Output:
	// http://camera.local/video
	// http://NAME:PASSWORD@camera.local/video?QUERY
}
