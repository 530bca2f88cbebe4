// Package ffmpeg reads compressed video, from network cameras and from files, with the
// program ffmpeg. It works on Unix only.
//
// ffmpeg receives, decodes and scales the video, and writes frames as YUV4MPEG2 to a
// pipe. Its options have these reasons:
//   - The address is passed through standard input, as a script for the concat demuxer,
//     because it may contain a password, and every user of the machine can read a
//     process's arguments. The script also sets the demuxer options of the address
//     (https://ffmpeg.org/ffmpeg-formats.html, concat).
//   - RTSP runs over TCP: with UDP a lost packet damages pictures until the next
//     keyframe. Only video is requested, no audio.
//   - ffmpeg neither buffers input nor decodes ahead (nobuffer, low_delay). With
//     low_delay the decoder's threads work on slices of one frame instead of on several
//     frames.
//   - ffmpeg scales frames down before it writes them: copying and preparing frames of
//     eight megapixels would cost more than the network's inference.
//   - Every decoded frame is written as soon as it arrives, whatever its timestamp
//     (-fps_mode passthrough).
//
// The package needs ffmpeg 5.1 or later, which Debian 12 has.
//
// A Raspberry Pi 4 or earlier decodes H.264 in hardware, which ffmpeg offers as
// h264_v4l2m2m. Whether that works depends on the stream, the reserved memory and the
// versions of the kernel and ffmpeg. So the hardware is tried first, and Decoder
// remembers a failure.
//
// Video files are read in the same way, but no frame of them is skipped.
//
// ffmpeg's log may quote addresses. Passwords are removed from it before it is passed
// on, see address.redact.
package ffmpeg
