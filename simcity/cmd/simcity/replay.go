package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// replaySpill delivers what is in spill files.
func replaySpill(arguments []string, out, complaints io.Writer) int {
	set, address := flags("replay-spill", complaints)
	dir := set.String("dir", "", "`folder` of the files, if none is named; default "+telemetry.SpillDir())
	if err := set.Parse(arguments); err != nil {
		return exitUsage
	}
	files := set.Args()
	if len(files) == 0 {
		found, err := telemetry.Spills(*dir)
		if err != nil {
			return failed(complaints, err)
		}
		if files = found; len(files) == 0 {
			fmt.Fprintln(out, "no spill files are left")
			return exitOK
		}
	}
	store, err := openStore(*address)
	if err != nil {
		return failed(complaints, err)
	}
	defer closeStore(store)
	status := exitOK
	for _, file := range files {
		done, err := telemetry.ReplaySpill(context.Background(), store, file)
		switch {
		case errors.Is(err, telemetry.ErrSpillInUse):
			fmt.Fprintf(out, "%s: its run still goes on\n", file)
			continue
		case err != nil:
			status = failed(complaints, err)
			continue
		}
		why := ""
		if done.Died {
			why = ", of a process that was killed"
		}
		fmt.Fprintf(out, "%s: run %s, %d events and %d snapshots delivered%s: %s\n", file, done.Run.ID, done.Events, done.Snapshots, why, done.Run.Result)
	}
	return status
}
