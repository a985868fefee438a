#!/usr/bin/env bash
# Unpacks Debian's arm64 Python and its headers into FOLDER/root, and makes the environment
# FOLDER/venv of it, for qemu-user. Neither needs root, and the system stays as it is.
#
# packaging/aarch64/python.sh FOLDER
set -euo pipefail
mkdir -p "$1/apt/lists/partial" "$1/apt/archives/partial"
folder=$(realpath "$1")
root=$folder/root

missing() {
    printf '*** %s ***\n' "$1" >&2
    exit 1
}
for tool in apt-get dpkg-deb qemu-aarch64; do
    command -v "$tool" >/dev/null || missing "$tool is missing: run on Debian, with qemu-user installed"
done

# A state of apt of its own, in which arm64 is the architecture and no package is installed.
: >"$folder/apt/status"
apt() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o Dir::State="$folder/apt" -o Dir::State::lists="$folder/apt/lists" \
        -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}
{
    apt update
    apt -y --no-install-recommends --download-only install python3 libpython3-dev libstdc++6
} >/dev/null || missing "apt has no arm64 packages of python3: its sources must be those of Debian"

rm -rf "$root" "$folder/venv"
for package in "$folder"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$root"
done
# In place of the header that chooses by architecture, from a folder that also has those of libc.
cp "$root"/usr/include/aarch64-linux-gnu/python3.*/pyconfig.h "$root"/usr/include/python3.*/
qemu-aarch64 -L "$root" "$root/usr/bin/python3" -m venv --without-pip "$folder/venv"
