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
	outcome=$(PILLARBOX_JAIL_TRY=$3:$4 $1 "$T/test/$2" --config "$CONF" </dev/null 2>&1 >/dev/null) || status=$?
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

# The outcomes are those of the list's column.
check_outcomes() {
	local column=$4
	outcomes "$1" "$2" "$3" >"$T/outcomes"
	cut -d ' ' -f "1,$column" "$T/list" | sort | diff -u --label "expected of $2 $3" --label actual - "$T/outcomes"
}

test_place() {
	needs_landlock
	mkdir "$T/test"
	cp "$BUILD/test/smtp-session" "$BUILD/test/pop3-session" "$BUILD/spool-agent" "$T/test"
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
	local i
	for i in $(seq 200); do
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

@test "the jail is shut before the first octet of the peer's is read, and has its alarm" {
	strace -f -o "$T/trace" -e trace=landlock_restrict_self,seccomp,read,alarm,setitimer,write \
		"$T/bin/smtp-session" --config "$CONF" <<<QUIT >/dev/null 2>&1 || skip "strace may not trace here"
	grep -nE 'landlock_restrict_self\(|seccomp\(|read\(0,|write\(1,|alarm\(|ITIMER_REAL' "$T/trace" >"$T/order"
	cat "$T/order"
	[[ "$(sed -n 's/^[0-9]*:[0-9]* *//; s/(.*//p' "$T/order" | head -n 4 | paste -sd ' ')" =~ \
		^(alarm|setitimer)\ landlock_restrict_self\ seccomp\ write$ ]]
	grep -q 'alarm(7260)\|tv_sec=7260' "$T/order" # limits.session, and a minute
}
