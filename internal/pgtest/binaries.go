package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// places are where Postgres may be installed.
type places struct {
	path  []string // folders of commands
	globs []string // folders of packages, one per version
}

// installed are this machine's.
func installed() places {
	return places{
		path: filepath.SplitList(os.Getenv("PATH")),
		globs: []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // Fedora, Red Hat
			"/opt/homebrew/opt/postgresql@*/bin",
			"/usr/local/opt/postgresql@*/bin",
		},
	}
}

// missingError says that there is no Postgres to start.
type missingError struct{ looked []string }

func (e *missingError) Error() string {
	return fmt.Sprintf("no initdb, pg_ctl and postgres in %s: install the server (apt-get install postgresql, dnf install postgresql-server, brew install postgresql) or set SIMCITY_TEST_DATABASE_URL",
		strings.Join(e.looked, ", "))
}

// find returns the folder of the server's commands.
func (p places) find() (string, error) {
	path := slices.DeleteFunc(slices.Clone(p.path), func(folder string) bool { return folder == "" }) // the working directory, of old
	folders := slices.Clone(path)
	for _, folder := range path {
		if told, err := exec.Command(filepath.Join(folder, "pg_config"), "--bindir").Output(); err == nil {
			folders = append(folders, strings.TrimSpace(string(told)))
			break
		}
	}
	for _, glob := range p.globs {
		versions, _ := filepath.Glob(glob) // the patterns are ours
		slices.SortFunc(versions, func(a, b string) int { return version(b) - version(a) })
		folders = append(folders, versions...)
	}
	for _, folder := range folders {
		if complete(folder) {
			return folder, nil
		}
	}
	return "", &missingError{looked: append([]string{"PATH", "pg_config --bindir"}, p.globs...)}
}

// complete tells whether a folder holds all commands that a server needs.
// Debian links only the clients' into PATH.
func complete(folder string) bool {
	for _, command := range []string{"initdb", "pg_ctl", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(folder, command)); err != nil {
			return false
		}
	}
	return true
}

// version reads the major version out of a package's folder, 0 if there is none.
func version(folder string) int {
	digits := strings.FieldsFunc(filepath.Base(filepath.Dir(folder)), func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	major, _ := strconv.Atoi(digits[0]) // digits alone
	return major
}
