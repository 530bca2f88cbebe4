package pihealth

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The mounts of a board: a card, a USB disk with a space in its path, and systemd's sandbox,
// which makes the mount of the card read-only, but not its file system.
const mountinfo = `26 1 179:2 / / ro,relatime shared:1 - ext4 /dev/mmcblk0p2 rw
27 26 0:21 / /sys rw,relatime - sysfs none rw
40 26 8:1 / /media/usb\040disk rw,relatime - ext4 /dev/sda1 ro,errors=remount-ro
41 26 7:1 / /snap/core ro,nodev - squashfs /dev/loop1 ro
`

// space returns 1 of 10 GB for each folder.
func space(string) (int64, int64, error) { return 1e9, 1e10, nil }

func TestVolumes(t *testing.T) {
	root := files(map[string]string{mountsFile: mountinfo})
	s := Reader{root, []string{"/", "/var/pictures", "/media/usb disk/pictures", "/media/usb", "/snap/core/x"}, space}.Read()
	require.Equal(t, []Volume{
		{Folder: "/", Free: 1e9, Total: 1e10},
		{Folder: "/media/usb disk/pictures", Free: 1e9, Total: 1e10, ReadOnly: true},
		{Folder: "/snap/core/x", Free: 1e9, Total: 1e10},
	}, s.Volumes)
	require.Equal(t, []string{"the file system of /media/usb disk/pictures is read-only"}, Texts(s.Problems()))
}

func TestReadOnlyOnPurpose(t *testing.T) {
	const ro = "26 1 179:2 / / ro - ext4 /dev/mmcblk0p2 ro\n"
	for fstab, problem := range map[string]bool{
		"": true,
		"PARTUUID=1-02  /  ext4  defaults,noatime  0  1\n":                    true,
		"# a comment\nPARTUUID=1-02  /  ext4  defaults,noatime,ro  0  1\n":    false,
		"PARTUUID=1-01  /boot  vfat  ro  0  2\nPARTUUID=1-02 / ext4 rw 0 1\n": true,
		"PARTUUID=1-02  //  ext4  ro\n":                                       false,
	} {
		s := Reader{files(map[string]string{mountsFile: ro, fstabFile: fstab}), []string{"/"}, space}.Read()
		require.Equal(t, problem, s.Volumes[0].ReadOnly, fstab)
	}
}

// Without /proc each folder is a volume. One that cannot be measured is omitted.
func TestVolumesWithoutMounts(t *testing.T) {
	failing := func(folder string) (int64, int64, error) {
		if folder == "/gone" {
			return 0, 0, errors.New("gone")
		}
		return space(folder)
	}
	s := Reader{files(nil), []string{"/gone", "/a", "/b"}, failing}.Read()
	require.Len(t, s.Volumes, 2)
}

func TestSpace(t *testing.T) {
	free, total, err := Space(t.TempDir())
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	require.NoError(t, err)
	require.Positive(t, total)
	require.LessOrEqual(t, free, total)
	_, _, err = Space("/no such folder")
	require.ErrorContains(t, err, "/no such folder")
}

// The kernel writes the files, but mount points in them may have any name.
func FuzzRead(f *testing.F) {
	f.Add(mountinfo, "/dev/sda1 / ext4 ro 0 1\n", "MemTotal: 1 kB\nMemAvailable: 1 kB\n", "some avg10=0.00 avg60=99.00 avg300=0.00 total=0\n", "50005\n")
	f.Add("1 1 1:1 / /\\04 ro - a b ro", "\\ \\999", "MemTotal: 9223372036854775807 kB\nMemAvailable: -1", "avg60=NaN", "0x")
	f.Fuzz(func(t *testing.T, mounts, fstab, memory, pressure, throttled string) {
		root := files(map[string]string{
			mountsFile: mounts, fstabFile: fstab, memoryFile: memory, pressureFile: pressure,
			"sys/devices/platform/soc/soc:firmware/get_throttled": throttled,
			"sys/class/hwmon/hwmon0/name":                         "rpi_volt\n", "sys/class/hwmon/hwmon0/in0_lcrit_alarm": throttled,
		})
		s := Reader{root, []string{"/", "/var/pictures"}, space}.Read()
		require.NotEmpty(t, s.Volumes)
		if m := s.Memory; m != nil {
			require.Positive(t, m.Total)
			require.GreaterOrEqual(t, m.Available, int64(0))
			require.True(t, m.Pressure == nil || *m.Pressure >= 0 && *m.Pressure <= 100)
		}
		for _, p := range s.Problems() {
			require.True(t, utf8.ValidString(p.Text))
			require.NotEmpty(t, p.Cure)
		}
		for _, m := range readMounts(root) {
			require.NotContains(t, m.kind, " ")
			require.LessOrEqual(t, len(m.point), len(mounts))
		}
	})
}
