#!/usr/bin/env bash
# Builds the Qlib runner's image of this checkout and tags it with the commit and as `local`.
#
#   docker/qlib_runner/build.sh        or: make image-qlib
#
# A commit's tag ends in -changed when a file of the image is not as committed. BASE_IMAGE names another base
# (docker/base/choose_base.sh), IMAGE another name, PIP_CA_PEM the certificate of a proxy that re-signs TLS.
# The same files give the same image again, from cached layers. The last line is the image's id.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

image="${IMAGE:-trading-ops/qlib-runner}"
commit="$(git rev-parse HEAD)"
if [ -n "$(git status --porcelain -- qlib_runner docker/qlib_runner)" ]; then
    commit="$commit-changed"
fi
docker build --force-rm -f docker/qlib_runner/Dockerfile \
    --build-arg BASE_IMAGE="$(docker/base/choose_base.sh)" \
    --build-arg PIP_CA_PEM="${PIP_CA_PEM-$(docker/base/local_ca.sh)}" \
    -t "$image:$commit" -t "$image:local" .
echo "$image:$commit and $image:local are"
docker image inspect --format '{{.Id}}' "$image:local"
