#!/bin/sh
# What was typed beside `make run`, `make day`, `make demo` or `make init`, looked at before anything is built for it.
#
# Whether the exchange was open that day is asked later, by who knows its calendar.

refuse() { echo "make $target: $1" >&2; exit 2; }

target=$1
if [ "$target" = run ]; then
    [ -n "$BARS" ] || refuse "needs files: make run BARS=<folder, file or zip with end-of-day bars> [ASOF=YYYY-MM-DD]"
    [ -e "$BARS" ] || refuse "BARS=$BARS does not exist: name a folder, file or zip with end-of-day bars"
fi
if [ -n "$ASOF" ]; then
    [ "$(date -d "$ASOF" +%F 2>/dev/null)" = "$ASOF" ] || refuse "ASOF=$ASOF is not a session date like 2026-11-20"
    [ "$(date -d "$ASOF" +%u)" -lt 6 ] || refuse \
        "ASOF=$ASOF is a weekend; the Friday before it is $(date -d "$ASOF -$(($(date -d "$ASOF" +%u) - 5)) days" +%F)"
fi
if [ "$target" = demo ] && [ -n "$DEMO" ] && [ "$DEMO" != --stop ]; then
    refuse "DEMO=$DEMO is not known; DEMO=--stop stops the desk at the end"
fi
if [ "$target" = init ] && [ -n "$ANSWERS" ] && [ ! -f "$ANSWERS" ]; then
    refuse "ANSWERS=$ANSWERS is no file: name one with answers, or leave it out to be asked"
fi
