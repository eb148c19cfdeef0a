#!/usr/bin/env bats
# package - what apt installs, what it switches on, and what the kernel and systemd say of what runs then.

load boot

setup_file() { boot_prepare; }

# listening PORT: somebody does, on IPv4 and IPv6.
listening() { ss -ltnH "sport = :$1" | grep -qE '(\*|\[::\]):'; }

@test "the package opens no port, and the agent's socket is there for the sessions' user only" {
	local name
	apt-get -q -y -o Dpkg::Use-Pty=0 purge pillarbox
	boot_install
	systemctl is-enabled pillarbox-agent.socket pillarbox.target
	systemctl is-active pillarbox-agent.socket pillarbox.target
	for name in $SERVICES; do
		run ! systemctl is-enabled "$name.socket"
		run ! systemctl is-active "$name.socket"
	done
	for port in 25 587 465 110 995; do run ! listening $port; done
	[ "$(stat -c '%U:%G %a' /run/pillarbox/agent)" = "root:pillarbox 660" ]
	run ! setpriv --reuid nobody --regid nogroup --clear-groups -- python3 -c '
import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect("/run/pillarbox/agent")'
	setpriv --reuid pillarbox --regid pillarbox --clear-groups -- python3 -c '
import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect("/run/pillarbox/agent")'
	nothing_runs || eventually 40 nothing_runs
}

@test "README's lines on a real host are enough: enable, and mail comes in and goes out" {
	local line
	configure </dev/null
	line=$(sed -n '/^## On a real host/,/^## /s/^ *\(systemctl enable .*\)/\1/p' "$TOP/README.md")
	echo "$line"
	[[ "$line" == *smtp.socket* && "$line" == *pop3s.socket* ]]
	sh -c "$line"
	alive 50
	for name in $SERVICES; do systemctl enable --now "$name.socket"; done
	for port in 25 587 465 110 995; do listening $port; done
}

@test "pillarbox.target: one name to stop and to start all that is enabled" {
	systemctl stop pillarbox.target
	for port in 25 587 465 110 995; do run ! listening $port; done
	run ! systemctl is-active pillarbox-agent.socket
	systemctl start pillarbox.target
	for port in 25 587 465 110 995; do listening $port; done
	alive 51
	systemctl disable --now pop3.socket
	systemctl restart pillarbox.target
	run ! listening 110
	listening 995
	systemctl enable --now pop3.socket
}

@test "the switch to a listener is two commands, of pillarbox(7), and back it is as quick; nobody is turned away" {
	local switch back
	man_lines() { sed -n "/^\\.Ss systemd/,/^\\.Ss inetd/p" "$TOP/man/pillarbox.7" | grep -E "$1"; }
	switch=$(man_lines '^install -D .*accept-no\.conf' | sed 's/\\e$//')
	back=$(man_lines '^rm .*accept-no\.conf')
	echo "$switch" / "$back"
	accept yes
	alive 52
	sh -c "$switch"
	systemctl daemon-reload
	alive 53
	[ "$(systemctl is-active smtp.service)" = active ]
	sh -c "$back"
	systemctl daemon-reload
	systemctl stop smtp.socket
	systemctl start smtp.socket
	alive 54
	[ "$(systemctl is-active smtp.service)" = inactive ]
}

# The one unit of NAME that has a connection.
instance() { systemctl list-units --plain --no-legend "$1@*" | cut -d ' ' -f 1 | head -n 1; }

exposure() { systemd-analyze security --no-pager "$@" | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p'; }

# check_exposure UNIT FILE MOST: of the unit that runs, at most MOST; and of its file the same, or nearly: versions of
# systemd differ in what a file's other settings bring with them.
check_exposure() {
	local live file
	live=$(exposure "$1")
	file=$(exposure --offline=true "/lib/systemd/system/$2")
	echo "$1: $live, its file: $file"
	awk -v live="$live" -v file="$file" -v most="$3" 'BEGIN {
		exit !(live > 0 && live <= most && file <= most && live - file < 0.25 && file - live < 0.25) }'
}

@test "exposure as systemd sees it on line is that of the files: units for a connection, listeners, agent" {
	local unit
	accept yes
	dial 25
	answer 220
	check_exposure "$(instance smtp)" smtp@.service 2.2
	check_exposure pillarbox-agent.service pillarbox-agent.service 2.8
	hang_up
	accept no
	dial 110
	hear
	check_exposure pop3.service pop3.service 0.5
	hang_up
}

status_of() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

# check_session PID: no rights, a filter, no network, and an agent that is another process.
check_session() {
	grep -E '^(Uid|Gid|Cap...|NoNewPrivs|Seccomp|Seccomp_filters):' "/proc/$1/status"
	[ "$(status_of "$1" Uid)" = "$(id -u pillarbox)" ]
	[ "$(status_of "$1" Gid)" = "$(id -g pillarbox)" ]
	[ "$(status_of "$1" NoNewPrivs)" = 1 ]
	[ "$(status_of "$1" Seccomp)" = 2 ]
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do [ "$(status_of "$1" $set)" = 0000000000000000 ]; done
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/1/ns/net)" ]
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/1/ns/user)" ]
}

@test "who is who: sessions are pillarbox, without rights; the agent is root, another process; limits hold for each" {
	local unit pid
	accept yes
	dial 110
	hear
	unit=$(instance pop3)
	pid=$(systemctl show -P MainPID "$unit")
	check_session "$pid"
	# From 254 on PrivateNetwork= comes with a mount namespace.
	[ "$(systemctl --version | awk 'NR == 1 { print $2 }')" -ge 254 ] ||
		[ "$(readlink "/proc/$pid/ns/mnt")" = "$(readlink /proc/1/ns/mnt)" ]
	[ "$(systemctl show -P MemoryMax "$unit")" = $((64 << 20)) ]
	[ "$(systemctl show -P TasksMax "$unit")" = 8 ]
	[ "$(systemctl show -P RuntimeMaxUSec "$unit")" = "2h 5min" ]
	[ "$(systemctl show -P ControlGroup "$unit")" != "$(systemctl show -P ControlGroup pillarbox-agent.service)" ]
	pid=$(systemctl show -P MainPID pillarbox-agent.service)
	[ "$(status_of "$pid" Uid)" = 0 ]
	[ "$(status_of "$pid" NoNewPrivs)" = 1 ]
	[ "$(status_of "$pid" Seccomp)" = 2 ]
	hang_up

	accept no
	dial 110
	hear
	pid=$(systemctl show -P MainPID pop3.service)
	check_session "$pid"
	check_session "$(pgrep -P "$pid")"
	[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/1/ns/mnt)" ]
	# No file of the host's that matters is there to be seen.
	local folder
	for folder in /home/alice /var/mail/ /var/spool/ /var/lib/pillarbox/; do
		[ -e $folder ]
		run ! nsenter -t "$pid" -m -- setpriv --reuid pillarbox --regid pillarbox --clear-groups -- ls $folder
	done
	run ! nsenter -t "$pid" -m -- touch /etc/x /var/x
	hang_up
}

@test "a unit for a connection can't outlive its limits: time, memory" {
	accept yes
	mkdir -p /run/systemd/system/pop3@.service.d
	printf '[Service]\nRuntimeMaxSec=2\n' >/run/systemd/system/pop3@.service.d/test.conf
	systemctl daemon-reload
	mark_log
	dial 110
	hear
	run timeout 10 cat <&5
	[ "$status" -eq 0 ]
	hang_up
	rm -r /run/systemd/system/pop3@.service.d
	systemctl daemon-reload
	log_since | grep -q 'Service reached runtime time limit'
	alive 55
}
