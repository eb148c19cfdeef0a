#!/usr/bin/env bats
# jail - what a session can't do any more, tried from inside the session; that each start gets in; and that what
# the units allow is what the programs need.

load helper

setup() {
	place </dev/null
	# The clone may be where only root can go.
	mkdir "$T/bin"
	cp "$BUILD/smtp-session" "$BUILD/pop3-session" "$BUILD/spool-agent" "$T/bin"
}

teardown() {
	unplace
	rm -f /tmp/pillarbox-jail-attempt
}

needs_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
needs_landlock() { [ "$(abi)" -ge 1 ] || skip "this kernel has no Landlock"; }
abi() { python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))'; }

# as_user COMMAND...: as an ordinary user, also from root.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"
	else
		"$@"
	fi
}

# attempt AS PROGRAM WHEN NAME: prints NAME and what came of it, in one write.
attempt() {
	local outcome status=0
	outcome=$(PILLARBOX_JAIL_TRY=$3:$4 $1 "$T/test/$2" --config "$CONF" <"$T/dialogue" 2>&1 >/dev/null) || status=$?
	case $status in
	159) outcome=killed ;; # SIGSYS
	1 | 99) if [[ "$outcome" =~ Sanitizer|runtime\ error ]]; then outcome=report; fi ;;
	0) outcome=$(printf '%s\n' "$outcome" | sed -n 's/^jail: //p') ;;
	*) outcome="exit status $status" ;;
	esac
	printf '%s %s\n' "$4" "$outcome"
}

# outcomes AS PROGRAM WHEN: of each attempt, sorted.
outcomes() {
	export -f attempt as_user
	PILLARBOX_JAIL_TRY=list "$T/test/$2" --config "$CONF" </dev/null 2>/dev/null >"$T/list"
	cut -d ' ' -f 1 "$T/list" |
		xargs -P 4 -I{} bash -c 'attempt "$@"' attempt "$1" "$2" "$3" {} 2>/dev/null | sort
}

# The outcomes are those of the list's column. A kernel without 32-bit calls refuses them by itself.
check_outcomes() {
	local column=$4 before
	outcomes "$1" "$2" "$3" >"$T/outcomes"
	before=$(attempt "" "$2" before int80)
	case $before in
	"int80 exit status 139" | "int80 report") sed -i "s/^$before\$/int80 killed/" "$T/outcomes" ;; # SIGSEGV
	esac
	cut -d ' ' -f "1,$column" "$T/list" | sort | diff -u --label "expected of $2 $3" --label actual - "$T/outcomes"
}

test_place() {
	needs_landlock
	mkdir "$T/test"
	cp "$BUILD/test/smtp-session" "$BUILD/test/pop3-session" "$BUILD/spool-agent" "$BUILD/tls.so" "$T/test"
	: >"$T/dialogue"
}

@test "without the jail, what is tried works or fails for other reasons" {
	test_place
	outcomes "" smtp-session before >"$T/outcomes"
	cat "$T/outcomes"
	run ! grep killed "$T/outcomes"
	[ "$(grep -c . "$T/outcomes")" -gt 80 ]
	local name
	for name in open-read open-own-fds open-folder open-library access fork clone3 kill socket-unix memory-exec dup \
		no-alarm many-fds large-file; do
		grep -q "^$name \(done\|EINVAL\)$" "$T/outcomes"
	done
}

@test "from inside, everything is refused" {
	test_place
	local program
	for program in smtp-session pop3-session; do
		check_outcomes "" $program inside 3
		check_outcomes as_user $program inside 3
	done
}

@test "while TLS can still be loaded, libraries can be read and mapped, and nothing else" {
	test_place
	local program
	for program in smtp-session pop3-session; do
		check_outcomes "" $program loading 2
		check_outcomes as_user $program loading 2
	done
}

@test "a session that may begin with TLS can load it, and has everything refused once it has" {
	test_place
	secure
	if [ "$(id -u)" = 0 ]; then chown -R nobody "$T/certs"; fi
	printf 'EHLO x\r\nSTARTTLS\r\n' >"$T/dialogue"
	[ "$(attempt "" smtp-session inside open-library)" = "open-library done" ]
	[ "$(attempt "" smtp-session inside open-read)" = "open-read EACCES" ]
	check_outcomes "" smtp-session tls 3
	check_outcomes as_user smtp-session tls 3
	printf 'STLS\r\n' >"$T/dialogue"
	[ "$(attempt "" pop3-session inside open-library)" = "open-library done" ]
	check_outcomes "" pop3-session tls 3
	check_outcomes as_user pop3-session tls 3
}

@test "a log-in without TLS shuts the door to it" {
	test_place
	secure
	if [ "$(id -u)" = 0 ]; then chown -R nobody "$T/certs"; fi
	printf 'USER alice\r\nPASS secret\r\n' >"$T/dialogue"
	check_outcomes "" pop3-session tls 3
	printf 'EHLO x\r\nAUTH PLAIN %s\r\n' "$(printf '\0alice\0secret' | base64)" >"$T/dialogue"
	check_outcomes "" smtp-session tls 3
}

@test "once TLS has been loaded, everything is refused" {
	test_place
	local program
	for program in smtp-session pop3-session; do
		check_outcomes "" $program sealed 3
		check_outcomes as_user $program sealed 3
	done
}

@test "nothing of these attempts is in the programs, and neither libseccomp nor libsystemd is linked" {
	local program
	for program in smtp-session pop3-session spool-agent; do
		run ! grep -q JAIL_TRY "$BUILD/$program"
		run ! grep -qE 'NEEDED.*(libseccomp|libsystemd)' <(readelf -d "$BUILD/$program")
	done
	grep -q JAIL_TRY "$BUILD/test/smtp-session"
}

# start_session AS PROGRAM: on a pipe that stays open; its pid is $SESSION once it has greeted.
start_session() {
	mkfifo "$T/in"
	$1 "$T/bin/$2" --config "$CONF" <"$T/in" >"$T/out" 2>>"$T/log" 3>&- 9</etc/passwd &
	PIDS+=($!)
	exec 8>"$T/in"
	for _ in $(seq 200); do
		[ -s "$T/out" ] && break
		sleep 0.05
	done
	[ -s "$T/out" ]
	SESSION=$(pgrep -f "^$T/bin/$2 --config $CONF" | head -n 1)
}

# check_inside PID: as the kernel sees it.
check_inside() {
	local status=/proc/$1/status
	cat "$status" >"$T/status"
	grep -qx 'NoNewPrivs:	1' "$T/status"
	grep -qx 'Seccomp:	2' "$T/status"
	grep -qx 'CapPrm:	0000000000000000' "$T/status"
	grep -qx 'CapEff:	0000000000000000' "$T/status"
	grep -qx 'CapAmb:	0000000000000000' "$T/status"
	[ "$(sed -n 's/^Uid:\t//p' "$T/status" | tr '\t' '\n' | sort -u | wc -l)" -eq 1 ]
	run ! grep -q '^Uid:	0	' "$T/status"
	if [ "$(id -u)" = 0 ]; then
		run ! grep -q '^Groups:	[0-9]' "$T/status"
		grep -qE '^Max processes +0 +0' "/proc/$1/limits"
		grep -qE '^Max core file size +0 +0' "/proc/$1/limits"
		grep -qE '^Max open files +16 +16' "/proc/$1/limits"
		# Its memory is root's to read, not its own user's.
		[ "$(stat -c %u "/proc/$1/mem")" = 0 ]
	fi
}

@test "a live session, as the kernel sees it: root's and an ordinary user's, both programs" {
	local program as
	for program in smtp-session pop3-session; do
		for as in "" as_user; do
			start_session "$as" $program
			check_inside "$SESSION"
			# What the parent has left open by mistake is not there.
			[ "$(id -u)" != 0 ] || [ ! -e "/proc/$SESSION/fd/9" ]
			exec 8>&-
			wait "${PIDS[-1]}"
			rm "$T/in" "$T/out"
		done
	done
}

@test "a live session of a listener, and of an inetd" {
	local flags
	for flags in "" "--inetd -a" "-a"; do
		: >"$T/log"
		# shellcheck disable=SC2086 # flags are words
		server smtp-session $flags
		exec 5<>"/dev/tcp/127.0.0.1/$PORT"
		IFS= read -r -t 10 -u 5 greeting
		[[ "$greeting" == 220* ]]
		SESSION=$(sed -n 's/^smtp-session\[\([0-9]*\)\].*EVENT=connect.*/\1/p' "$T/log")
		check_inside "$SESSION"
		exec 5>&-
		kill "${PIDS[-1]}"
	done
}

@test "a listener tells the log of a session that its jail has ended" {
	server test/smtp-session -E PILLARBOX_JAIL_TRY=inside:fork
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	cat <&5
	exec 5>&-
	eventually grep -q 'EVENT=session-killed REMOTE_ADDR=127\.0\.0\.1 REASON="process [0-9]* was ended by signal 31 (Bad system call)"' "$T/log"
}

@test "the jail is shut before the first octet of the peer's is read, and has its alarm" {
	strace -f -o "$T/trace" -e trace=landlock_restrict_self,seccomp,read,alarm,setitimer,write \
		"$T/bin/smtp-session" --config "$CONF" <<<QUIT >/dev/null 2>&1 || skip "strace may not trace here"
	grep -nE 'landlock_restrict_self\(|seccomp\(|read\(0,|write\(1,|alarm\(|ITIMER_REAL' "$T/trace" >"$T/order"
	cat "$T/order"
	[[ "$(sed -n 's/^[0-9]*:[0-9]* *//; s/(.*//p' "$T/order" | head -n 4 | paste -sd ' ')" =~ \
		^(alarm|setitimer)\ landlock_restrict_self\ seccomp\ write$ ]]
	grep -q 'alarm(7260)\|tv_sec=7260' "$T/order" # limits.session, and a minute
}

# with_log KIND: tests/jail_logs.py where its log's socket is the only one.
with_log() {
	needs_root
	cat >"$T/namespace" <<-'SCRIPT'
	set -e
	if [ "$1" = journal ]; then
		mount -t tmpfs none /run
	else
		mkdir "$T/dev"
		mount --bind /dev "$T/dev"
		mount -t tmpfs none /dev
		for device in null urandom zero; do
			: >"/dev/$device"
			mount --bind "$T/dev/$device" "/dev/$device"
		done
	fi
	exec python3 "$ROOT/tests/jail_logs.py" "$1" "$T/bin/smtp-session" "$CONF"
	SCRIPT
	unshare --mount true 2>/dev/null || skip "no mount namespace can be made here"
	timeout 30 unshare --mount bash "$T/namespace" "$1" >"$T/logged"
	cat "$T/logged"
}

@test "the journal hears a session in its jail, with fields" {
	with_log journal
	grep "^EVENT=b'connect' | SESSION_ID=b'[0-9a-z]*' | REMOTE_ADDR=b'local' | MESSAGE=" "$T/logged" >"$T/connect"
	grep -q "| PRIORITY=b'6' | SYSLOG_FACILITY=b'2' | SYSLOG_IDENTIFIER=b'smtp-session' | SYSLOG_PID=b'[0-9]*'$" "$T/connect"
	[ "$(grep -c "REASON=b'Command not recognized'" "$T/logged")" -eq 2 ]
	grep -q "EVENT=b'disconnect'" "$T/logged"
}

@test "syslog hears a session in its jail; one that is started again doesn't, and the session goes on" {
	with_log syslog
	grep -q '^<22>.*smtp-session\[[0-9]*\]: EVENT=connect' "$T/logged"
}

@test "a maildrop of a million messages is within the limits" {
	perl -e 'print "From a\@b Tue Nov 24 13:00:00 2026\nSubject: $_\n\nx\n\n" for 1 .. 1000000' >"$T/mail/alice"
	chmod 600 "$T/mail/alice"
	[ "$(id -u)" != 0 ] || chown "$OWNER" "$T/mail/alice"
	printf 'USER alice\r\nPASS secret\r\nSTAT\r\nDELE 1000000\r\nRETR 999999\r\nQUIT\r\n' | pop3 >"$T/replies"
	grep -q '^+OK 1000000 ' "$T/replies"
	grep -q '^Subject: 999999' "$T/replies"
	grep -q '999999 messages left' "$T/replies"
}

# The kernel's answers are made by a seccomp filter that the session inherits: ENOSYS for these calls.
without_calls() {
	cat >"$T/without" <<-'SCRIPT'
	import ctypes, os, struct, sys
	numbers = [int(n) for n in sys.argv[1].split(",")]
	code = [(0x20, 0, 0, 0)]
	for n in numbers:
	    code += [(0x15, 0, 1, n), (0x06, 0, 0, 0x00050000 | 38)]
	code += [(0x06, 0, 0, 0x7FFF0000)]
	program = b"".join(struct.pack("<HBBI", *c) for c in code)
	buffer = ctypes.create_string_buffer(program)
	fprog = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(buffer))
	libc = ctypes.CDLL(None, use_errno=True)
	assert libc.prctl(38, 1, 0, 0, 0) == 0
	assert libc.prctl(22, 2, ctypes.create_string_buffer(fprog), 0, 0) == 0, os.strerror(ctypes.get_errno())
	os.execv(sys.argv[2], sys.argv[2:])
	SCRIPT
	python3 "$T/without" "$@"
}

@test "a kernel without Landlock, or without seccomp: the session is served with what there is" {
	local seccomp=317
	[ "$(uname -m)" = x86_64 ] || seccomp=277
	printf 'QUIT\r\n' >"$T/dialogue"
	without_calls 444,445,446 "$T/bin/smtp-session" --config "$CONF" <"$T/dialogue" >"$T/replies" 2>>"$T/log"
	grep -q '^221 ' "$T/replies"
	without_calls $seccomp "$T/bin/pop3-session" --config "$CONF" <"$T/dialogue" >"$T/replies" 2>>"$T/log"
	grep -q '^+OK goodbye' "$T/replies"
	[ "$(grep -c EVENT=no-jail "$T/log")" -eq 2 ]
}

is_sanitized() { grep -q __asan_init "$BUILD/smtp-session"; }

@test "a listener runs with the calls that its unit allows, from its start to its end" {
	! is_sanitized || skip "no unit is for a build with sanitizers"
	sed -i 's/^\[limits\]/&/; $a [limits]\nlisten_idle = 1' "$CONF"
	systemd-socket-activate --seqpacket -l "$T/agent" "$T/bin/spool-agent" --config "$CONF" >/dev/null 2>>"$T/log" 3>&- &
	PIDS+=($!)
	local calls listener
	for _ in $(seq 100); do [ -S "$T/agent" ] && break; sleep 0.05; done
	chmod 666 "$T/agent"
	calls=$("$BUILD/jail-filter" --list | paste -sd ' ')
	PORT=$(free_port)
	python3 "$ROOT/tests/jail_unit.py" "$calls" "$PORT" "$T/bin/smtp-session" --config "$CONF" 2>>"$T/log" 3>&- &
	listener=$!
	PIDS+=("$listener")
	wait_for_port "$PORT" || { cat "$T/log"; false; }
	printf 'Subject: x\n\nhello\n' >"$T/message"
	curl -sS --max-time 30 "smtp://127.0.0.1:$PORT" --mail-from s@example.net --mail-rcpt alice@example.org \
		--crlf --upload-file "$T/message" || { cat "$T/log"; false; }
	wait $listener # it has been idle
	grep -qx hello "$T/mail/alice"
}

@test "the filters of each architecture allow, refuse and kill as they should" {
	run python3 "$ROOT/tests/jail_filter.py" "$BUILD/gen/io/jail_filter.h"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"x86_64 loading"* ]]
	[[ "$output" == *"aarch64 loading"* ]]
}

@test "no session has a socket that listens, not even as standard error" {
	[ "$(id -u)" = 0 ] || skip "only root sees the fds of a process that is not dumpable"
	local port
	port=$(free_port)
	python3 - "$port" "$T/bin/smtp-session" --config "$CONF" 3>&- <<-'PYTHON' &
	import os, socket, sys
	listener = socket.socket()
	listener.bind(("127.0.0.1", int(sys.argv[1])))
	listener.listen(64)
	for fd in 0, 1, 2: # as inetd does for "wait"
	    os.dup2(listener.fileno(), fd)
	os.execv(sys.argv[2], sys.argv[2:])
	PYTHON
	PIDS+=($!)
	wait_for_port "$port"
	python3 - "$port" "${PIDS[0]}" <<-'PYTHON'
	import glob, os, socket, sys
	connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
	assert connection.recv(4) == b"220 "
	listening = {line.split()[9] for line in open("/proc/net/tcp") if line.split()[3] == "0A"}
	with open("/proc/%s/task/%s/children" % (sys.argv[2], sys.argv[2])) as children:
	    session = children.read().split()[0]
	fds = {int(os.path.basename(fd)): os.readlink(fd) for fd in glob.glob("/proc/%s/fd/*" % session)}
	assert len(fds) == 4, fds
	for fd in fds.values():
	    assert fd[8:-1] not in listening, fds
	PYTHON
}
