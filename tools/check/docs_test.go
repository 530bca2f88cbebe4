package main

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the project's root directory.
const root = "../.."

// pages are the documents that the tests below check.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		names = append(names, filepath.Join(root, name))
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		texts[name] = string(text)
	}
	return texts
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// Every relative link leads to a file.
func TestDocsLinks(t *testing.T) {
	for name, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			require.FileExists(t, filepath.Join(filepath.Dir(name), m[1]), "link in %s", name)
		}
	}
}

var (
	makeCommand = regexp.MustCompile("(?m)(?:^    |`)make ([a-z0-9-]+)")
	makeTarget  = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
)

// Every make target that a page names exists.
func TestDocsMakeTargets(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		targets[m[1]] = true
	}
	for name, text := range pages(t) {
		for _, m := range makeCommand.FindAllStringSubmatch(text, -1) {
			require.True(t, targets[m[1]], "%s names make %s", name, m[1])
		}
	}
}

var sourcePath = regexp.MustCompile("`((?:kernels|model|quant|camera|cmd|tools|internal|docs)/[A-Za-z0-9_./-]*)`")

// Every path of the project that a page names exists.
func TestDocsPaths(t *testing.T) {
	for name, text := range pages(t) {
		for _, m := range sourcePath.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "NAME") {
				continue // of a file to add
			}
			_, err := os.Stat(filepath.Join(root, m[1]))
			require.NoError(t, err, "%s names %s", name, m[1])
		}
	}
}

var goProgram = regexp.MustCompile("(?s)```go\n.*?func main\\(\\) \\{\n(.*?)\n\\}\n```")

// The program in the README is a tested example, which reads another picture.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	program := goProgram.FindSubmatch(readme)
	require.NotNil(t, program)
	example, err := os.ReadFile(filepath.Join(root, "model", "classify", "example_test.go"))
	require.NoError(t, err)
	_, body, found := strings.Cut(string(example), "func Example() {\n")
	require.True(t, found)
	body, _, _ = strings.Cut(body, "\n\t// Output:")
	require.Equal(t, strings.Replace(string(program[1]), `"photo.jpg"`, `"testdata/photo.png"`, 1), body)
}

// errorText is the first cell of a row of docs/troubleshooting.md.
var errorText = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// Every error text of docs/troubleshooting.md is in the code, and so is each
// part of one that is interrupted by an ellipsis.
func TestDocsErrorTexts(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "troubleshooting.md"))
	require.NoError(t, err)
	rows := errorText.FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, rows)
	code := literals(t)
	for _, row := range rows {
		for part := range strings.SplitSeq(row[1], "…") {
			if !strings.Contains(code, strings.TrimSpace(part)) {
				t.Errorf("not in the code: %q", part)
			}
		}
	}
}

// literals joins the string literals of the project's code without its tests.
// A sum of literals counts as one.
func literals(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := constant(e)
			if ok {
				all.WriteString(text + "\n")
			}
			return !ok
		})
		return nil
	})
	require.NoError(t, err)
	return all.String()
}

// constant evaluates a string literal, or a sum of some.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok1 := constant(e.X)
		right, ok2 := constant(e.Y)
		return left + right, ok1 && ok2 && e.Op == token.ADD
	}
	return "", false
}

// Every public package has a doc comment and an Example. The files are parsed, not
// built, so those of other platforms count.
func TestDocsPackages(t *testing.T) {
	public := 0
	for _, dir := range publicDirs(t) {
		files, examples, documented := parsePackage(t, dir)
		if files == 0 {
			continue // a folder of packages
		}
		public++
		if !documented {
			t.Errorf("%s: no doc comment", dir)
		}
		if examples == 0 {
			t.Errorf("%s: no Example", dir)
		}
	}
	require.NotZero(t, public)
}

// publicDirs lists the directories in which public packages may be.
func publicDirs(t *testing.T) (dirs []string) {
	t.Helper()
	for _, top := range []string{"kernels", "model", "quant", "camera"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if name := entry.Name(); name == "internal" || name == "testdata" {
				return fs.SkipDir
			}
			dirs = append(dirs, path)
			return nil
		})
		require.NoError(t, err)
	}
	return dirs
}

// parsePackage counts a package's files without tests, and the Example functions of
// its tests.
func parsePackage(t *testing.T, dir string) (files, examples int, documented bool) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		if strings.HasSuffix(name, "_test.go") {
			examples += len(doc.Examples(file))
			continue
		}
		files++
		documented = documented || file.Doc.Text() != ""
	}
	return files, examples, documented
}
