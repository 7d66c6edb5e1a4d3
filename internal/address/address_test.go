package address_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/internal/address"
)

func TestFileIsTheNameOfADatabaseAlone(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"runs.db": "runs.db", "./out/runs.sqlite": "./out/runs.sqlite", "file:/tmp/r.sqlite3": "/tmp/r.sqlite3",
		"": "", "sqlite": "", "sqlite:runs.db": "", "postgres://me:secret@host/x.db": "", "password=secret.db": "", "me@host.db": "", "runs.txt": "",
	} {
		path, ok := address.File(value)
		require.Equal(t, want != "", ok, value)
		if ok {
			require.Equal(t, want, path)
		}
	}
}
