package simcity

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page of a shrunk run
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// bundleVersion is raised when a field changes its meaning.
const bundleVersion = 1

// A Bundle is the forensic record of a run that did not pass, readable JSON.
// SIMCITY_REPLAY=file runs it again.
type Bundle struct {
	Version int `json:"version"`
	// Test is the name of the test that ran it, and Package where that is.
	Test    string  `json:"test"`
	Package string  `json:"package,omitempty"`
	Result  *Result `json:"result"`
	// Explore is how the run looked for races. A replay looks alike.
	Explore *Explore `json:"explore,omitempty"`
	// Shrunk is the smallest run that fails alike, if one was looked for.
	Shrunk *Shrunk `json:"shrunk,omitempty"`
	// Fuzzed tells that an input of [Fuzz] decided, which go test keeps: without it the
	// run does not repeat.
	Fuzzed bool `json:"fuzzed,omitempty"`
}

// ReadBundle reads a bundle. Errors say what is wrong with the file.
func ReadBundle(path string) (*Bundle, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &FieldError{Field: envReplay, Value: path, Allowed: "a bundle written by a failed run", Fix: "give the path that the run told, seen from the module's root: " + err.Error()}
	}
	var b Bundle
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&b); err != nil {
		return nil, &FieldError{Field: envReplay, Value: path, Allowed: "a bundle written by a failed run", Fix: "it is not the JSON of a bundle: " + err.Error()}
	}
	if b.Version == bundleVersion && b.Result == nil {
		return nil, &FieldError{Field: envReplay, Value: path, Allowed: "a bundle written by a failed run", Fix: "it has no result: take the file whole"}
	}
	if b.Version != bundleVersion {
		return nil, &FieldError{Field: envReplay, Value: path, Allowed: fmt.Sprintf("version %d", bundleVersion), Fix: fmt.Sprintf("it is version %d: replay it with the SimCity that wrote it", b.Version)}
	}
	for _, e := range b.Result.LastEvents {
		if e.Index < 0 {
			return nil, &FieldError{Field: envReplay, Value: path, Allowed: "a bundle written by a failed run", Fix: fmt.Sprintf("it has an event %d: take the file as it was written", e.Index)}
		}
	}
	return &b, nil
}

// of tells whether a test may replay the bundle, or why nothing would.
func (b *Bundle) of(test string) (bool, error) {
	refuse := func(allowed, format string, arguments ...any) (bool, error) {
		return false, &FieldError{Field: envReplay, Value: "a run of " + b.Test, Allowed: allowed, Fix: fmt.Sprintf(format, arguments...)}
	}
	switch {
	case b.Fuzzed:
		return refuse("a run that its seed decided", "an input of the fuzzer decided, which go test keeps in testdata/fuzz and runs again by itself: %s", b.Result.Repro)
	case b.Test == test:
		return true, nil
	case b.Package != packageUnderTest():
		return false, nil
	case b.leftOut():
		return refuse("a test that -run names", "nothing is replayed: %s", goTest(b.Test))
	case b.lost():
		return refuse("a run of a test that is there", "%s has it no more: nothing is replayed; name the test as it was", b.Package)
	}
	return false, nil
}

// leftOut tells whether -run passes the test over.
func (b *Bundle) leftOut() bool {
	run := flag.Lookup("test.run")
	if run == nil {
		return false
	}
	pattern, _, _ := strings.Cut(run.Value.String(), "/")
	named, err := regexp.Compile(pattern)
	test, _, _ := strings.Cut(b.Test, "/")
	return err == nil && !named.MatchString(test)
}

// lost tells whether this package, which is the bundle's, has its test no more.
func (b *Bundle) lost() bool {
	test, _, _ := strings.Cut(b.Test, "/")
	listed, err := exec.Command(os.Args[0], "-test.list=^"+regexp.QuoteMeta(test)+"$").Output()
	return err == nil && !slices.Contains(strings.Fields(string(listed)), test)
}

// writeBundle writes the record of a run where the test keeps artifacts. Those
// are removed after the test unless go test has -artifacts; then a folder for
// temporary files takes it, so that the path in the message stays good.
func writeBundle(t testing.TB, res *Result, explore Explore, again bool) (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("simcity-bundles-%d", os.Getuid()))
	if kept := flag.Lookup("test.artifacts"); kept != nil && kept.Value.String() == "true" {
		dir = t.ArtifactDir()
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	where, _ := packageDir()
	name := strings.NewReplacer("./", "", "/", "-", " ", "-").Replace(where + "/" + t.Name())
	name = strings.Trim(name, "-.") + "-" + placeOfWork()
	replay := ""
	if again {
		replay = "-replay" // the bundle that is replayed stays as it is
	}
	stem := filepath.Join(dir, fmt.Sprintf("%s-%s-seed-%d%s%s", name, res.Scenario, res.Seed, res.mode(), replay))
	if err := res.keepPictures(stem); err != nil {
		return "", err
	}
	explore = explore.drawn(res.Seed)
	data, err := json.MarshalIndent(&Bundle{Version: bundleVersion, Test: t.Name(), Package: packageUnderTest(), Result: res, Explore: &explore, Fuzzed: res.fuzzed}, "", "  ")
	if err != nil {
		return "", err
	}
	return stem + ".json", os.WriteFile(stem+".json", data, 0o666)
}

// mode tells runs of one seed apart that looked for races in different ways, in the name
// of a file.
func (r *Result) mode() string {
	words := strings.FieldsFunc(r.Explored, func(c rune) bool { return c == ',' || c == ' ' })
	if r.explored() {
		words = append(words, "overlay")
	}
	return strings.Join(append([]string{""}, words...), "-")
}

// keepPictures writes those of the violations beside the bundle.
func (r *Result) keepPictures(stem string) error {
	for i := range r.Violations {
		v := &r.Violations[i]
		if v.Picture == "" {
			continue
		}
		v.PictureFile = stem + "-" + v.Invariant + ".html"
		if err := os.WriteFile(v.PictureFile, []byte(v.Picture), 0o666); err != nil {
			return err
		}
	}
	return nil
}

var (
	//go:embed shrunk.html
	shrunkText string
	shrunkPage = template.Must(template.New("shrunk").Parse(shrunkText))
)

// keep adds the smallest run to the bundle in path and draws its picture in a
// page beside it.
func (s *Shrunk) keep(path string) (page string, err error) {
	b, err := ReadBundle(path)
	if err != nil {
		return "", err
	}
	b.Shrunk = s
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	view := struct {
		*Shrunk
		Line, Fails string
		Picture     template.HTML
	}{s, s.Result.Line(), s.Result.class(), template.HTML(s.Timeline.SVG())} //nolint:gosec // SVG escapes
	if err := shrunkPage.Execute(&text, view); err != nil {
		return "", err
	}
	page = strings.TrimSuffix(path, ".json") + ".html"
	return page, errors.Join(os.WriteFile(path, data, 0o666), os.WriteFile(page, text.Bytes(), 0o666))
}

// placeOfWork tells packages of the same name in different modules apart: a few
// digits that stand for the folder in which go test runs the package.
func placeOfWork() string {
	dir, _ := os.Getwd()
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:3])
}
