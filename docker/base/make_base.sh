#!/usr/bin/env bash
# Builds the local base image for machines that reach no image registry: Debian 12 with Python 3.11,
# straight from Debian's packages. Every Dockerfile here takes it as BASE_IMAGE.
#
#   docker/base/make_base.sh [IMAGE]        default: trading-ops/python-base:bookworm
#
# Needs root and mmdebstrap or debootstrap. DEBIAN_MIRROR names another mirror than the default one.
# Does nothing when the image is there already; FORCE=1 builds it again.
set -euo pipefail

image="${1:-trading-ops/python-base:bookworm}"
suite=bookworm
packages=python3,python3-venv,ca-certificates,tzdata
# One fixed date inside the archive, so that the same packages give the same bytes.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1735689600}"

if [ -z "${FORCE:-}" ] && docker image inspect "$image" >/dev/null 2>&1; then
    echo "base image $image is there already"
    exit 0
fi

scratch="$(mktemp -d)"
trap 'rm -rf --one-file-system "$scratch"' EXIT
archive="$scratch/base.tar"

if command -v mmdebstrap >/dev/null; then
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --aptopt='Acquire::Retries "3"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='ln -sf python3 "$1/usr/bin/python"' \
        "$suite" "$archive" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
elif command -v debootstrap >/dev/null; then
    debootstrap --variant=minbase --include="$packages" "$suite" "$scratch/root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    ln -sf python3 "$scratch/root/usr/bin/python"
    rm -rf "$scratch"/root/var/cache/apt/archives/*.deb "$scratch"/root/usr/share/{doc,man,locale}
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --numeric-owner -C "$scratch/root" -cf "$archive" .
else
    echo "mmdebstrap or debootstrap is needed: apt-get install mmdebstrap" >&2
    exit 1
fi

docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' "$archive" "$image"
