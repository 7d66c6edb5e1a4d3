package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bookiji/simcity/simcity/telemetry"
	"github.com/bookiji/simcity/simcity/telemetry/postgres"
)

// migrate brings a schema up to date, or writes its files.
func migrate(arguments []string, out, complaints io.Writer) int {
	set, address := flags("migrate", complaints)
	folder := set.String("write", "", "`folder` to write the SQL files of Postgres into, instead of connecting")
	if err := set.Parse(arguments); err != nil {
		return exitUsage
	}
	if set.NArg() > 0 {
		return misused(complaints, "migrate takes no %q", set.Arg(0))
	}
	if *folder != "" {
		if err := writeMigrations(*folder, out); err != nil {
			return failed(complaints, err)
		}
		return exitOK
	}
	store, err := openStore(*address)
	if err != nil {
		return failed(complaints, err)
	}
	defer closeStore(store)
	migrator, ok := store.(telemetry.Migrator)
	if !ok {
		return failed(complaints, fmt.Errorf("%v cannot be migrated over its REST interface: simcity migrate -write supabase/migrations, then supabase db push", store))
	}
	if err := migrator.Migrate(context.Background()); err != nil {
		return failed(complaints, err)
	}
	fmt.Fprintf(out, "%v is up to date\n", store)
	return exitOK
}

// writeMigrations writes the files that are not there.
func writeMigrations(folder string, out io.Writer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(postgres.Migrations(), name)
		if err != nil {
			return err
		}
		path := filepath.Join(folder, name)
		there, err := os.ReadFile(path)
		switch {
		case err == nil && bytes.Equal(there, text):
			fmt.Fprintf(out, "%s is there\n", path)
		case err == nil:
			fmt.Fprintf(out, "%s is there and differs: left as it is; the later files bring its tables up to date\n", path)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		default:
			if err := os.WriteFile(path, text, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s is written\n", path)
		}
	}
	return nil
}
