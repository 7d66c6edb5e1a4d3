package local

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTokenIsKeptForItsUserAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "simcity")
	token := keptIn(dir)
	require.Equal(t, token, keptIn(dir))
	info, err := os.Stat(filepath.Join(dir, "token"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NotEqual(t, token, keptIn(t.TempDir()))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("short"), 0o600))
	require.NotEqual(t, "short", keptIn(dir), "what was cut short is made anew")
	require.NotEmpty(t, keptIn("/dev/null/nowhere"))
}

func TestAddressesThatOthersReachAreRefused(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:0": "", "localhost:0": "", "[::1]:8787": "",
		":8787":           "is open to others",
		"192.168.0.1:80":  "is open to others",
		"example.com:80":  "is open to others",
		"127.0.0.1":       `"127.0.0.1" is no address`,
		"127.0.0.1:1:1:1": "is no address",
	} {
		if err := CheckAddress(addr); want == "" {
			require.NoError(t, err, addr)
		} else {
			require.ErrorContains(t, err, want, addr)
		}
	}
	_, err := Listen("0.0.0.0:0")
	require.ErrorContains(t, err, "is open to others")
}

func TestServeEndsCleanly(t *testing.T) {
	t.Parallel()
	listener, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := false
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, listener, NewDoor("x").Handler(http.NotFoundHandler()), func() error { ended = true; return nil })
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + listener.Addr().String() + "/nothing") //nolint:noctx // the server ends with the test
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	stop()
	require.NoError(t, <-done)
	require.True(t, ended)
}
