package pgtest

import (
	_ "embed" // the keeper's script
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bookiji/simcity/internal/parts"
)

//go:embed pgbouncer.sh
var poolerScript string

// PgBouncer starts a PgBouncer in transaction mode before the database of an
// address and returns the address through it: each transaction may get another
// session, as behind port 6543 of a Supabase project. It has two of them, so that
// sessions do change. It ends with t. Without PgBouncer it skips t, or fails it
// where SIMCITY_REQUIRE lists pgbouncer.
func PgBouncer(t testing.TB, address string) string {
	t.Helper()
	command, err := findPooler()
	if err != nil {
		parts.Demand(t, "pgbouncer", err)
		t.Skipf("PgBouncer is missing: %v", err)
	}
	through, stop, err := startPooler(command, address)
	if err != nil {
		t.Fatalf("pgtest: PgBouncer: %v", err)
	}
	t.Cleanup(stop)
	return through
}

func findPooler() (string, error) {
	if command, err := exec.LookPath("pgbouncer"); err == nil {
		return command, nil
	}
	const debian = "/usr/sbin/pgbouncer"
	if _, err := exec.LookPath(debian); err == nil {
		return debian, nil
	}
	return "", errors.New("no pgbouncer in PATH or /usr/sbin: install it (apt-get install pgbouncer, dnf install pgbouncer, brew install pgbouncer)")
}

func startPooler(command, address string) (through string, stop func(), err error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return "", nil, err
	}
	home, owner, err := newHome()
	if err != nil {
		return "", nil, err
	}
	password := ""
	if config.Password != "" {
		password = " password='" + strings.ReplaceAll(config.Password, "'", "''") + "'"
	}
	text := fmt.Sprintf(`[databases]
%s = host=%s port=%d user=%s%s
[pgbouncer]
listen_addr =
unix_socket_dir = %s
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
max_packet_size = 2147483647
server_lifetime = 3600
`, config.Database, config.Host, config.Port, config.User, password, home)
	if err := os.WriteFile(filepath.Join(home, "pgbouncer.ini"), []byte(text), 0o600); err != nil {
		return "", nil, err
	}
	keeper := exec.Command("/bin/sh", "-c", poolerScript, "keeper", command, home)
	keeper.Dir, keeper.Env = home, []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}
	if owner != nil {
		if err := os.Chown(filepath.Join(home, "pgbouncer.ini"), int(owner.Uid), int(owner.Gid)); err != nil {
			return "", nil, err
		}
	}
	pooler := &server{keeper: keeper}
	if err := pooler.await(); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(home))
	}
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=6432", url.User(config.User), config.Database, url.QueryEscape(home)), pooler.stop, nil
}
