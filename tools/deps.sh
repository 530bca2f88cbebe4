#!/bin/sh
# Installs what the tests use beyond Go itself: make, git, QEMU's user
# emulation, which runs arm64 programs on another machine, binutils, which
# disassemble arm64, and for the emulated board of "make integration" QEMU's
# system emulation, with a compiler and xz, which build its kernel's modules.
# Does nothing where all of it is there.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

packages=
has make || packages="$packages make"
has git || packages="$packages git"
has qemu-aarch64-static || has qemu-aarch64 || packages="$packages qemu-user-static"
has aarch64-linux-gnu-objdump || packages="$packages binutils-aarch64-linux-gnu"
has qemu-system-aarch64 || packages="$packages qemu-system-arm"
has aarch64-linux-gnu-gcc || packages="$packages gcc-aarch64-linux-gnu"
has xz || packages="$packages xz-utils"
[ -n "$packages" ] || exit 0

if ! has apt-get; then
	echo "deps: this is not Debian; please install by hand:$packages" >&2
	exit 1
fi
if [ "$(id -u)" = 0 ]; then
	root=
elif has sudo; then
	root=sudo
else
	echo "deps: neither root nor sudo; please have root install:$packages" >&2
	exit 1
fi

echo "deps: installing$packages"
apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0"
$apt update
# Packages are words of their own, so the list stands without quotes.
# shellcheck disable=SC2086
$apt install -y --no-install-recommends $packages >/dev/null
