package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/bookiji/simcity/internal/overlay"
)

// makeOverlay prints the path of the overlay for the toolchain that builds the
// module of the working folder, and nothing else.
func makeOverlay(arguments []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("simcity overlay", flag.ContinueOnError)
	flags.SetOutput(complaints)
	packages := flags.String("packages", "", "import path `patterns` of the host, separated by commas; default the main module's")
	if err := flags.Parse(arguments); err != nil {
		return exitUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(complaints, "simcity overlay: what is %q? Patterns follow -packages\n", flags.Arg(0))
		return exitUsage
	}
	path, err := overlayFor(context.Background(), *packages, complaints)
	var unsupported *overlay.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		fmt.Fprintln(complaints, err)
		return exitUnsupported
	case err != nil:
		fmt.Fprintln(complaints, err)
		return exitFailed
	}
	fmt.Fprintln(out, path)
	return exitOK
}

func overlayFor(ctx context.Context, packages string, complaints io.Writer) (string, error) {
	toolchain, err := overlay.Find(ctx, ".")
	if err != nil {
		return "", err
	}
	if strings.Contains(toolchain.Flags, "-overlay") {
		fmt.Fprintln(complaints, "simcity: GOFLAGS has an -overlay of its own, which the one on the command line replaces")
	}
	cache, err := overlay.CacheDir()
	if err != nil {
		return "", err
	}
	return overlay.Make(cache, toolchain, packages)
}
