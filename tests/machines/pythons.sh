#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pythons.sh FOLDER [PROCESSOR...]: Debian's Python for other processors into a folder, for `make test-arch`.
# By default s390x (64 bits, big-endian), i386 and armhf (32 bits). Needs root for qemu-user-static alone.
set -eu

folder=${1:?a folder for the Pythons} && shift
[ $# -gt 0 ] || set -- s390x i386 armhf
packages='python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libc6 zlib1g libexpat1 libssl3 libffi8
libbz2-1.0 liblzma5 libsqlite3-0 libuuid1 libgcc-s1'
mkdir -p "$folder" && folder=$(cd "$folder" && pwd)
command -v qemu-s390x-static >/dev/null || apt-get install -y -qq --no-install-recommends qemu-user-static
# An i386 program needs no emulation where the kernel runs it; it wants its loader in its place.
[ -e /lib/ld-linux.so.2 ] || apt-get install -y -qq --no-install-recommends libc6-i386

for processor in "$@"; do
	own=$folder/$processor
	mkdir -p "$own/lists/partial" "$own/cache/archives/partial" "$own/root"
	: >"$own/status"
	apt() {
		apt-get -qq -o APT::Architecture="$processor" -o APT::Architectures::="$processor" -o Dir::State="$own" \
			-o Dir::State::lists="$own/lists" -o Dir::Cache="$own/cache" -o Dir::State::status="$own/status" "$@"
	}
	# Some other list of packages may have nothing for this processor.
	apt update 2>/dev/null || true
	# shellcheck disable=SC2086 # a list of names
	(cd "$own/cache" && apt download $packages 2>/dev/null)
	for package in "$own"/cache/*.deb; do dpkg-deb -x "$package" "$own/root"; done
	rm -rf "$own/cache" "$own/lists"
	# Where programs that tests start look, too.
	mkdir -p "$own/root/usr/lib/python3" && ln -sfn "$folder/pure" "$own/root/usr/lib/python3/dist-packages"
done
# Without a part in C, of another processor: hypothesis has one from 6.155 on.
python3 -m pip install --quiet --target "$folder/pure" --upgrade --no-deps --only-binary=:all: 'hypothesis<6.155' \
	sortedcontainers attrs pytest pluggy iniconfig packaging pygments jinja2 markupsafe pyroute2
# MicroPython and a CPython 3.14 with words of 32 bits.
! command -v npm >/dev/null || npm install --prefix "$folder/wasm" --no-audit --no-fund --silent \
	@micropython/micropython-webassembly-pyscript@1.23.0
! command -v npm >/dev/null || npm install --prefix "$folder/pyodide" --no-audit --no-fund --silent pyodide@314
