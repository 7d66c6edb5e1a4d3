package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/scenarios"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/missioncontrol/local"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
	"github.com/bookiji/simcity/simcity/telemetry/sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "missioncontrol:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	addr    string
	history string
	token   string

	marketplace string // address; empty: there is none
	environment string
	database    string
	speed       float64
	secret      string // of its test hooks
}

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("missioncontrol", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8787", "loopback address to listen on; port 0: any")
	flags.StringVar(&s.history, "history", filepath.Join(os.TempDir(), fmt.Sprintf("simcity-missioncontrol-%d.db", os.Getuid())), "SQLite file of the history")
	flags.StringVar(&s.token, "token", os.Getenv("SIMCITY_TOKEN"), "access token; default a new one")
	flags.StringVar(&s.marketplace, "marketplace", "", "loopback address of a marketplace that stays up, as a staging system does; empty: none")
	flags.StringVar(&s.environment, "environment", "local", "what the marketplace says that it is")
	flags.StringVar(&s.database, "database", "", "Postgres of the marketplace; default that of MARKETPLACE_DATABASE, or none: it keeps its data in memory")
	flags.Float64Var(&s.speed, "speed", 1, "how many times as often the marketplace's background work comes round")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag; see -help", flags.Arg(0))
	}
	s.database = cmp.Or(s.database, os.Getenv("MARKETPLACE_DATABASE"))
	s.secret = os.Getenv("SIMCITY_SECRET")
	if s.marketplace != "" {
		if err := local.CheckAddress(s.marketplace); err != nil {
			return s, fmt.Errorf("-marketplace: %w", err)
		}
	}
	if err := local.CheckAddress(s.addr); err != nil {
		return s, fmt.Errorf("-addr: %w", err)
	}
	return s, nil
}

// run serves until the context ends.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	s, err := parse(args, out)
	if err != nil {
		return err
	}
	store, err := sqlite.OpenOrCreate(s.history)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	door := local.NewDoor(s.token)
	mission, err := missioncontrol.New(missioncontrol.Config{
		Authorize: door.Authorize,
		Scenarios: []simcity.Scenario{
			scenarios.Baseline(), scenarios.DisasterMix(), scenarios.GrowthCurve(), scenarios.VendorSLADrill(), scenarios.Soak(),
		},
		Faults: chaos.Kinds(),
		Target: simcity.InProcess(newCity),
		Store:  store,
		Pages:  pages.Files(),
	})
	if err != nil {
		return err
	}
	listener, err := local.Listen(s.addr)
	if err != nil {
		return err
	}
	if s.marketplace != "" {
		stop, failed := serveMarketplace(ctx, s, out)
		if failed != nil {
			return errors.Join(failed, listener.Close(), mission.Close())
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	fmt.Fprintf(out, "Mission Control: %s\nAccess token:    %s\nHistory:         %s\n", door.URL(listener.Addr()), door.Token(), s.history)
	return local.Serve(ctx, listener, door.Handler(mission), mission.Close)
}
