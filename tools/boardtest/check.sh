#!/bin/sh
# Checks the service of the Debian package on an emulated Raspberry Pi 3. boardtest.service
# starts it, as root; it writes a line for each check to the serial console.
#
# The kernel's command line holds what to do: boardtest=install installs the package,
# boardtest=check checks the service that started with the board, boardtest=power what a
# power cut has left, and waits for the next one.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
exec >/dev/console 2>&1

state=/var/lib/halfmeg

# out is the output of the last command.
out=$(mktemp) || exit
trap 'rm -f "$out"' EXIT

say() { echo "boardtest: $*"; }
quote() { sed 's/^/boardtest: | /'; }
ok() { say "ok $*"; }
fail() {
	say "FAIL $*"
	systemctl status --no-pager halfmeg | quote
	journalctl --no-pager -n 30 -u halfmeg | quote
}

# check NAME COMMAND...: the command succeeds.
check() {
	name=$1
	shift
	if "$@" >"$out" 2>&1; then ok "$name"; else
		quote <"$out"
		fail "$name"
	fi
}

# eventually NAME COMMAND...: the command succeeds within five minutes of the board's clock.
eventually() {
	name=$1
	shift
	for _ in $(seq 150); do
		if "$@" >/dev/null 2>&1; then
			ok "$name"
			return
		fi
		sleep 2
	done
	fail "$name"
}

property() { systemctl show -P "$2" "$1"; }
is() { [ "$(property "$1" "$2")" = "$3" ]; }
differs() { [ "$1" != "$2" ]; }
not() { ! "$@"; }
# A unit keeps the status text of a process that has ended.
sees() { is halfmeg ActiveState active && property halfmeg StatusText | grep -q '^sees: .*frames/s$'; }
sees_as_other() { differs "$1" "$(property halfmeg MainPID)" && sees; }
logged() { journalctl --no-pager -u halfmeg | grep -qi "$1"; }
recorded() { find $state/ -name '*.jpg' | grep -q .; }
line() { cat /sys/devices/platform/gpio-sim.*/gpiochip*/sim_gpio0/value; }
line_is() { [ "$(line)" = "$1" ]; }
# opened PATTERN: the main process has a device open.
opened() { ls -l /proc/"$(property halfmeg MainPID)"/fd | grep -q "$1"; }
# plain: the journal of the service has no control characters and no very long lines.
plain() { not sh -c "journalctl --no-pager --all -o cat -u halfmeg | grep -nP '[\\x00-\\x08\\x0b-\\x1f\\x7f]|.{400}'"; }

install() {
	check "the modules are indexed" depmod
	check "the modules load" systemctl restart systemd-modules-load
	check "the package is installed" dpkg --force-depends --install /boardtest/new.deb
	cat >/etc/halfmeg/config.yaml <<-END
		camera: [board=video0, card=testcard]
		rate: 1
		display: ssd1306
		pin-output: ["LAMP=dog,active-low"]
		record: $state/pictures
		min-on: 100ms
		min-off: 100ms
		half-life: 0s
	END
	check "the configuration is valid" halfmeg config
	check "the service is enabled" systemctl enable halfmeg
	sync
}

running() {
	check "systemd has started the service with the board" is halfmeg ActiveState active
	eventually "it sees" sees
	say "status: $(property halfmeg StatusText)"
	check "it does not run as root" differs "$(ps -o user= -p "$(property halfmeg MainPID)")" root
	check "the unit is that of the package" is halfmeg DropInPaths ""
	eventually "the sandbox does not stop the camera" opened /dev/video0
	eventually "the sandbox does not stop I2C" opened /dev/i2c-1
	eventually "the sandbox does not stop GPIO: it drives the line" line_is 1
	check "no permission is missing" not logged "permission\|not permitted"
	check "no display, line or camera is missing" not logged "no display\|no such line\|waits for"
	eventually "it records" recorded
	systemd-analyze security --no-pager halfmeg | grep Overall | quote
	check "the sandbox scores 2.5 or less" systemd-analyze security --no-pager --threshold=25 halfmeg
}

watchdog() {
	before=$(property halfmeg MainPID)
	kill -STOP "$before"
	eventually "the watchdog of the unchanged unit replaces a stopped process" sees_as_other "$before"
	say "process $before, then $(property halfmeg MainPID)"
	check "the journal says why" logged "watchdog"
	eventually "the new process opens the camera" opened /dev/video0
	eventually "the new process opens I2C" opened /dev/i2c-1
	before=$(property halfmeg MainPID)
	systemctl stop halfmeg
	check "a stopped service releases the line" line_is 0
	check "it starts again" systemctl start halfmeg
	eventually "it drives the line again" line_is 1
	eventually "it sees again" sees
}

# whole checks that each picture can be read, and that no other file is empty or cut off.
whole() {
	# All of them: without a battery the clock starts at the same time at each boot, so that
	# the times of files do not show which are from before the cut.
	find $state/ -name '*.jpg' -print0 | xargs -0r halfmeg classify >/dev/null 2>"$out" || {
		quote <"$out"
		fail "a picture is damaged"
	}
	for f in $(find $state/ -type f -size 0); do
		fail "$f is empty"
	done
	for f in $(find $state/ -name '*.json'); do
		[ "$(tail -c 2 "$f" | head -c 1)" = "}" ] || fail "$f is cut off"
	done
}

phase=$(sed -n 's/.*boardtest=\([a-z]*\).*/\1/p' /proc/cmdline)
case $phase in
install) install ;;
check)
	running
	watchdog
	check "the journal is plain text" plain
	journalctl --no-pager -b -u halfmeg | quote
	systemctl --failed --plain --no-legend | quote
	check "no unit has failed" [ -z "$(systemctl --failed --plain --no-legend)" ]
	;;
power)
	eventually "it sees after the power cut" sees
	whole
	# The service removes unfinished files when it starts. One that it is writing now is gone
	# after some seconds.
	left=$(find $state/ -name '*.part')
	sleep 10
	for f in $left; do
		[ ! -e "$f" ] || fail "$f is unfinished"
	done
	eventually "it drives the line" line_is 1
	say "$(find $state/ -name '*.jpg' | wc -l) pictures are whole"
	say "done"
	sleep infinity
	;;
esac
say "done"
systemctl poweroff
