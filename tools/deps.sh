#!/bin/sh
# Installs the Debian packages that are missing, for the tests or, with the
# argument "armcycles", for tools/armcycles.
#
# The tests use, beyond Go: make and git; gcc, for the race detector; QEMU's
# user emulation, which runs arm64 and arm programs; binutils, which
# disassemble arm64 and amd64; and for the emulated board of "make integration" QEMU's
# system emulation, and a cross compiler and xz to build its kernel modules;
# Mosquitto, an MQTT broker; WordNet, from which the groups of classes are made;
# ffmpeg, which reads network cameras and encodes what those of the tests send;
# Chromium and npm, for the tests of the page; and systemd-analyze, for the unit of
# the service.
set -eu

packages=
# need COMMAND PACKAGE...: installs the packages unless the command is there, or
# the file, if COMMAND begins with a slash.
need() {
	case "$1" in
	/*) [ -e "$1" ] && return ;;
	*) command -v "$1" >/dev/null 2>&1 && return ;;
	esac
	shift
	packages="$packages $*"
}

case "${1-}" in
"")
	need make make
	need git git
	need gcc gcc libc6-dev
	# The static one, because it is one package for all architectures.
	need qemu-arm-static qemu-user-static
	need aarch64-linux-gnu-objdump binutils-aarch64-linux-gnu
	need x86_64-linux-gnu-objdump binutils-x86-64-linux-gnu
	need qemu-system-aarch64 qemu-system-arm
	need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
	need xz xz-utils
	need mosquitto mosquitto
	need /usr/share/wordnet/data.noun wordnet-base
	need ffmpeg ffmpeg
	need chromium chromium
	need npm npm # for axe
	need systemd-analyze systemd
	;;
armcycles)
	need gcc gcc libc6-dev
	need qemu-aarch64 qemu-user # the static one loads no plugins
	need llvm-mca-19 llvm-19
	;;
*)
	echo "usage: deps.sh [armcycles]" >&2
	exit 2
	;;
esac

# axe installs axe-core, which checks a page's accessibility; armcycles needs none.
axe() {
	[ "$1" = armcycles ] || [ -d build/axe/node_modules/axe-core ] ||
		npm install --silent --no-save --no-package-lock --prefix build/axe axe-core@4.14.1
}
if [ -z "$packages" ]; then
	axe "${1-}"
	exit
fi

if ! command -v apt-get >/dev/null 2>&1; then
	echo "deps: this is not Debian; please install by hand:$packages" >&2
	exit 1
fi
if [ "$(id -u)" = 0 ]; then
	root=
elif command -v sudo >/dev/null 2>&1; then
	root=sudo
else
	echo "deps: neither root nor sudo; ask root to install:$packages" >&2
	exit 1
fi

echo "deps: installing$packages"
apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0"
$apt update
# Unquoted: each package is a word.
# shellcheck disable=SC2086
$apt install -y --no-install-recommends $packages >/dev/null
axe "${1-}"
