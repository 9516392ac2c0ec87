#!/bin/sh
# What this machine lacks, and how to get it: needed by everything, or by some commands only.
#
# Run before anything is installed, so it takes a shell and what every Debian has. With --needed it says only
# what set-up cannot do without. Exit code 1 when something of that is missing, or when no desk is where one
# is named. Which desk is meant, and what it would use, is told as trading_ops/settings.py reads it.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
only_needed=$1
lacking=0

# needed WORD-OF-STATE TEXT
needed() {
    [ "$1" = ok ] || lacking=1
    if [ "$only_needed" != --needed ]; then printf '  %-8s %s\n' "$1" "$2"
    elif [ "$1" != ok ]; then printf '%s\n' "$2" >&2
    fi
}

optional() { printf '  %-8s %s\n' "$1" "$2"; }

# Say ok when a command succeeds, else the other word.
ok_or() { word=$1; shift; if "$@" >/dev/null 2>&1; then echo ok; else echo "$word"; fi; }

has() { command -v "$1"; }

is_accepted() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'; }

accepted_python() {
    for name in python3.12 python3.11 python3; do
        if is_accepted "$name" 2>/dev/null; then echo "$name"; return; fi
    done
    return 1
}

has_venv() { [ -e "$root/.venv-uv" ] || "$(accepted_python)" -c 'import ensurepip'; }

is_taken() {
    # A listening socket (0A) at that port, in whichever family.
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eqi "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F:]+ 0A "
}

desk=${TRADING_OPS_DESK:-$root/var}
[ -n "$TRADING_OPS_DESK" ] || [ ! -e "$root/var/live/desk.env" ] || desk=$root/var/live
case $desk in /*) ;; *) desk=$PWD/$desk ;; esac
file=$desk/desk.env

is_desk() { [ -e "$file" ] || [ -e "$desk/postgres" ] || [ "$desk" = "$root/var" ]; }

# setting NAME DEFAULT: of the environment, else of the desk's file, else the default.
setting() {
    text=$(eval "echo \"\${$1:-}\"")
    [ -n "$text" ] || text=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$file" 2>/dev/null | tr -d '\r' | sed 's/[[:space:]]*$//')
    echo "${text:-$2}"
}

data() {
    text=$(setting TRADING_OPS_DATA data)
    case $text in /*) echo "$text" ;; *) echo "$desk/$text" ;; esac
}

runs_here() {
    state=$(dirname -- "$(data)")
    [ -e "$state/postgres/data/postmaster.pid" ] || ls "$state"/run/*.pid
}

# port NAME DEFAULT WHOSE
port() {
    number=$(setting "$1" "$2")
    if is_taken "$number" && ! runs_here >/dev/null 2>&1; then state=TAKEN; else state=ok; fi
    optional "$state" "port $number, $3, free or used by the running desk (choose another with $1)"
}

told_desk() {
    echo "the desk"
    if ! is_desk; then
        lacking=1
        optional MISSING "no desk is in $desk: a slip? Only \`make init DESK=$TRADING_OPS_DESK\` makes one"
        return
    fi
    if [ -e "$file" ]; then optional ok "$desk, its settings in $file"; else optional ok "$desk, without a desk.env"; fi
    optional ok "$(setting TRADING_OPS_PORTFOLIO_ID demo) ($(setting TRADING_OPS_ENVIRONMENT simulated)), files in $(data)"
    [ "$(setting TRADING_OPS_ENVIRONMENT simulated)" = simulated ] || \
        optional "see" "what it lacks before it may trade: .venv/bin/trading-ops ready"
    port TRADING_OPS_DB_PORT 54329 Postgres
    port TRADING_OPS_AIRFLOW_PORT 8074 Airflow
    port TRADING_OPS_CONFIRM_PORT 8075 "the confirm page"
    port TRADING_OPS_DOCS_PORT 8076 "the docs"
}

free_gb=$(($(df -Pk "$root" | awk 'NR == 2 { print $4 }') / 1000000))

[ "$only_needed" = --needed ] || echo "needed"
needed "$(ok_or MISSING accepted_python)" "Python 3.11 or 3.12 (apt install python3 python3-venv)"
needed "$(ok_or MISSING has_venv)" "Python's venv module with ensurepip (apt install python3-venv)"
needed "$(ok_or MISSING has git)" "git (apt install git): a run is stamped with its commit"
needed "$(ok_or MISSING [ "$free_gb" -gt 3 ])" "3 GB of free disk under $root ($free_gb GB free)"
if [ "$(id -u)" = 0 ]; then
    needed "$(ok_or MISSING has unshare)" \
        "unshare, because Postgres refuses to run as root (apt install util-linux, or work as a normal user)"
fi
if [ "$only_needed" != --needed ]; then
    echo "optional, each for what its line names"
    optional "$(ok_or absent eval 'has chromium && has chromedriver')" \
        "chromium and chromedriver: the browser tests (apt install chromium chromium-driver)"
    optional "$(ok_or absent eval 'has chronyc || has timedatectl')" \
        "chrony or systemd-timesyncd: a desk with real money, whose clock has to be right (apt install chrony)"
    optional "$(ok_or absent docker info)" "a Docker engine: the container path (apt install docker.io; start dockerd)"
    told_desk
fi
exit "$lacking"
