# The keeper of one throwaway server. Its standard input is a pipe that the test
# process holds: the end of it, for whatever reason, ends the server.
#
#   $1  folder of the server's commands    $2  folder of this server
set -u
bin=$1 home=$2

serve() {
	"$bin/initdb" -D "$home/data" -U postgres -E UTF8 --locale=C --auth=trust --no-sync >"$home/initdb.log" 2>&1 ||
		{ cat "$home/initdb.log"; return 1; }
	cat >>"$home/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$home'
		port = 5432
		max_connections = 100
		shared_buffers = 32MB
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		autovacuum = off
		jit = off
		timezone = 'UTC'
		log_timezone = 'UTC'
	END
	"$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -t 60 -s start >"$home/start.log" 2>&1 ||
		{ cat "$home/start.log" "$home/server.log"; return 1; }
}

if serve; then
	echo ready
	read -r _
	"$bin/pg_ctl" -D "$home/data" -m immediate -s stop >/dev/null 2>&1
fi
rm -rf "$home"
