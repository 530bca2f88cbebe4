#!/bin/sh
# Checks the Debian package and "edge install" in a system that runs systemd. It is started
# by servicetest.service, as root, and writes a line for each check to the console.
#
# /servicetest holds old.deb, new.deb and edge. /results/phase holds what to do: "package"
# checks the package, "prepare" starts a service that records, and in "power" the power is
# cut while it does.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

state=/var/lib/halfmeg
config=/etc/halfmeg/config.yaml

# out is the output of the last command.
out=$(mktemp) || exit
trap 'rm -f "$out"' EXIT

ok() { echo "servicetest: ok $*"; }
fail() {
	echo "servicetest: FAIL $*"
	journalctl --no-pager -n 30 -u halfmeg -u edge | sed 's/^/servicetest: | /'
}

# check NAME COMMAND...: the command succeeds.
check() {
	name=$1
	shift
	if "$@" >"$out" 2>&1; then ok "$name"; else
		sed 's/^/servicetest: | /' "$out"
		fail "$name"
	fi
}

# refuse NAME WORDS COMMAND...: the command fails with these words.
refuse() {
	name=$1 words=$2
	shift 2
	if ! "$@" >"$out" 2>&1 && grep -q "$words" "$out"; then ok "$name"; else fail "$name"; fi
}

# eventually NAME COMMAND...: the command succeeds within two minutes.
eventually() {
	name=$1
	shift
	for _ in $(seq 240); do
		if "$@" >/dev/null 2>&1; then
			ok "$name"
			return
		fi
		sleep 0.5
	done
	fail "$name"
}

property() { systemctl show -P "$2" "$1"; }
is() { [ "$(property "$1" "$2")" = "$3" ]; }
# A unit keeps the status text of a process that has ended.
sees() { is "$1" ActiveState active && property "$1" StatusText | grep -q '^sees: .* frames/s$'; }
# sees_as_other UNIT PID: another process than this one sees.
sees_as_other() { differs "$2" "$(property "$1" MainPID)" && sees "$1"; }
not() { ! "$@"; }
same() { [ "$1" = "$2" ]; }
differs() { [ "$1" != "$2" ]; }
restarted() { [ "$(property halfmeg NRestarts)" -gt 0 ]; }
logged() { journalctl --no-pager -u halfmeg | grep -qi "$1"; }
reported() { journalctl --no-pager -p warning -u halfmeg | grep -q "$1"; }
recorded() { ls $state/pictures/*/*.jpg $state/pictures/*.jpg 2>/dev/null | grep -q jpg; }

configure() { printf '%s\n' "$@" >$config; }

install_package() {
	check "the package is installed" dpkg --force-depends --install /servicetest/old.deb
	check "the service is off after the installation" is halfmeg ActiveState inactive
	check "the service is not enabled" not systemctl is-enabled halfmeg
	for group in video render i2c spi gpio; do
		check "group $group exists" getent group $group
	done
	check "the command works" halfmeg version
	configure "camera: testcard"
	check "the service starts" systemctl enable --now halfmeg
	eventually "it sees the test card" sees halfmeg
	check "it does not run as root" differs "$(ps -o user= -p "$(property halfmeg MainPID)")" root
	eventually "an event is in the journal" logged " appeared "
	check "the journal has no lines of frames" not logged "probability"
	systemctl show -P StatusText halfmeg | sed 's/^/servicetest: status: /'
	systemd-analyze security --no-pager halfmeg | grep Overall | sed 's/^/servicetest: /'
	check "the sandbox scores 2.5 or less" systemd-analyze security --no-pager --threshold=25 halfmeg
}

watchdog() {
	mkdir -p /etc/systemd/system/halfmeg.service.d
	printf '[Service]\nWatchdogSec=15\nTimeoutAbortSec=5\nRestartSec=1\n' >/etc/systemd/system/halfmeg.service.d/test.conf
	systemctl daemon-reload
	check "the service restarts" systemctl restart halfmeg
	eventually "it sees again" sees halfmeg
	before=$(property halfmeg MainPID)
	kill -STOP "$before"
	eventually "the watchdog restarts a stopped process" restarted
	eventually "another process sees after the restart" sees_as_other halfmeg "$before"
	check "the journal says why" logged "failed with result 'watchdog'"
	before=$(property halfmeg MainPID)
	kill -KILL "$before"
	eventually "it is restarted after SIGKILL" sees_as_other halfmeg "$before"
	rm -r /etc/systemd/system/halfmeg.service.d
	systemctl daemon-reload
}

camera() {
	if ! modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0 2>/dev/null; then
		echo "servicetest: left out: a camera, because this kernel has no module vivid"
		return
	fi
	configure "camera: video0"
	check "the service starts with a camera" systemctl restart halfmeg
	eventually "the sandbox does not stop the camera" sees halfmeg
	check "the camera is in use" not modprobe -r vivid
	systemctl stop halfmeg
	modprobe -r vivid
	check "the service starts without its camera" systemctl start halfmeg
	eventually "its status says so" sh -c 'systemctl show -P StatusText halfmeg | grep -q "waits for the camera"'
	eventually "the journal says so, as a warning" reported "camera"
	modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0
	eventually "it sees when the camera is plugged in" sees halfmeg
}

secrets() {
	printf 'testcard\n' >/etc/halfmeg/secrets/camera
	configure "camera-file: /run/credentials/halfmeg.service/secrets_camera"
	check "the service starts with a secret" systemctl restart halfmeg
	eventually "it uses the secret" sees halfmeg
	rm /etc/halfmeg/secrets/camera
}

update() {
	configure "camera: testcard" "record: $state/pictures"
	check "the service restarts with the recorder" systemctl restart halfmeg
	eventually "it records" recorded
	before=$(property halfmeg MainPID)
	check "the package is updated" dpkg --force-depends --force-confold --install /servicetest/new.deb
	check "the update keeps the configuration" grep -q pictures $config
	eventually "the update restarts the service" sees_as_other halfmeg "$before"
	check "reload works" systemctl reload halfmeg
	eventually "reload is in the journal" logged "configuration reloaded"
}

remove() {
	refuse "edge install refuses next to the package" "package halfmeg is installed" /servicetest/edge install
	check "the package is removed" dpkg --remove halfmeg
	check "the service is stopped" not pidof halfmeg
	check "the configuration remains" test -e $config
	check "the package is installed again" dpkg --force-depends --install /servicetest/new.deb
	check "it is purged" dpkg --purge halfmeg
	for path in /etc/halfmeg $state /var/lib/private/halfmeg /etc/systemd/system/multi-user.target.wants/halfmeg.service; do
		check "purge removes $path" not test -e $path
		check "purge removes the link $path" not test -L $path
	done
}

alone() {
	before=$(find /etc /usr -xdev | sort | sha256sum)
	unit=/etc/systemd/system/edge.service
	check "edge install works" /servicetest/edge install -- --camera testcard
	eventually "its service sees" sees edge
	check "it is enabled" systemctl is-enabled edge
	check "edge install may be repeated" /usr/local/bin/edge install -- --camera testcard --rate 2
	eventually "its service sees again" sees edge
	echo "# changed" >>$unit
	check "edge install updates a changed unit" /usr/local/bin/edge install -- --camera testcard
	check "it keeps the changed unit" grep -q "# changed" $unit.old
	check "the unit is new" not grep -q "# changed" $unit
	rm $unit.old
	eventually "its service sees with the new unit" sees edge
	echo "# changed" >>$unit
	check "edge uninstall removes a changed unit" /usr/local/bin/edge uninstall
	check "it renames that unit" grep -q "# changed" $unit.old
	check "the changed unit is gone" not test -e $unit
	rm $unit.old
	check "edge install works again" /servicetest/edge install -- --camera testcard
	check "edge uninstall works" /usr/local/bin/edge uninstall
	check "the service is gone" not systemctl is-active edge
	check "nothing is left" same "$before" "$(find /etc /usr -xdev | sort | sha256sum)"
}

# whole checks that each picture can be read and each table is complete.
whole() {
	if ! recorded; then
		echo "servicetest: no pictures yet"
		return
	fi
	# The newest ones are those that a cut could have damaged.
	for f in $(find $state/ -name '*.jpg' -printf '%T@ %p\n' | sort -rn | head -n 5 | cut -d ' ' -f 2); do
		halfmeg classify "$f" >/dev/null 2>"$out" || {
			sed 's/^/servicetest: | /' "$out"
			fail "$f is damaged"
		}
	done
	for f in $(find $state/ -name '*.json' -size 0); do
		fail "$f is empty"
	done
	echo "servicetest: $(find $state/ -name '*.jpg' | wc -l) pictures are whole"
}

case $(cat /results/phase) in
package)
	install_package
	watchdog
	camera
	secrets
	update
	remove
	alone
	echo "servicetest: done"
	;;
prepare)
	check "the package is installed" dpkg --force-depends --install /servicetest/new.deb
	configure "camera: testcard" "record: $state/pictures" "min-on: 100ms" "min-off: 100ms"
	check "the service starts" systemctl enable --now halfmeg
	eventually "it records" recorded
	sync
	echo "servicetest: done"
	;;
power)
	whole
	eventually "it sees after the power cut" sees halfmeg
	echo "servicetest: done"
	sleep infinity
	;;
esac
systemctl poweroff
