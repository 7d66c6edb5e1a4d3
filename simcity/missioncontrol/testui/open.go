package testui

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/bookiji/simcity/simcity"
	"github.com/bookiji/simcity/simcity/missioncontrol"
	"github.com/bookiji/simcity/simcity/missioncontrol/local"
	"github.com/bookiji/simcity/simcity/missioncontrol/pages"
)

func init() { simcity.RegisterViewer(open) }

// process is the viewer of this process, made for its first run.
var process struct {
	sync.Mutex
	viewer *viewer
}

func open(address string) (simcity.Viewer, error) {
	process.Lock()
	defer process.Unlock()
	if process.viewer != nil {
		return process.viewer, nil
	}
	listener, err := listen(address)
	if err != nil {
		return nil, err
	}
	v, handler, err := makeViewer(listener.Addr(), local.KeptToken(), toTerminal)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	process.viewer = v
	go func() { _ = local.Serve(context.Background(), listener, handler, v.mission.Close) }() // it ends with the process
	return v, nil
}

// makeViewer makes a viewer and what serves its pages.
func makeViewer(addr net.Addr, token string, tell func(string)) (*viewer, http.Handler, error) {
	door := local.NewDoor(token)
	v := newViewer(tell)
	mission, err := missioncontrol.New(missioncontrol.Config{
		Authorize: func(r *http.Request) error {
			err := door.Authorize(r)
			if err == nil {
				v.saw()
			}
			return err
		},
		Tests: v,
		Pages: pages.Files(),
	})
	if err != nil {
		return nil, nil, err
	}
	v.mission, v.url = mission, door.URL(addr)
	return v, door.Handler(mission), nil
}

// portsMost is how many ports are tried, one for each process that tests at once.
const portsMost = 10

// listen listens at the address, or at the next port that is free: the tests of
// another package may have this one.
func listen(address string) (net.Listener, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no port: give a number, such as 8787", text)
	}
	for port := first; port < first+portsMost; port++ {
		listener, err := local.Listen(net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return listener, err
		}
	}
	return nil, fmt.Errorf("the ports %d to %d are taken: give another one, such as 127.0.0.1:%d, or port 0 for any", first, first+portsMost-1, first+100)
}

// toTerminal writes where people look. go test keeps the output of a package until
// its tests are over, unless it tests this one alone.
func toTerminal(text string) {
	out := os.Stdout
	if terminal, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		defer terminal.Close()
		out = terminal
	}
	_, _ = fmt.Fprintln(out, text) // who cannot be told is not waited for again
}
