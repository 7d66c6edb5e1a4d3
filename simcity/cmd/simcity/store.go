package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bookiji/simcity/internal/address"
	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
	"github.com/bookiji/simcity/simcity/telemetry/supabase"
)

// flags is the command line of a command that may need a store.
func flags(name string, complaints io.Writer) (set *flag.FlagSet, store *string) {
	set = flag.NewFlagSet("simcity "+name, flag.ContinueOnError)
	set.SetOutput(complaints)
	return set, set.String("store", "", "`address` of the store: sqlite:path, postgres://..., supabase; default $SIMCITY_TELEMETRY or $DATABASE_URL")
}

// openStore opens the store at an address. No error shows the address, which may
// have a password.
func openStore(given string) (telemetry.Store, error) {
	for _, variable := range []string{"SIMCITY_TELEMETRY", "DATABASE_URL"} {
		if given == "" {
			given = os.Getenv(variable)
		}
	}
	scheme, rest, _ := strings.Cut(given, ":")
	switch scheme {
	case "sqlite":
		return sqlite.Open(rest)
	case "postgres", "postgresql":
		return postgres.Open(given)
	case "supabase":
		return supabase.OpenEnv(rest)
	case "":
		return nil, fmt.Errorf("no store is given: set -store, SIMCITY_TELEMETRY or DATABASE_URL to sqlite:path, postgres://... or supabase")
	}
	if path, ok := address.File(given); ok {
		return nil, fmt.Errorf("%q names no kind of store: give sqlite:%s", path, path)
	}
	if strings.ContainsFunc(scheme, func(c rune) bool { return c < 'a' || c > 'z' }) {
		return nil, fmt.Errorf("that is no address of a store, and may hold a password, so it is not shown: give sqlite:path, postgres://... or supabase")
	}
	return nil, fmt.Errorf("there is no store of the kind %.20q: give sqlite:path, postgres://... or supabase", scheme)
}

// closeStore closes what can be closed.
func closeStore(store telemetry.Store) {
	if closer, ok := store.(telemetry.Closer); ok {
		_ = closer.Close() // all is done
	}
}

// failed complains.
func failed(complaints io.Writer, err error) int {
	fmt.Fprintf(complaints, "simcity: %v\n", err)
	return exitFailed
}

// misused complains about the command line.
func misused(complaints io.Writer, format string, args ...any) int {
	fmt.Fprintf(complaints, "simcity: "+format+"\n", args...)
	return exitUsage
}
