package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bookiji/simcity/simcity"
)

// The names by which SIMCITY_REPORT knows the publishers of this package.
func init() {
	simcity.RegisterPublisher("summary", func(path string) (simcity.Publisher, error) { return StepSummary(path) })
	simcity.RegisterPublisher("annotations", func(argument string) (simcity.Publisher, error) {
		if argument != "" {
			return nil, &simcity.FieldError{Field: "annotations", Value: argument, Allowed: "no argument", Fix: "write annotations alone"}
		}
		return Annotations(), nil
	})
	simcity.RegisterPublisher("json", func(dir string) (simcity.Publisher, error) { return Files(dir, ".json", (*Summary).WriteJSON) })
	simcity.RegisterPublisher("html", func(dir string) (simcity.Publisher, error) {
		return pages(dir)
	})
}

// EnvStepSummary names the file that GitHub Actions shows on the page of a job.
const EnvStepSummary = "GITHUB_STEP_SUMMARY"

// stepSummaryMost is how many bytes the summary of a step may have, 1 MiB, of which
// a part is left for what others write at the same time.
const stepSummaryMost = 1<<20 - 128<<10

// StepSummary appends each report as markdown to a file, "" meaning that of
// GITHUB_STEP_SUMMARY. Any number of test processes may do so at once: each report
// is one write. GitHub refuses a summary of more than 1 MiB whole, so where the
// file is full the report is first shortened and then left out, and the test's
// output says so.
func StepSummary(path string) (simcity.Publisher, error) {
	if path == "" {
		path = os.Getenv(EnvStepSummary)
	}
	if path == "" {
		return nil, &simcity.FieldError{Field: EnvStepSummary, Value: "not set", Allowed: "a file", Fix: "GitHub Actions sets it; elsewhere name the file: summary:report.md"}
	}
	return simcity.PublisherFunc(func(_ context.Context, r simcity.Report) error {
		return appendSummary(inModule(r, path), Of(r), r.Output)
	}), nil
}

func appendSummary(path string, s *Summary, output io.Writer) error {
	room := int64(stepSummaryMost)
	if info, err := os.Stat(path); err == nil {
		room -= info.Size()
	}
	text := s.Markdown(0) + "\n"
	if int64(len(text)) > room {
		text = s.heading() + "\n"
	}
	if int64(len(text)) > room {
		_, err := fmt.Fprintf(output, "simcity note: the report did not fit into %s, which may have 1 MiB\n", EnvStepSummary)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// Annotations writes [Summary.Annotations] to the test's output. Of packages that
// pass go test shows the output, and with it warnings, only with -v.
func Annotations() simcity.Publisher {
	return simcity.PublisherFunc(func(_ context.Context, r simcity.Report) error {
		_, err := io.WriteString(r.Output, Of(r).Annotations())
		return err
	})
}

// Files writes a file per report into a folder, which is made if it is not there;
// a relative one is that below the module's root, whatever the package. A file's
// name tells package, test, scenario and seed; a later run of the same replaces it,
// at once and whole.
func Files(dir, extension string, write func(*Summary, io.Writer) error) (simcity.Publisher, error) {
	return files(dir, extension, func(r simcity.Report, w io.Writer) error { return write(Of(r), w) })
}

func files(dir, extension string, write func(simcity.Report, io.Writer) error) (simcity.Publisher, error) {
	if dir == "" {
		return nil, &simcity.FieldError{Field: "folder", Value: "not given", Allowed: "a folder after the colon", Fix: "such as " + strings.TrimPrefix(extension, ".") + ":reports"}
	}
	return simcity.PublisherFunc(func(_ context.Context, r simcity.Report) error {
		var text bytes.Buffer
		if err := write(r, &text); err != nil {
			return err
		}
		return replaceFile(filepath.Join(inModule(r, dir), fileName(r)+extension), text.Bytes())
	}), nil
}

// inModule is a path seen from the module's root.
func inModule(r simcity.Report, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.Module, path)
}

// fileName has nothing but letters, digits, dots, dashes and underscores.
func fileName(r simcity.Report) string {
	name := strings.Trim(strings.TrimPrefix(r.Package, "./")+"-"+r.Test+"-"+r.Result.Scenario, ".-")
	name = strings.Map(func(c rune) rune {
		if letterOrDigit(c) || c == '_' || c == '.' {
			return c
		}
		return '-'
	}, name)
	const most = 180
	return fmt.Sprintf("%s-seed-%d", name[:min(len(name), most)], r.Result.Seed)
}

// replaceFile writes a file of which nobody sees a half.
func replaceFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".simcity-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already when all went well
	_, err = file.Write(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	return err
}
