package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bookiji/simcity/simcity/telemetry"
)

// purge counts runs and, if it is told so, deletes them.
func purge(arguments []string, out, complaints io.Writer) int {
	set, address := flags("purge", complaints)
	age := set.String("older-than", "", "runs that ended longer ago than this `length`, such as 30d or 12h")
	all := set.Bool("all", false, "every run, also those that go on: all rows come from simulations")
	target := set.String("target", "", "base `URL` of a staging system: what synthetic citizens have left there, in place of runs in a store")
	yes := set.Bool("yes", false, "delete them; without it they are only counted")
	if err := set.Parse(arguments); err != nil {
		return exitUsage
	}
	policy := telemetry.PurgePolicy{Synthetic: *all, DryRun: !*yes}
	switch {
	case set.NArg() > 0:
		return misused(complaints, "purge takes no %q", set.Arg(0))
	case *target != "" && (*all || *age != "" || *address != ""):
		return misused(complaints, "-target is about a staging system, and the other flags are about a store: give one or the other")
	case *target != "":
		return purgeTarget(*target, *yes, out, complaints)
	case *all == (*age != ""):
		return misused(complaints, "say either -older-than, such as -older-than 30d, or -all")
	case !*all:
		length, err := parseAge(*age)
		if err != nil {
			return misused(complaints, "-older-than %s: %v", *age, err)
		}
		policy.Before = now().Add(-length)
	}
	store, err := openStore(*address)
	if err != nil {
		return failed(complaints, err)
	}
	defer closeStore(store)
	purged, err := store.Purge(context.Background(), policy)
	if err != nil {
		return failed(complaints, err)
	}
	told := "deleted"
	if policy.DryRun {
		told = "to be deleted with -yes"
	}
	fmt.Fprintf(out, "%v: %d runs, %d events, %d snapshots %s\n", store, len(purged.Runs), purged.Events, purged.Snapshots, told)
	return exitOK
}

// parseAge reads 30d, or a length as Go writes it.
func parseAge(text string) (time.Duration, error) {
	var length time.Duration
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("it is no number of days; write 30d")
		}
		length = time.Duration(n) * 24 * time.Hour
	} else {
		parsed, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("it is no length; write 30d or 12h")
		}
		length = parsed
	}
	if length <= 0 {
		return 0, fmt.Errorf("it is not above 0; use -all for every run")
	}
	return length, nil
}
