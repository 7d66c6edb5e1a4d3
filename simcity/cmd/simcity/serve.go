package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/bookiji/simcity/chaos"
	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/missioncontrol/local"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
	"github.com/bookiji/simcity/simcity/telemetry"
)

// serve serves Mission Control for an app at a URL.
func serve(arguments []string, out, complaints io.Writer) int {
	ctx, leave := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer leave()
	return serveUntil(ctx, arguments, out, complaints)
}

// A service is the command line of serve.
type service struct {
	target, environment, addr, store string
	hosts                            []string
}

func (s *service) read(arguments []string, complaints io.Writer) int {
	set, address := flags("serve", complaints)
	set.StringVar(&s.target, "target", "", "`URL` of the app that the runs load")
	set.StringVar(&s.environment, "environment", "", "`word` that the app must say it is, such as staging; default any that SIMCITY_ALLOWED_ENVS has")
	set.Func("allow-host", "`host` that may be touched beside loopback, and those of SIMCITY_ALLOWED_HOSTS; may be repeated", func(host string) error {
		s.hosts = append(s.hosts, host)
		return nil
	})
	set.StringVar(&s.addr, "addr", "127.0.0.1:8787", "loopback `address` to listen on; port 0: any")
	if err := set.Parse(arguments); err != nil {
		return exitUsage
	}
	s.store = *address
	if set.NArg() > 0 {
		return misused(complaints, "serve takes no %q", set.Arg(0))
	}
	if s.target == "" {
		return misused(complaints, "say with -target which app the runs load, such as -target http://127.0.0.1:8080")
	}
	if err := local.CheckAddress(s.addr); err != nil {
		return misused(complaints, "-addr: %v", err)
	}
	return exitOK
}

// app is the target of all runs.
func (s *service) app() *simcity.URLTarget {
	app := simcity.URL(s.target).Environment(s.environment).AllowHost(s.hosts...)
	if secret := os.Getenv("SIMCITY_SECRET"); secret != "" {
		app.Login(secret)
	}
	return app
}

func serveUntil(ctx context.Context, arguments []string, out, complaints io.Writer) int {
	var s service
	if status := s.read(arguments, complaints); status != exitOK {
		return status
	}
	var store telemetry.Store // nil: in memory
	kept := "in memory; -store keeps it"
	if s.store != "" || os.Getenv("SIMCITY_TELEMETRY") != "" || os.Getenv("DATABASE_URL") != "" {
		var err error
		if store, err = openStore(s.store); err != nil {
			return failed(complaints, err)
		}
		defer closeStore(store)
		kept = fmt.Sprint(store)
	}
	if err := s.serve(ctx, store, kept, out); err != nil {
		return failed(complaints, err)
	}
	return exitOK
}

// serve serves until the context ends.
func (s *service) serve(ctx context.Context, store telemetry.Store, kept string, out io.Writer) error {
	listener, err := local.Listen(s.addr)
	if err != nil {
		return err
	}
	door := local.NewDoor(os.Getenv("SIMCITY_TOKEN"))
	var scenarios []simcity.Scenario
	for _, build := range pack {
		scenarios = append(scenarios, build())
	}
	mission, err := missioncontrol.New(missioncontrol.Config{
		Authorize: door.Authorize, Scenarios: scenarios, Faults: chaos.Kinds(), Target: s.app(), Store: store, Pages: pages.Files(),
	})
	if err != nil {
		_ = listener.Close() // the other error counts
		return err
	}
	fmt.Fprintf(out, "Mission Control: %s\nAccess token:    %s\nTarget:          %s\nHistory:         %s\n", door.URL(listener.Addr()), door.Token(), plainURL(s.target), kept)
	return local.Serve(ctx, listener, door.Handler(mission), mission.Close)
}

// plainURL is a URL without what might be a password.
func plainURL(target string) string {
	scheme, rest, _ := strings.Cut(target, "://")
	if _, host, found := strings.Cut(rest, "@"); found {
		rest = host
	}
	return scheme + "://" + rest
}
