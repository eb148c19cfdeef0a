# What all .bats files share: a throw-away place with a configuration, accounts and mailboxes; ways to run
# the programs on it; servers that are stopped again. Works as root and as an ordinary user.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
export ROOT BUILD
# The leak checker traces its own process, which a jailed one does not allow; the unit tests look for leaks.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:exitcode=99}

# The password of every account in a place is "secret".
SECRET_HASH="\$5\$rounds=1000\$pillarbox\$$(perl -e 'print((split /\$/, crypt("secret","\$5\$rounds=1000\$pillarbox"))[4])')"

# As root the mailboxes of a place belong to this user (never root); else to the caller.
if [ "$(id -u)" = 0 ]; then OWNER=daemon; else OWNER=$(id -un); fi

# place: make $T with pillarbox.conf, users alice and bob, mail/, state/, cache/, queue/. Extra lines of
# configuration on standard input ("" sections as in the file) are put at its end. Keys of TLS tickets are kept in
# memory only: $SHM is a folder there, or $T where this host has none, and no tickets are given then. Failed log-ins
# are counted in $T/failures, and matter only to tests that lower the limits.
place() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-test.XXXXXX")
	chmod 755 "$T"
	SHM=$T
	if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
		SHM=$(mktemp -d /dev/shm/pillarbox-test.XXXXXX)
	fi
	mkdir "$T/mail" "$T/state" "$T/cache" "$T/queue"
	CONF=$T/pillarbox.conf
	printf '%s:%s\n' alice "$SECRET_HASH" bob "$SECRET_HASH" >"$T/users"
	cat >"$CONF" <<-CONFIG
	[server]
	hostname = mail.example.org
	domains = example.org, localhost
	[accounts]
	source = file
	file = $T/users
	owner = $OWNER
	aliases = $T/aliases
	[store]
	mailbox = mbox:$T/mail/%u
	cache = $T/cache
	state = $T/state
	[queue]
	directory = $T/queue
	[agent]
	socket = $T/agent
	[tls]
	tickets = $SHM/tickets
	[auth]
	failure_delay = 0
	failures = $T/failures
	source_failures = 1000
	user_failures = 1000
	CONFIG
	if [ ! -t 0 ]; then cat >>"$CONF"; fi
	if [ "$(id -u)" = 0 ]; then chown "$OWNER" "$T/mail"; fi
	export T SHM CONF
	PIDS=()
	FLAGS=()
}

# Call from teardown(): stops what server() started and removes the place.
unplace() {
	local pid
	for pid in "${PIDS[@]:-}"; do
		[ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	# A sanitizer's report may be all that is seen of a fault in a process that nobody waits for.
	if [ -n "${T:-}" ] && grep -qE 'Sanitizer|runtime error:' "$T/log" 2>/dev/null; then
		grep -E -A 20 'Sanitizer|runtime error:' "$T/log" >&2
		rm -rf "$T" "$SHM"
		return 1
	fi
	[ -n "${T:-}" ] && rm -rf "$T" "$SHM"
	return 0
}

# smtp, pop3 [flags]: a session of the place on standard input and output; the log goes to $T/log.
smtp() { "$BUILD/smtp-session" --config "$CONF" "$@" 2>>"$T/log"; }
pop3() { "$BUILD/pop3-session" --config "$CONF" "$@" 2>>"$T/log"; }

# crlf: LF to CRLF, for dialogues.
crlf() { sed 's/$/\r/'; }

# free_port: a TCP port on 127.0.0.1 that nobody listens on now.
free_port() {
	python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'
}

# secure [CERTIFICATE]: give the place certificates (certs.bash) and TLS with this one of them, by default ecdsa. Lines
# on standard input are more keys of [tls], and further sections.
secure() {
	local name=${1:-ecdsa}
	# shellcheck source=tests/certs.bash
	. "$ROOT/tests/certs.bash"
	certs "$T/certs"
	printf '[tls]\ncertificate = %s\nkey = %s\n' "$T/certs/$name.crt" "$T/certs/$name.key" >>"$CONF"
	if [ ! -t 0 ]; then cat >>"$CONF"; fi
}

# flags [FLAG]...: those that server() gives to a program from now on.
flags() { FLAGS=("$@"); }

# eventually COMMAND...: within ten seconds it succeeds.
eventually() {
	for _ in $(seq 200); do
		if "$@"; then return 0; fi
		sleep 0.05
	done
	echo "never happened: $*" >&2
	return 1
}

# process_status PID FIELD: the first value of a line of /proc/PID/status.
process_status() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

# server PROGRAM [systemd-socket-activate flags]: serve PROGRAM, with flags(), of the place on $PORT by
# socket activation in listening mode; waits until it accepts. The socket is open when this returns.
server() {
	local program=$1
	PORT=$(free_port)
	systemd-socket-activate -E ASAN_OPTIONS -l "127.0.0.1:$PORT" "${@:2}" \
		"$BUILD/$program" --config "$CONF" "${FLAGS[@]}" 2>>"$T/log" >/dev/null 3>&- &
	PIDS+=($!)
	wait_for_port "$PORT"
}

# wait_for_port N: until the kernel shows a listener on 127.0.0.1:N (connecting would start a session).
wait_for_port() {
	local hex
	hex=$(printf '0100007F:%04X 00000000:0000 0A' "$1")
	for _ in $(seq 200); do
		grep -q "$hex" /proc/net/tcp && return 0
		sleep 0.05
	done
	echo "nobody listens on port $1" >&2
	return 1
}

# deliver USER FILE: bring FILE (LF lines) into USER's mailbox through smtp-session; fails unless it says 250.
deliver() {
	{
		printf 'EHLO test\r\nMAIL FROM:<sender@example.net>\r\nRCPT TO:<%s@example.org>\r\nDATA\r\n' "$1"
		sed 's/^\./../; s/$/\r/' "$2"
		printf '.\r\nQUIT\r\n'
	} | smtp | grep -q '^250 2\.0\.0'
}
