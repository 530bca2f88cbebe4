// Package ffmpeg streams pictures from network cameras that send compressed video, and
// from video files, on Unix, through the program ffmpeg.
//
// The program receives, decodes and scales the video, and writes frames as YUV4MPEG2
// to a pipe. It is started as follows.
//   - The address comes through standard input, as a script for ffmpeg's demuxer
//     concat, because it may hold a password: arguments are visible to every user of
//     the machine. A script may also set options of the demuxer for the address
//     (https://ffmpeg.org/ffmpeg-formats.html, concat).
//   - RTSP runs over TCP: one lost packet of UDP damages pictures until the next
//     keyframe. Only the video is asked for.
//   - Nothing is buffered and no frame is decoded in advance (nobuffer, low_delay).
//     The flag low_delay has the decoder use one thread for each slice of a frame
//     instead of one for each frame.
//   - Frames become small at once: copying and preparing those of a camera of eight
//     megapixels would cost more than the network's answer.
//   - The timestamps decide nothing: every decoded frame is written when it comes
//     (-fps_mode passthrough).
//
// ffmpeg 5.1 or later is needed, that of Debian 12.
//
// A Raspberry Pi up to the 4 decodes H.264 in hardware, which ffmpeg reaches as
// h264_v4l2m2m. Whether that works depends on the stream, the memory reserved for it
// and the versions of kernel and ffmpeg, so it is tried, and what failed is remembered
// by Decoder.
//
// Video files are read in the same way, but each frame waits until it is read.
//
// ffmpeg's log may quote addresses. It is never passed on without their passwords, see
// address.redact.
package ffmpeg
