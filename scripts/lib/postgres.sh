#!/usr/bin/env bash
# scripts/lib/postgres.sh COMMAND…: runs the command with TEST_DATABASE_URL naming a PostgreSQL database that tests may fill.
#
# If the variable is set already, that database is used; it must offer TLS. Otherwise the installed programs start a server in
# a temporary folder, without root's rights, and stop it afterwards. TEST_POSTGRES_RESTART is then a command that stops it as a
# power cut would and starts it again. Exits with 77 if PostgreSQL cannot be found or installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/tools.sh

[ -z "${TEST_DATABASE_URL:-}" ] || exec "$@"

initdb="$(newest_initdb)"
if [ -z "$initdb" ] && apt_install postgresql 2>/dev/null; then initdb="$(newest_initdb)"; fi
if [ -z "$initdb" ]; then
    echo "PostgreSQL is not installed"
    exit 77
fi
need_command openssl openssl || { echo "openssl is not installed" && exit 77; }
# pg_ctl looks for the other programs beside its real path.
programs="$(dirname "$(realpath "$initdb")")"

folder="$(mktemp -d)"
data="$folder/data"
# PostgreSQL refuses to run as root.
unprivileged=(env)
[ "$(id -u)" != 0 ] || unprivileged=(setpriv --reuid=nobody --regid=nogroup --clear-groups env)
control=("${unprivileged[@]}" "$programs/pg_ctl" --pgdata="$data" --log="$folder/server.log" --wait --silent)

stop() {
    [ ! -f "$data/postmaster.pid" ] || (cd "$folder" && "${control[@]}" --mode=immediate stop) || true
    rm -rf "$folder"
}
trap stop EXIT

prepare() {
    openssl rand -hex 16 >password
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=postgres.test \
        -keyout server.key -out server.crt
    chmod 600 server.key password
    [ "$(id -u)" != 0 ] || chown -R nobody:nogroup .
    "${unprivileged[@]}" "$programs/initdb" --pgdata="$data" --username=blinkgate --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --no-sync
    # These tests need no durability; everything else is as usual.
    cat >>"$data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
full_page_writes = off
ssl = on
ssl_cert_file = '$folder/server.crt'
ssl_key_file = '$folder/server.key'
SETTINGS
}

# start PORT
start() {
    echo "port = $1" >>"$data/postgresql.conf"
    # The background server must not keep our output open.
    (cd "$folder" && "${control[@]}" start </dev/null >/dev/null 2>&1)
}

(cd "$folder" && prepare) >"$folder/prepare.log" 2>&1 || { cat "$folder/prepare.log" && exit 1; }
tries=5
until
    port=$((20000 + RANDOM % 12000))
    start "$port"
do
    # The port may be taken.
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { cat "$folder/server.log" && exit 1; }
done
TEST_DATABASE_URL="postgres://blinkgate:$(cat "$folder/password")@127.0.0.1:$port/postgres"
TEST_POSTGRES_RESTART="cd $folder && $(printf '%q ' "${control[@]}") --mode=immediate restart </dev/null >/dev/null 2>&1"
# pg_dump and pg_restore in the server's own version, in case none is in the PATH.
PATH="$PATH:$programs"
export TEST_DATABASE_URL TEST_POSTGRES_RESTART PATH
"$@"
