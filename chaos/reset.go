package chaos

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/bookiji/simcity/simcity"
)

// ConnectionReset breaks the connection: clients get an error that is
// syscall.ECONNRESET. It counts the requests.
type ConnectionReset struct {
	Match
	// When it breaks: Before the host sees the request, the default, or After it
	// did what was asked.
	When string `json:"when" default:"before" oneof:"before after" doc:"before or after the host has seen the request"`
}

// Fault implements [Maker].
func (f ConnectionReset) Fault() simcity.Fault {
	fault := Declare("CONNECTION_RESET", &f)
	fault.Inject = f.strike(fault.Kind, f.answer)
	return fault
}

func (f ConnectionReset) answer(b *blow, next http.RoundTripper, request *http.Request) (*http.Response, error) {
	if err := strikeAt(f.When, next, request); err != nil {
		return nil, err
	}
	b.touched.Add(1)
	return nil, &net.OpError{Op: "read", Net: "tcp", Err: fmt.Errorf("%w (%w)", os.NewSyscallError("read", syscall.ECONNRESET), ErrInjected)}
}
