#!/usr/bin/env bash
# Prints the image to build on: BASE_IMAGE where it is set, else the one make_base.sh made on this machine,
# else the public one.
set -euo pipefail
local_base=trading-ops/python-base:bookworm
if [ -n "${BASE_IMAGE:-}" ]; then
    echo "$BASE_IMAGE"
elif docker image inspect "$local_base" >/dev/null 2>&1; then
    echo "$local_base"
else
    echo python:3.11-slim-bookworm
fi
