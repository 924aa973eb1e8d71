#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kernel.sh COMMAND...: run a command as root on a Linux of its own, user-mode-linux: a kernel that is a program, with
# VLANs, bonds, netem, PPP and NFT_QUEUE. It is the first linux.uml in PATH: Debian's, or one that has more (its modules
# in /usr/lib/uml/modules/VERSION). It boots in a second, has one processor, computes as fast as this machine, and needs
# fifteen times as long to start a program. / is this machine's, read-only; what is written stays in memory, save the
# folder of HAVEN_TRIED.
#
#   HAVEN_VM_MEMORY=1024M    how much memory it has
#   HAVEN_VM_SHARE=25        how many hundredths of a processor it gets (a control group of this machine's)
#   HAVEN_VM_APPEND=WORDS    more words for the kernel, such as ipv6.disable=1
set -eu

usage() {
	sed -n '3,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

fail() {
	echo "kernel.sh: $1" >&2
	exit 1
}

# Words as a shell reads them.
quoted() {
	for word in "$@"; do printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"; done
	echo
}

# A control group that gives a share of a processor, a part of each 10 ms; its folder.
slowed() {
	if [ -e /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]; then
		group=/sys/fs/cgroup/cpu/haven-vm-$$
		mkdir "$group" && echo 10000 >"$group/cpu.cfs_period_us" && echo "${1}00" >"$group/cpu.cfs_quota_us"
	else
		group=/sys/fs/cgroup/haven-vm-$$
		mkdir "$group" && echo "${1}00 10000" >"$group/cpu.max"
	fi || fail "no control group gives a share of a processor"
	echo "$group"
}

[ $# -gt 0 ] || usage
[ "$(id -u)" = 0 ] || fail "this needs root"
command -v linux.uml >/dev/null || fail "there is no linux.uml: apt-get install user-mode-linux"

# shellcheck disable=SC2317 # a trap calls it
clean() {
	rm -rf "$folder"
	[ -n "$slow" ] || return 0
	echo $$ >"${slow%/*}/cgroup.procs"
	# Its processes end a moment after it.
	rmdir "$slow" 2>/dev/null || { sleep 1 && rmdir "$slow"; }
}

slow='' folder=$(mktemp -d)
trap clean EXIT
tried=${HAVEN_TRIED:+$(cd "$(dirname "$HAVEN_TRIED")" && pwd)}
[ -z "$tried" ] || HAVEN_TRIED=$tried/$(basename "$HAVEN_TRIED")
{
	echo '#!/bin/sh'
	echo "modules=/usr/lib/uml/modules/\$(uname -r) folder=$(quoted "$folder")"
	cat <<-'INIT'
		mount -t proc p /proc && mount -t sysfs s /sys && mount -t tmpfs t /run
		grep -qw overlay /proc/filesystems || insmod "$modules/kernel/fs/overlayfs/overlay.ko"
		mkdir /run/upper /run/work /run/new
		mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work o /run/new
		cd /run/new && mkdir -p old lib/modules
		for each in proc sys; do mount --move /$each $each; done
		ln -s "$modules" lib/modules/
		# What loads modules has its root moved as well.
		pivot_root . old && exec chroot . /bin/sh "$folder/inside" </dev/console >/dev/console 2>&1
	INIT
} >"$folder/init"
{
	echo export TERM=dumb
	for name in PATH HOME $(env | sed -n 's/^\(HAVEN_[A-Z_]*\)=.*/\1/p'); do
		eval "printf 'export %s=' $name; quoted \"\$$name\""
	done
	echo "tried=$(quoted "$tried") status=$(quoted "$folder/status")"
	cat <<-'INSIDE'
		mount -t devtmpfs d /dev && mkdir -p /dev/pts /dev/shm && mount -t devpts p /dev/pts
		for each in /run /dev/shm /old/run; do mount -t tmpfs t $each; done
		mount -t hostfs -o "${status%/*}" h "${status%/*}"
		[ -z "$tried" ] || mount -t hostfs -o "$tried" h "$tried"
		mkdir -p /run/netns && ip link set lo up && modprobe -q ipv6
	INSIDE
	echo "(cd $(quoted "$PWD") && $(quoted "$@"))"
	# shellcheck disable=SC2016 # what the shell inside reads
	echo 'echo $? >"$status"; sync; echo 0 >/proc/sys/kernel/printk; echo o >/proc/sysrq-trigger; sleep 9'
} >"$folder/inside"
chmod +x "$folder/init"

if [ -n "${HAVEN_VM_SHARE:-}" ]; then
	slow=$(slowed "$HAVEN_VM_SHARE")
	echo $$ >"$slow/cgroup.procs"
fi
# shellcheck disable=SC2086 # HAVEN_VM_APPEND is words
linux.uml "mem=${HAVEN_VM_MEMORY:-1024M}" root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$folder/init" \
	con=null con0=fd:0,fd:1 quiet loglevel=3 ${HAVEN_VM_APPEND:-} </dev/null 2>/dev/null &
kernel=$!
# Its helpers do not end with it then.
trap 'kill $(cat "/proc/$kernel/task/$kernel/children") $kernel' HUP INT TERM
# A signal ends the first.
wait $kernel || wait $kernel || true
exit "$(cat "$folder/status" 2>/dev/null || echo 1)"
