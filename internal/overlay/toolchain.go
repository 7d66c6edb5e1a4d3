package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Toolchain is an installation of Go.
type Toolchain struct {
	Version string // such as go1.26.3
	Root    string // GOROOT
	Flags   string // GOFLAGS
	Modules string // GOMODCACHE
}

// Find asks the go command which toolchain builds what is in dir.
func Find(ctx context.Context, dir string) (Toolchain, error) {
	command := exec.CommandContext(ctx, "go", "env", "-json", "GOVERSION", "GOROOT", "GOFLAGS", "GOMODCACHE")
	command.Dir = dir
	var complaint bytes.Buffer
	command.Stderr = &complaint
	text, err := command.Output()
	if err != nil {
		return Toolchain{}, fmt.Errorf("simcity: go env: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	var env struct{ GOVERSION, GOROOT, GOFLAGS, GOMODCACHE string }
	if err := json.Unmarshal(text, &env); err != nil {
		return Toolchain{}, fmt.Errorf("simcity: go env: %w", err)
	}
	return Toolchain{Version: env.GOVERSION, Root: env.GOROOT, Flags: env.GOFLAGS, Modules: env.GOMODCACHE}, nil
}

// release is which of the supported releases it is. Others are refused: their
// runtime may differ where no cut shows it.
func (t Toolchain) release() (string, error) {
	version, _, _ := strings.Cut(t.Version, " ") // experiments follow a space
	for _, release := range Releases() {
		rest, ok := strings.CutPrefix(version, release)
		if ok && (rest == "" || strings.ContainsAny(rest[:1], ".-r")) {
			return release, nil
		}
	}
	return "", &UnsupportedError{Reason: "it is " + t.Version}
}

// replaceable refuses a toolchain in the module cache, which is where the go
// command keeps one that it has downloaded by itself: an overlay for a file there
// makes it fail.
func (t Toolchain) replaceable() error {
	below, err := filepath.Rel(t.Modules, t.Root)
	if t.Modules == "" || err != nil || !filepath.IsLocal(below) {
		return nil
	}
	link := filepath.Join(os.TempDir(), t.Version)
	return &UnsupportedError{Reason: fmt.Sprintf("%s is in the module cache, whose files the go command lets nobody replace; install it, or reach it by a link: ln -s %s %s && GOROOT=%[3]s PATH=%[3]s/bin:$PATH go test ...", t.Version, t.Root, link)}
}
