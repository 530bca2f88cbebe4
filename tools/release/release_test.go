package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.Equal(t, "1.2.3", version("v1.2.3", at, "abc"))
	require.Equal(t, "1.2.3~rc1", version("v1.2.3-rc1", at, "abc"))
	require.Equal(t, "0~git20260102.030405.abc", version("", at, "abc"))
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	return &builder{ctx: t.Context(), version: "1.2.3", arch: "arm64", time: time.Unix(1_700_000_000, 0).UTC()}
}

// needDpkg skips a test where dpkg-deb is missing.
func needDpkg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("LEFT OUT: the Debian package: needs dpkg-deb, of Debian's package dpkg")
	}
}

// The same files give the same bytes, whenever and with whatever permissions they are
// written.
func TestPackIsReproducible(t *testing.T) {
	needDpkg(t)
	b := newBuilder(t)
	var packages []string
	for _, perm := range []os.FileMode{0o644, 0o600} {
		name := filepath.Join(t.TempDir(), "a.deb")
		files := []file{
			{"/usr/bin/halfmeg", perm | 0o100, []byte("program")},
			{"/etc/halfmeg/config.yaml", perm, []byte("camera: auto\n")},
			{"/usr/share/man/man1/halfmeg.1.gz", perm, compress([]byte("manual"))},
		}
		require.NoError(t, b.pack(name, filepath.Join(t.TempDir(), "root"), files))
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		packages = append(packages, string(data))
	}
	require.Equal(t, []byte(packages[0]), []byte(packages[1]))
}

func TestPackage(t *testing.T) {
	needDpkg(t)
	name := filepath.Join(t.TempDir(), "a.deb")
	files := []file{{"/usr/bin/halfmeg", 0o755, []byte("program")}, {"/etc/halfmeg/config.yaml", 0o644, []byte("camera: auto\n")}}
	require.NoError(t, newBuilder(t).pack(name, filepath.Join(t.TempDir(), "root"), files))
	dpkg := func(args ...string) string {
		text, err := output(t.Context(), "dpkg-deb", args...)
		require.NoError(t, err)
		return text
	}
	require.Equal(t, "halfmeg 1.2.3 arm64 2", dpkg("--show", "--showformat=${Package} ${Version} ${Architecture} ${Installed-Size}", name))
	list := dpkg("--contents", name)
	require.Regexp(t, `(?m)^drwx------ root/root .* \./etc/halfmeg/secrets/$`, list)
	require.Regexp(t, `(?m)^-rwxr-xr-x root/root .* \./usr/bin/halfmeg$`, list)
	control := t.TempDir()
	dpkg("--control", name, control)
	for file, want := range map[string]string{
		"conffiles": "/etc/halfmeg/config.yaml\n",
		"md5sums":   "a9c449d4fa44e9e5a41c574ae55ce4d9  usr/bin/halfmeg\n", // printf program | md5sum
	} {
		got, err := os.ReadFile(filepath.Join(control, file))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

// link matches a link to a page in the same folder.
var link = regexp.MustCompile(`\]\(([^)/:#]+)\.md(?:#[^)]*)?\)`)

// A link between pages leads to a page of the package.
func TestPagesLinkToPages(t *testing.T) {
	links := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", page+".md"))
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, pages, match[1], "docs/%s.md", page)
			links++
		}
	}
	require.Positive(t, links)
}

// dpkg-parsechangelog and lintian require this form.
func TestChangelog(t *testing.T) {
	text := newBuilder(t).changelog()
	require.True(t, strings.HasPrefix(text, "halfmeg (1.2.3) stable; urgency=medium\n\n  * "), text)
	require.True(t, strings.HasSuffix(text, "\n\n -- The halfmeg authors <authors@halfmeg.example>  Tue, 14 Nov 2023 22:13:20 +0000\n"), text)
}

// A shell accepts the scripts.
func TestScripts(t *testing.T) {
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		_, err := output(t.Context(), "sh", "-n", filepath.Join("debian", name))
		require.NoError(t, err)
	}
}

func TestSums(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("abc"), 0o644))
	require.NoError(t, writeSums(dir, []string{"a"}))
	text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n", string(text)) // FIPS 180-2, appendix B.1
}
