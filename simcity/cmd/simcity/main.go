package main

import (
	"fmt"
	"io"
	"os"
)

// The exit statuses.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitUnsupported
)

// A command is one thing that the tool does.
type command struct {
	name  string
	usage string
	run   func(arguments []string, out, complaints io.Writer) int
}

var commands = []command{
	{"overlay", "overlay [-packages patterns]   print the path of the overlay that makes locks of host packages seams", makeOverlay},
	{"migrate", "migrate [-store address] [-write folder]   bring a store's schema up to date, or write its SQL files", migrate},
	{"purge", "purge [-store address] -older-than 30d|-all [-yes]   count old runs, and with -yes delete them; or\n       simcity purge -target URL [-yes]   count what citizens left in a staging system, and with -yes remove it", purge},
	{"replay-spill", "replay-spill [-store address] [-dir folder] [file ...]   deliver what killed or cut off runs left behind", replaySpill},
	{"runner", "runner [-store address] -target URL [-name word] [-lease 30s] [-once]   make the runs that are asked for", runRequests},
	{"serve", "serve -target URL [-addr 127.0.0.1:8787] [-store address] [-environment word] [-allow-host host]   serve Mission Control for an app", serve},
}

func main() { os.Exit(obey(os.Args[1:], os.Stdout, os.Stderr)) }

func obey(arguments []string, out, complaints io.Writer) int {
	if len(arguments) > 0 {
		for _, c := range commands {
			if c.name == arguments[0] {
				return c.run(arguments[1:], out, complaints)
			}
		}
		fmt.Fprintf(complaints, "simcity: there is no command %q\n", arguments[0])
	}
	for _, c := range commands {
		fmt.Fprintf(complaints, "usage: simcity %s\n", c.usage)
	}
	return exitUsage
}
