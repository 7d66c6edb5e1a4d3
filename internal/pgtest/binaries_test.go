package pgtest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const works = "#!/bin/sh\nexit 0\n"

func TestPostgresIsFoundWhereItMayBe(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	inPath, clients, told := filepath.Join(root, "path"), filepath.Join(root, "clients"), filepath.Join(root, "told")
	commands(t, inPath, works, "initdb", "pg_ctl", "postgres")
	commands(t, clients, works, "pg_ctl") // a part of a server is none
	commands(t, clients, "#!/bin/sh\necho "+told+"\n", "pg_config")
	commands(t, told, works, "initdb", "pg_ctl", "postgres")
	for _, version := range []string{"9.6", "14", "15"} {
		commands(t, filepath.Join(root, "packages", version, "bin"), works, "initdb", "pg_ctl", "postgres")
	}
	commands(t, filepath.Join(root, "packages", "17", "bin"), works, "psql")
	globs := []string{filepath.Join(root, "packages", "*", "bin")}

	for want, places := range map[string]places{
		inPath: {path: []string{clients, inPath}, globs: globs},
		told:   {path: []string{"", clients}, globs: globs},
		filepath.Join(root, "packages", "15", "bin"): {path: []string{filepath.Join(root, "nowhere")}, globs: globs},
	} {
		got, err := places.find()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestVersionOfAFolder(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]int{
		"/usr/lib/postgresql/15/bin": 15, "/usr/lib/postgresql/9.6/bin": 9, "/usr/pgsql-17/bin": 17,
		"/opt/homebrew/opt/postgresql@16/bin": 16, "/usr/bin": 0, "": 0,
	} {
		require.Equal(t, want, version(folder), folder)
	}
}
