package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// CheckAddress says whether nobody but this machine can reach an address.
func CheckAddress(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no address: give host and port, such as 127.0.0.1:8787", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is open to others: give a loopback address such as 127.0.0.1:8787", addr)
	}
	return nil
}

// Listen listens on a loopback address. Port 0 is any that is free.
func Listen(addr string) (net.Listener, error) {
	if err := CheckAddress(addr); err != nil {
		return nil, err
	}
	return net.Listen("tcp", addr)
}

// Serve answers requests until the context ends. Then end is called first, which
// stops the run that goes on, so that streams are told its end and close by
// themselves; whoever still reads five seconds later is cut.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, end func() error) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return errors.Join(err, end())
	case <-ctx.Done():
	}
	ended := end()
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		_ = server.Close()
	}
	return ended
}
