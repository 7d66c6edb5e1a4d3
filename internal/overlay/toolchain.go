package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// A Toolchain is an installation of Go.
type Toolchain struct {
	Version string // such as go1.26.3
	Root    string // GOROOT
	Flags   string // GOFLAGS
}

// Find asks the go command which toolchain builds what is in dir.
func Find(ctx context.Context, dir string) (Toolchain, error) {
	command := exec.CommandContext(ctx, "go", "env", "-json", "GOVERSION", "GOROOT", "GOFLAGS")
	command.Dir = dir
	var complaint bytes.Buffer
	command.Stderr = &complaint
	text, err := command.Output()
	if err != nil {
		return Toolchain{}, fmt.Errorf("simcity: go env: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	var env struct{ GOVERSION, GOROOT, GOFLAGS string }
	if err := json.Unmarshal(text, &env); err != nil {
		return Toolchain{}, fmt.Errorf("simcity: go env: %w", err)
	}
	return Toolchain{Version: env.GOVERSION, Root: env.GOROOT, Flags: env.GOFLAGS}, nil
}

// supported refuses other releases: their runtime may differ where no cut shows
// it.
func (t Toolchain) supported() error {
	version, _, _ := strings.Cut(t.Version, " ") // experiments follow a space
	fits := func(release string) bool {
		rest, ok := strings.CutPrefix(version, release)
		return ok && (rest == "" || strings.ContainsAny(rest[:1], ".-r"))
	}
	if !slices.ContainsFunc(Versions, fits) {
		return &UnsupportedError{Reason: "it is " + t.Version}
	}
	return nil
}
