#!/usr/bin/env bash
# Starts the desk's Postgres: creates the cluster the first time, brings roles, passwords and databases
# up to date every time while nobody can connect from outside, then serves.
#
# Passwords come from /secrets/database/pgpass (lines *:*:*:role:password). The superuser has none: it
# exists only inside this container, on the socket.
set -euo pipefail

data=/var/lib/postgresql/data/cluster
pgpass=/secrets/database/pgpass
database="${TRADING_OPS_DB_NAME:-trading_ops}"

if [ ! -e "$data/PG_VERSION" ]; then
    # Made beside and renamed, so that an interrupted attempt is never taken for a cluster.
    rm -rf "$data.new"
    initdb -D "$data.new" -U postgres --auth-local=peer --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums
    mv "$data.new" "$data"
fi
found="$(cat "$data/PG_VERSION")"
if [ "$found" != "$(postgres --version | sed -E 's/.* ([0-9]+)\..*/\1/')" ]; then
    echo "the volume holds a cluster of Postgres $found: dump it with that version and restore it into a new volume" >&2
    exit 1
fi

# One start of its own without a network address, so no client meets half the roles.
pg_ctl -D "$data" -w -t 120 -o "-c listen_addresses='' -c hba_file=/opt/postgres/pg_hba.conf" start
sql() { psql -X -q -v ON_ERROR_STOP=1 -U postgres "$@"; }
sql -d postgres -f /opt/postgres/roles.sql
while IFS=: read -r _ _ _ role password; do
    # Through stdin: an argument would show in the process list.
    printf '\\set role %s\n\\set password %s\nalter role :"role" password :%s;\n' "$role" "$password" "'password'" | sql -d postgres
done < "$pgpass"
sql -d postgres -v desk="$database" -f /opt/postgres/databases.sql
pg_ctl -D "$data" -w -m fast stop

exec postgres -D "$data" -c hba_file=/opt/postgres/pg_hba.conf -c listen_addresses='*' "$@"
