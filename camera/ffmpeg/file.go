package ffmpeg

import (
	"path/filepath"
	"strings"
)

// IsFile reports whether a file name has the extension of a compressed video.
func IsFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".3gp", ".flv", ".wmv", ".asf",
		".h264", ".264", ".avc", ".h265", ".265", ".hevc", ".av1", ".ivf", ".ogv":
		return true
	}
	return false
}
