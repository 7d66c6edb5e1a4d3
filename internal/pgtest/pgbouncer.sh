# The keeper of one PgBouncer, which ends with the pipe that is its input.
#
#   $1  the command    $2  its folder
set -u
"$1" "$2/pgbouncer.ini" >"$2/log" 2>&1 </dev/null &
pooler=$!
tries=0
until grep -q 'process up' "$2/log" 2>/dev/null || [ $tries -ge 500 ] || ! kill -0 $pooler 2>/dev/null; do
	sleep 0.01
	tries=$((tries + 1))
done
if grep -q 'process up' "$2/log"; then
	echo ready
	read -r _
else
	cat "$2/log"
fi
kill -9 $pooler 2>/dev/null
rm -rf "$2"
