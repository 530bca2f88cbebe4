//go:build amd64 || arm64

package v4l2

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/pixel"
)

func TestDescribe(t *testing.T) {
	f := webcam()
	require.Equal(t, Node{
		Path: "/dev/video7", Driver: "fake", Card: "Fake camera", Bus: "usb-1.2", Modes: f.modes,
	}, f.device(t).describe())
}

func TestRangesOfSizes(t *testing.T) {
	whole := Size{Width: 16, Height: 16, MaxWidth: 1920, MaxHeight: 1080, StepX: 4, StepY: 2, Rates: fakeRates}
	f := newFake(Mode{pixel.NV12, []Size{whole}}).multiPlanar()
	require.Equal(t, f.modes, f.device(t).modes())
}

func TestUnsuitableDevices(t *testing.T) {
	for _, c := range []struct {
		driver       string
		capabilities uint32
		words        string
	}{
		{"uvcvideo", capVideoCapture | capStreaming, ""},
		{"bm2835 mmal", capVideoCapture | capStreaming, ""},
		{"any", capVideoCaptureMPlane | capStreaming, ""},
		{"v4l2 loopback", capVideoCapture | capVideoOutput | capStreaming, ""},
		{"unicam", capVideoCapture | capStreaming, ""}, // by its formats
		{"rp1-cfe", capVideoCapture | capMetaCapture | capStreaming, ""},
		{"pispbe", capVideoCaptureMPlane | capStreaming, "by the camera rpicam"},
		{"pispbe", capMetaOutput | capStreaming, "by the camera rpicam"},
		{"bcm2835-isp", capVideoCapture | capStreaming, "by the camera rpicam"},
		{"bcm2835-codec", capVideoM2MMPlane | capStreaming, "an encoder, decoder or converter"},
		{"hantro", capVideoM2M | capStreaming, "an encoder, decoder or converter"},
		{"s5p-mfc", capVideoCaptureMPlane | capVideoOutputMPlane | capStreaming, "an encoder, decoder or converter"},
		{"uvcvideo", capMetaCapture | capStreaming, "metadata, not pictures"},
		{"v4l2 loopback", capVideoOutput | capStreaming, "once a program feeds it"},
		{"radio", 0, "captures no video"},
		{"old", capVideoCapture, "does not support streaming I/O"},
	} {
		f := webcam()
		clear(f.capability.driver[:])
		copy(f.capability.driver[:], c.driver)
		f.capability.deviceCapabilities = c.capabilities
		d := f.device(t)
		if c.words == "" {
			require.Empty(t, d.unsuitable(), c.driver)
			continue
		}
		require.Contains(t, d.unsuitable(), c.words, c.driver)
		_, err := open(d, Config{})
		require.EqualError(t, err, "/dev/video7: "+d.unsuitable())
		require.Equal(t, c.driver != "v4l2 loopback", errors.Is(err, deviceerr.ErrPermanent), "%s: must retrying be pointless?", c.driver)
		require.True(t, f.closed)
	}
}

func TestCapabilitiesWithoutDeviceCaps(t *testing.T) {
	f := webcam()
	f.capability.capabilities = capVideoCapture | capStreaming
	f.capability.deviceCapabilities = 0
	require.Empty(t, f.device(t).unsuitable())
}

func TestNoSupportedFormat(t *testing.T) {
	h264, err := pixel.Parse("H264")
	require.NoError(t, err)
	f := newFake(Mode{h264, nil})
	require.Equal(t, "offers no supported pixel format, only H264", f.device(t).describe().Problem)
	_, err = open(f.device(t), Config{})
	require.EqualError(t, err, "/dev/video7: it offers the pixel formats H264; none of them is supported")
	require.ErrorIs(t, err, deviceerr.ErrPermanent)
}

func TestChoose(t *testing.T) {
	all := make([]Mode, len(preference))
	for i, code := range preference { // reversed: the driver's order does not matter
		all[len(all)-1-i] = Mode{code, []Size{sized(640, 480)}}
	}
	slow := func(m Mode, rate float64) Mode {
		for i := range m.Sizes {
			m.Sizes[i].Rates = []float64{rate}
		}
		return m
	}
	hd := []Mode{
		slow(Mode{pixel.YUYV, []Size{sized(640, 480), sized(1280, 720)}}, 10),
		slow(Mode{pixel.MJPEG, []Size{sized(640, 480), sized(1280, 720), sized(1920, 1080)}}, 30),
	}
	pal := []Mode{slow(Mode{pixel.YUYV, []Size{sized(640, 480)}}, 5), slow(Mode{pixel.MJPEG, []Size{sized(640, 480)}}, 25)}
	unlisted := []Mode{{pixel.YUYV, []Size{sized(640, 480)}}, {pixel.MJPEG, []Size{sized(640, 480)}}}
	unlisted[0].Sizes[0].Rates = nil
	ranged := []Mode{{pixel.NV12, []Size{{Width: 32, MaxWidth: 1000, StepX: 32, Height: 32, MaxHeight: 1000, StepY: 2}}}}
	for name, c := range map[string]struct {
		modes []Mode
		w     Config
		want  choice
	}{
		"cheapest":              {all, Config{}, choice{pixel.YUYV, 640, 480}},
		"second cheapest":       {all[:len(all)-1], Config{}, choice{pixel.UYVY, 640, 480}},
		"grey before JPEG":      {all[:3], Config{}, choice{pixel.Y16, 640, 480}},
		"MJPEG before JPEG":     {all[:2], Config{}, choice{pixel.MJPEG, 640, 480}},
		"JPEG only":             {all[:1], Config{}, choice{pixel.JPEG, 640, 480}},
		"JPEG as MJPEG":         {all[:1], Config{FourCC: pixel.MJPEG}, choice{pixel.JPEG, 640, 480}},
		"MJPEG as JPEG":         {all[:2], Config{FourCC: pixel.JPEG}, choice{pixel.MJPEG, 640, 480}},
		"format given":          {all, Config{FourCC: pixel.GREY}, choice{pixel.GREY, 640, 480}},
		"no rate given":         {hd, Config{}, choice{pixel.MJPEG, 640, 480}}, // for the default of 30
		"no rates listed":       {unlisted, Config{}, choice{pixel.YUYV, 640, 480}},
		"25 instead of 5":       {pal, Config{}, choice{pixel.MJPEG, 640, 480}},
		"rate within tolerance": {hd, Config{Rate: 10.4}, choice{pixel.YUYV, 640, 480}},
		"rate of JPEG only":     {hd, Config{Rate: 25}, choice{pixel.MJPEG, 640, 480}},
		"rate of none":          {hd, Config{Rate: 100}, choice{pixel.MJPEG, 640, 480}}, // the nearest
		"size of JPEG only":     {hd, Config{Width: 1920, Height: 1080}, choice{pixel.MJPEG, 1920, 1080}},
		"size of none":          {hd, Config{Width: 700, Height: 500}, choice{pixel.MJPEG, 1280, 720}},
		"size of none, slowly":  {hd, Config{Width: 700, Height: 500, Rate: 10}, choice{pixel.YUYV, 1280, 720}},
		"too large":             {hd, Config{Width: 4000, Height: 3000}, choice{pixel.YUYV, 1280, 720}},
		"size in a range":       {ranged, Config{}, choice{pixel.NV12, 640, 480}},
		"size between steps":    {ranged, Config{Width: 641, Height: 481}, choice{pixel.NV12, 672, 482}},
		"below the range":       {ranged, Config{Width: 1, Height: 1}, choice{pixel.NV12, 32, 32}},
		"above the range":       {ranged, Config{Width: 5000, Height: 5000}, choice{pixel.NV12, 992, 1000}},
		"sizes not enumerated":  {[]Mode{{pixel.YUYV, nil}}, Config{Width: 800, Height: 600}, choice{pixel.YUYV, 800, 600}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newFake(c.modes...).device(t)
			got, err := d.choose(c.w)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// Asked for MJPG, the driver vivid sets YUYV and reports success.
func TestSubstitutedFormatIsRejected(t *testing.T) {
	f := webcam()
	f.answer = func(p *pixFormat) { p.pixelFormat = uint32(pixel.YUYV) }
	_, err := open(f.device(t), Config{FourCC: pixel.MJPEG})
	require.EqualError(t, err, "/dev/video7: requested MJPG at 640x480, but the driver set YUYV at 640x480")
	require.ErrorIs(t, err, deviceerr.ErrPermanent)
}

func TestFormatNotOffered(t *testing.T) {
	_, err := open(webcam().device(t), Config{FourCC: pixel.NV12})
	require.EqualError(t, err, "/dev/video7: it offers the pixel formats MJPG, YUYV; NV12 was requested")
	require.ErrorIs(t, err, deviceerr.ErrPermanent)
}

func TestAnswersToSetFormat(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*pixFormat)
		format pixel.Format
		words  string
	}{
		"another size": {
			answer: func(p *pixFormat) { p.width, p.height, p.bytesPerLine, p.sizeImage = 320, 240, 640, 640*240 },
			format: pixel.Format{FourCC: pixel.YUYV, Width: 320, Height: 240, Stride: 640, Range: pixel.Limited},
		},
		"padded rows": {
			answer: func(p *pixFormat) { p.bytesPerLine, p.sizeImage = 1536, 1536*480 },
			format: pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1536, Range: pixel.Limited},
		},
		"no stride": {
			answer: func(p *pixFormat) { p.bytesPerLine = 0 },
			format: pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1280, Range: pixel.Limited},
		},
		"short rows":  {answer: func(p *pixFormat) { p.bytesPerLine = 640 }, words: "640 bytes per row"},
		"small image": {answer: func(p *pixFormat) { p.sizeImage-- }, words: "614399 in total"},
		"empty":       {answer: func(p *pixFormat) { p.height = 0 }, words: "pictures of 640x0 pixels"},
		"huge":        {answer: func(p *pixFormat) { p.width = 1 << 31 }, words: "sides of 1…16384"},
		"fields":      {answer: func(p *pixFormat) { p.field = 7 }, words: "separate fields"},
		"interlaced": {
			answer: func(p *pixFormat) { p.field = 4 },
			format: pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1280, Range: pixel.Limited},
		},
		"interlaced, top field first": {
			answer: func(p *pixFormat) { p.field = 8 },
			format: pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1280, Range: pixel.Limited},
		},
		"interlaced, bottom field first": {
			answer: func(p *pixFormat) { p.field = 9 },
			format: pixel.Format{FourCC: pixel.YUYV, Width: 640, Height: 480, Stride: 1280, Range: pixel.Limited},
		},
	} {
		for kind, f := range map[string]*fake{"single-planar": webcam(), "multi-planar": webcam().multiPlanar()} {
			t.Run(name+", "+kind, func(t *testing.T) {
				f.answer = c.answer
				s, err := open(f.device(t), Config{})
				if c.words != "" {
					require.ErrorContains(t, err, c.words)
					return
				}
				require.NoError(t, err)
				require.Equal(t, c.format, s.Format())
				require.NoError(t, s.Close())
			})
		}
	}
}

func TestSeveralMemoryPlanes(t *testing.T) {
	f := webcam().multiPlanar()
	f.planes = 2
	_, err := open(f.device(t), Config{})
	require.ErrorContains(t, err, "2 memory planes")
}

func TestColour(t *testing.T) {
	for _, c := range []struct {
		code   pixel.FourCC
		pix    pixFormat
		matrix pixel.Matrix
		limits pixel.Range
	}{
		{pixel.YUYV, pixFormat{}, pixel.BT601, pixel.Limited},
		{pixel.YUYV, pixFormat{colorspace: colorspaceSRGB}, pixel.BT601, pixel.Limited},
		{pixel.YUYV, pixFormat{colorspace: colorspaceJPEG}, pixel.BT601, pixel.Full},
		{pixel.NV12, pixFormat{colorspace: colorspaceREC709}, pixel.BT709, pixel.Limited},
		{pixel.NV12, pixFormat{colorspace: colorspaceREC709, ycbcrEnc: ycbcrEnc601}, pixel.BT601, pixel.Limited},
		{pixel.NV12, pixFormat{colorspace: colorspaceSRGB, ycbcrEnc: ycbcrEnc709, quantization: quantizationFullRange}, pixel.BT709, pixel.Full},
		{pixel.NV12, pixFormat{colorspace: colorspaceJPEG, quantization: quantizationLimRange}, pixel.BT601, pixel.Limited},
		{pixel.YUYV, pixFormat{ycbcrEnc: ycbcrEncXV709}, pixel.BT709, pixel.Limited},
		{pixel.YUYV, pixFormat{ycbcrEnc: ycbcrEncXV601}, pixel.BT601, pixel.Limited},
		{pixel.RGB24, pixFormat{colorspace: colorspaceSRGB}, pixel.BT601, pixel.Full},
		{pixel.RGB24, pixFormat{colorspace: colorspaceSRGB, quantization: quantizationLimRange}, pixel.BT601, pixel.Limited},
		{pixel.GREY, pixFormat{colorspace: colorspaceSRGB}, pixel.BT601, pixel.Full},
		{pixel.GREY, pixFormat{quantization: quantizationLimRange}, pixel.BT601, pixel.Limited},
		{pixel.MJPEG, pixFormat{colorspace: colorspaceSRGB}, pixel.BT601, pixel.Full},
	} {
		matrix, limits := colour(c.code, c.pix)
		require.Equal(t, c.matrix, matrix, "%+v", c)
		require.Equal(t, c.limits, limits, "%+v", c)
	}
}

func TestRate(t *testing.T) {
	f := webcam()
	require.Equal(t, 10.0, f.open(t, Config{Rate: 10}).rate)
	require.Equal(t, 25.0, f.open(t, Config{Rate: 1000}).rate) // the highest on offer
	require.Equal(t, 0.001, f.open(t, Config{Rate: 1e-4}).rate)
	f.fixedRate = true
	require.Zero(t, f.open(t, Config{Rate: 10}).rate)
}

func withControls() *fake {
	named := func(id, kind uint32, name string, low, high int32) controlQuery {
		q := controlQuery{id: id, kind: kind, minimum: low, maximum: high, step: 1}
		copy(q.name[:], name)
		return q
	}
	f := webcam()
	f.listed = []controlQuery{
		named(0x00980001, 6, "User Controls", 0, 0), // V4L2_CID_USER_CLASS, a heading
		named(0x00980900, ctrlTypeInteger, "Brightness", -64, 64),
		named(0x0098090c, ctrlTypeBoolean, "White Balance, Automatic", 0, 1),
		named(0x00980911, ctrlTypeButton, "Refocus", 0, 0),
		named(0x00980918, ctrlTypeMenu, "Power Line Frequency", 0, 2),
		named(0x009a0901, ctrlTypeMenu, "Auto Exposure", 0, 3),
		named(0x009a0902, ctrlTypeInteger, "Exposure Time, Absolute", 1, 5000),
	}
	f.menus = map[uint32][]string{
		0x00980918: {"Disabled", "50 Hz", "60 Hz"},
		0x009a0901: {"", "Manual Mode", "", "Aperture Priority Mode"},
	}
	return f
}

func TestControls(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        control
	}{
		{"brightness", "-5", control{0x00980900, -5}},
		{"Brightness", "64", control{0x00980900, 64}},
		{"white_balance_automatic", "on", control{0x0098090c, 1}},
		{"auto_white_balance", "0", control{0x0098090c, 0}},
		{"power_line_frequency", "50_hz", control{0x00980918, 1}},
		{"power_line", "60 Hz", control{0x00980918, 2}},
		{"auto_exposure", "manual_mode", control{0x009a0901, 1}},
		{"auto_exposure", "aperture_priority_mode", control{0x009a0901, 3}},
		{"exposure", "300", control{0x009a0902, 300}},
		{"exposure_time_absolute", "300", control{0x009a0902, 300}},
		{"refocus", "now", control{0x00980911, 1}},
	} {
		f := withControls()
		f.open(t, Config{Controls: []Setting{{c.name, c.value}}})
		require.Equal(t, c.want, f.lastControl, "%s=%s", c.name, c.value)
	}
}

func TestInvalidControls(t *testing.T) {
	for _, c := range []struct{ name, value, words string }{
		{"zoom", "1", `no control "zoom"; it has brightness, white_balance_automatic, refocus, power_line_frequency, auto_exposure, exposure_time_absolute`},
		{"gain", "1", `no control "gain"`},
		{"user_controls", "1", "no control"},
		{"brightness", "65", "takes -64…64, not 65"},
		{"brightness", "bright", "takes an integer -64…64"},
		{"auto_white_balance", "yes", "takes on or off"},
		{"power_line", "70_hz", "takes disabled, 50_hz, 60_hz, not"},
		{"auto_exposure", "", "takes manual_mode, aperture_priority_mode, not"},
	} {
		f := withControls()
		_, err := open(f.device(t), Config{Controls: []Setting{{c.name, c.value}}})
		require.ErrorContains(t, err, c.words, "%s=%s", c.name, c.value)
		require.ErrorIs(t, err, deviceerr.ErrPermanent)
		require.True(t, f.closed)
	}
	f := withControls()
	f.fail[vidiocSCtrl] = unix.EACCES
	_, err := open(f.device(t), Config{Controls: []Setting{{"exposure", "300"}}})
	require.ErrorContains(t, err, "overrides it: turn that off first")
}

// TestBusyNamesTheProcess lets another process open a file.
func TestBusyNamesTheProcess(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("LEFT OUT: needs the program sleep")
	}
	path := filepath.Join(t.TempDir(), "video7")
	file, err := os.Create(path)
	require.NoError(t, err)
	link := path + "-link"
	require.NoError(t, os.Symlink(path, link))
	other := exec.Command(sleep, "1000")
	other.ExtraFiles = []*os.File{file}
	require.NoError(t, other.Start())
	defer func() {
		require.NoError(t, other.Process.Kill())
		_ = other.Wait() // it was killed
	}()
	require.NoError(t, file.Close())
	for _, name := range []string{path, link} {
		busy := explain(name, "start", fmt.Errorf("get memory: %w", unix.EBUSY))
		require.EqualError(t, busy, fmt.Sprintf("%s: in use by process %d (sleep): stop it first", name, other.Process.Pid))
	}
	require.Contains(t, explain("/nowhere", "start", unix.EBUSY).Error(), "sudo fuser -v /nowhere")
}

func TestBusyFromAnyRequest(t *testing.T) {
	for _, request := range []uintptr{vidiocSFmt, vidiocSParm, vidiocReqbufs, vidiocStreamon} {
		f := webcam()
		f.fail[request] = unix.EBUSY
		_, err := open(f.device(t), Config{Rate: 10})
		require.ErrorIs(t, err, unix.EBUSY)
		require.ErrorContains(t, err, "in use by")
	}
}

// TestDefaultRateMayFail makes requests for the rate fail. A camera starts
// without one.
func TestDefaultRateMayFail(t *testing.T) {
	for _, request := range []uintptr{vidiocGParm, vidiocSParm} {
		for _, cause := range []error{unix.EIO, unix.EPROTO, unix.EBUSY, unix.EINVAL, unix.ENOTTY} {
			f := webcam()
			f.fail[request] = cause
			s := f.open(t, Config{})
			require.Zero(t, s.rate)
			next(t, s)
			_, err := open(f.device(t), Config{Rate: 10})
			require.Equal(t, errors.Is(cause, unix.EINVAL) || errors.Is(cause, unix.ENOTTY), err == nil, cause)
		}
	}
}

// named sets the name of the fake's driver.
func (f *fake) named(driver string) *fake {
	clear(f.capability.driver[:])
	copy(f.capability.driver[:], driver)
	return f
}

// TestCameraConnectors judges what is at a Raspberry Pi's connector by its formats.
func TestCameraConnectors(t *testing.T) {
	code := func(text string) pixel.FourCC {
		c, err := pixel.Parse(text)
		require.NoError(t, err)
		return c
	}
	hd := []Size{sized(1280, 720)}
	for _, driver := range receiverDrivers {
		for _, code := range []pixel.FourCC{pixel.UYVY, pixel.RGB24, pixel.BGR24, pixel.YVYU} {
			f := newFake(Mode{code, hd}).named(driver)
			require.Empty(t, f.device(t).describe().Problem)
			next(t, f.open(t, Config{}))
		}
		f := newFake(Mode{code("pgAA"), hd}, Mode{code("RG10"), hd}).named(driver)
		const raw = "delivers raw sensor data (pgAA, RG10): a camera module is read through rpicam-vid, by the camera rpicam"
		require.Equal(t, raw, f.device(t).describe().Problem)
		_, err := open(f.device(t), Config{})
		require.EqualError(t, err, "/dev/video7: "+raw)
		require.ErrorIs(t, err, deviceerr.ErrPermanent)
		require.Contains(t, newFake(Mode{pixel.GREY, hd}, Mode{pixel.Y10, hd}).named(driver).device(t).unsuitable(), "raw sensor data (GREY, Y10 )")

		// Only opening the device shows what is connected.
		f = newFake(Mode{pixel.UYVY, hd}, Mode{code("RG10"), hd}).named(driver)
		f.capability.deviceCapabilities |= capIOMediaController
		require.Contains(t, f.device(t).describe().Problem, "a camera connector that lists all formats")
		next(t, f.open(t, Config{}))
		f.fail[vidiocStreamon] = unix.EPIPE
		_, err = open(f.device(t), Config{})
		require.EqualError(t, err, "/dev/video7: the camera connector does not deliver UYVY 1280x720 (broken pipe): "+
			"a camera module is read through rpicam-vid, by the camera rpicam; a bridge must be set up first with media-ctl")
	}
}

// TestNoFormatYet has a loopback device without a program that feeds it.
func TestNoFormatYet(t *testing.T) {
	for _, c := range []Config{{}, {FourCC: pixel.YUYV, Width: 640, Height: 480}} {
		d := newFake().device(t)
		require.Equal(t, noFormat, d.describe().Problem)
		_, err := open(d, c)
		require.EqualError(t, err, "/dev/video7: offers no pixel format (a loopback device offers one once a program feeds it)")
		require.NotErrorIs(t, err, deviceerr.ErrPermanent)
	}
}

// TestFormatsOfFewCameras streams each format that is the only one of some camera.
func TestFormatsOfFewCameras(t *testing.T) {
	for code, want := range map[pixel.FourCC]pixel.FourCC{
		pixel.JPEG: pixel.MJPEG, pixel.YVYU: pixel.YVYU, pixel.YV12: pixel.YV12, pixel.RGB565: pixel.RGB565, pixel.Y10: pixel.Y10, pixel.Y16: pixel.Y16,
	} {
		s := newFake(Mode{code, []Size{sized(640, 480)}}).open(t, Config{})
		require.Equal(t, want, s.Format().FourCC)
		next(t, s)
	}
}

func TestPermissionNamesTheGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "video7")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, explain(path, "open", unix.EACCES), "only user "+userName(uint32(os.Getuid()))+" may open it: use sudo")
	require.NoError(t, os.Chmod(path, 0o660))
	group := groupName(uint32(os.Getgid()))
	require.ErrorContains(t, explain(path, "open", unix.EACCES), "sudo usermod -aG "+group+" $USER, then log in again")
}

func TestOtherErrors(t *testing.T) {
	require.ErrorContains(t, explain("/dev/video7", "start", unix.ENOSPC), "not enough USB bandwidth")
	require.EqualError(t, explain("/dev/video7", "read a frame", unix.EIO), "/dev/video7: read a frame: input/output error")
}

// descriptors returns the number of files that this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestNotAVideoDevice(t *testing.T) {
	before := descriptors(t)
	for range 1000 {
		_, err := Open("/dev/null", Config{})
		require.EqualError(t, err, "/dev/null: not a video device")
		_, err = Open("/dev/video999", Config{})
		require.True(t, strings.HasPrefix(err.Error(), "/dev/video999: camera not found"), err)
	}
	require.Equal(t, before, descriptors(t))
}
