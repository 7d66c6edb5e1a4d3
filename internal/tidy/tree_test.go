package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// tree is a repository as the rules see it: what its top level shows and its Go
// files in the order of their paths.
type tree struct {
	top     []string
	ignored []string // the patterns of .gitignore
	files   []*source
	fset    *token.FileSet
}

// source is one Go file.
type source struct {
	path   string // from the repository's root
	dir    string // the package, "." at the root
	test   bool
	lines  int
	syntax *ast.File
}

// rule returns the places of a tree that break it, one line each, in the order
// of the files.
type rule func(*tree) []string

// load parses every Go file below fsys, apart from hidden folders and testdata.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		t.top = append(t.top, entry.Name())
	}
	if ignored, err := fs.ReadFile(fsys, ".gitignore"); err == nil {
		t.ignored = strings.Fields(string(ignored))
	}
	return t, fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && outside(entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && path.Ext(name) == ".go":
			return t.add(fsys, name)
		}
		return nil
	})
}

// outside tells the folders that the go command passes over.
func outside(folder string) bool {
	return folder == "testdata" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

func (t *tree) add(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.files = append(t.files, &source{
		path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(text, []byte("\n")), syntax: syntax,
	})
	return nil
}

// packages are the folders that hold Go files, sorted.
func (t *tree) packages() []string {
	var all []string
	for _, file := range t.files {
		all = append(all, file.dir)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// in returns the files of a package.
func (t *tree) in(dir string) []*source {
	var all []*source
	for _, file := range t.files {
		if file.dir == dir {
			all = append(all, file)
		}
	}
	return all
}

// at writes a finding that belongs to a position.
func (t *tree) at(pos token.Pos, format string, args ...any) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d: ", p.Filename, p.Line) + fmt.Sprintf(format, args...)
}

// imported is the path that an import names.
func imported(spec *ast.ImportSpec) string {
	name, _ := strconv.Unquote(spec.Path.Value) // the parser accepts only quoted ones
	return name
}

// local is the name by which a file calls a package, "." for one whose names it
// took over, and empty for one that it does not import.
func (s *source) local(pkg string) string {
	for _, spec := range s.syntax.Imports {
		if imported(spec) != pkg {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		if base := path.Base(pkg); base != "v2" {
			return base
		}
		return path.Base(path.Dir(pkg))
	}
	return ""
}

// within tells whether a package is that of a pattern: itself, or with /...
// also all below it, as the go command reads it.
func within(pkg, pattern string) bool {
	if pattern == "..." {
		return true
	}
	above, wide := strings.CutSuffix(pattern, "/...")
	return pkg == above || wide && strings.HasPrefix(pkg, above+"/")
}

func withinAny(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return within(pkg, pattern) })
}

// exemptions are files that may break a rule, each with the reason.
type exemptions map[string]string

// spared drops the findings of exempted files and adds one for each exemption
// that nothing needs.
func (e exemptions) spared(findings []string) []string {
	needed := map[string]bool{}
	left := slices.DeleteFunc(findings, func(finding string) bool {
		file, _, _ := strings.Cut(finding, ":")
		needed[file] = true
		return e[file] != ""
	})
	for _, file := range slices.Sorted(maps.Keys(e)) {
		if !needed[file] {
			left = append(left, file+": exempted for nothing: take it off the list")
		}
	}
	return left
}

// plant builds a tree of files that a test wrote down.
func plant(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	planted, err := load(fsys)
	require.NoError(t, err)
	return planted
}
