#!/usr/bin/env bash
# Builds and starts the compose stack of this checkout and prints where it answers; safe to run again.
#
#   docker/up.sh [compose arguments instead of `up -d --build`]
#
# Stop it with `docker/up.sh down`; the volumes with the books and the secrets stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
elif command -v docker-compose >/dev/null; then
    compose=(docker-compose)
else
    echo "no compose tool: apt-get install docker-compose" >&2
    exit 1
fi
compose+=(-p trading-ops -f docker/compose.yml)
if [ ! -e config/secrets.env ]; then
    install -m 0600 config/secrets.env.example config/secrets.env
    echo "config/secrets.env is a copy of the example: a simulated desk, mail as files"
fi

# A run is stamped with the commit of its code; changed code says so.
BUILD_COMMIT="$(git rev-parse HEAD)$(git diff --quiet HEAD -- || echo ' dirty')"
PIP_CA_PEM="${PIP_CA_PEM-$(docker/base/local_ca.sh)}"
BASE_IMAGE="$(docker/base/choose_base.sh)"
export BUILD_COMMIT PIP_CA_PEM BASE_IMAGE

if [ "$#" -gt 0 ]; then
    exec "${compose[@]}" "$@"
fi
"${compose[@]}" up -d --build
echo "Airflow       http://127.0.0.1:${AIRFLOW_PORT:-8074}"
echo "Confirm page  http://127.0.0.1:${CONFIRM_PORT:-8075}"
echo "Passwords (airflow_passwords.json: admin; the others: operator, executor; a production desk tells theirs once,"
echo "in the log of prepare-airflow):"
"${compose[@]}" exec -T api-server sh -c \
    'cd /secrets/airflow && for f in airflow_passwords.json password_*; do [ -e "$f" ] || continue; printf "  %s  %s\n" "$f" "$(cat "$f")"; done'
