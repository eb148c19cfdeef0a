#!/usr/bin/env bats
# What an SMTP server is attacked with: smuggled messages, desynchronised transactions, floods, forged fields.

setup() {
	load helper
	load dialogue
}

teardown() { unplace; }

START='EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nX-Message: first\r\n\r\ntext'
SECOND='MAIL FROM:<smuggled@b.c>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nX-Message: second\r\n\r\n.\r\nQUIT\r\n'

# The ends of data that one server or another has taken for CRLF.CRLF (SMTP smuggling, 2023), and NULs.
ENDS='\n.\n \n.\r \n.\r\n \r.\r \r.\n \r.\r\n \r\n.\n \r\n.\r \r\n.\r\r\n \r\r\n.\r\n \r\r\n.\r\r\n \r\n\0.\r\n \r\n.\0\r\n \0\r\n.\r\n'

# never_two TRANSPORT: no message at all comes of any of them, the reply is 554 5.6.0, and the connection ends.
never_two() {
	local end failed=0
	for end in $ENDS; do
		rm -f "$T/mail/alice"
		printf "$START$end$SECOND" | "via_$1" smtp-session | tr -d '\r' >"$T/out"
		tail -n 1 "$T/out" | grep -q '^554 5\.6\.0 ' || { echo "$end over $1:"; cat "$T/out"; failed=1; }
		[ ! -s "$T/mail/alice" ] || { echo "$end over $1 brought:"; cat "$T/mail/alice"; failed=1; }
	done
	return $failed
}

# via_pieces: each CR, LF, dot and NUL in a write of its own, everything else in runs.
via_pieces() {
	perl -e '
		use IO::Socket::INET; use Socket qw(IPPROTO_TCP TCP_NODELAY SHUT_WR);
		my $peer = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die $!;
		setsockopt($peer, IPPROTO_TCP, TCP_NODELAY, 1); $SIG{PIPE} = "IGNORE";
		if (!fork) { local $/; for (split /([\r\n.\0])/, <STDIN>) { length and (syswrite($peer, $_) // last) }
			shutdown($peer, SHUT_WR); exit 0 }
		while (sysread($peer, my $piece, 65536)) { print $piece } wait;
	' "$PORT"
}

@test "smtp attacks: no variant of the end of data smuggles a message: one write" {
	place <<<$'[limits]\nper_source = 1000'
	server smtp-session
	never_two tcp
}

@test "smtp attacks: no variant of the end of data smuggles a message: separate writes" {
	place <<<$'[limits]\nper_source = 1000'
	server smtp-session
	never_two pieces
}

@test "smtp attacks: no variant of the end of data smuggles a message: octet by octet" {
	place <<<$'[limits]\nper_source = 1000'
	server smtp-session
	never_two octets
}

@test "smtp attacks: no variant smuggles behind an oversize body" {
	local end
	place <<<$'[limits]\nper_source = 1000\n[smtp]\nmax_message_size = 1K'
	server smtp-session
	START+=$(printf '%2000s' x)
	never_two tcp
}

@test "smtp attacks: bare LF, bare CR and NUL in a command: 500, and goodbye" {
	local line
	place <<<$'[limits]\nper_source = 1000'
	server smtp-session
	for line in 'NOOP\n' 'NO\rOP\r\n' 'NOOP\r\r\n' 'NO\0OP\r\n' '\0\r\n' 'EHLO x\nMAIL FROM:<a@b.c>\n'; do
		for transport in tcp octets; do
			printf "EHLO x\r\n${line}NOOP\r\n" | via_$transport smtp-session | tr -d '\r' | tail -n 1 >"$T/out"
			grep -q '^500 5\.5\.2 ' "$T/out" || { echo "$line: $(cat "$T/out")"; return 1; }
		done
	done
}

@test "smtp attacks: over a pipe, too, a bare CR and a NUL are refused" {
	place
	for body in 'a\rb' 'a\0b'; do
		printf "EHLO x\nMAIL FROM:<>\nRCPT TO:<alice@example.org>\nDATA\n$body\n.\nQUIT\n" | smtp | tail -n 1 | grep -q '^554 5\.6\.0'
	done
	[ ! -e "$T/mail/alice" ]
}

# clean_after REPLY-PATTERN [smtp flags]: the dialogue on standard input ends in a refused message; then RCPT and DATA
# must be out of order, and nothing may be in the mailbox.
clean_after() {
	{
		cat
		printf 'RCPT TO:<alice@example.org>\r\nDATA\r\nNOOP\r\nQUIT\r\n'
	} | smtp | tr -d '\r' | tail -n 5 >"$T/out"
	sed -n 1p "$T/out" | grep -E "$1" && sed -n 2p "$T/out" | grep '^503 ' && sed -n 3p "$T/out" | grep '^503 ' &&
		sed -n 4p "$T/out" | grep '^250 ' && [ ! -s "$T/mail/alice" ] || { cat "$T/out"; return 1; }
}

@test "smtp attacks: after a refused message the transaction is over: too big" {
	place <<<$'[smtp]\nmax_message_size = 1K'
	{ printf "$START"; printf '%2000s\r\n.\r\n' x; } | clean_after '^552 5\.3\.4'
}

@test "smtp attacks: after a refused message the transaction is over: mail loop; fifty Received pass" {
	local received
	place
	received=$(for i in $(seq 50); do printf 'Received: from %s\\r\\n' "$i"; done)
	printf "${START/X-Message/${received}X-Message}\r\n.\r\nQUIT\r\n" | smtp | grep -q '^250 2\.0\.0 Accepted'
	rm "$T/mail/alice"
	printf "${START/X-Message/${received}Received: x\r\nX-Message}\r\n.\r\n" | clean_after '^554 5\.4\.6'
}

@test "smtp attacks: after a refused message the transaction is over: the mailbox is a directory" {
	place
	mkdir "$T/mail/alice"
	printf "$START\r\n.\r\n" | {
		cat
		printf 'RCPT TO:<alice@example.org>\r\nDATA\r\nQUIT\r\n'
	} | smtp | tr -d '\r' | tail -n 4 | cut -c 1-9 | diff - <(printf '451 4.3.0\n503 5.5.1\n503 5.5.1\n221 2.0.0\n')
}

@test "smtp attacks: after a refused message the transaction is over: no room to stage it" {
	place
	rm -rf "$T/queue"
	: >"$T/queue"
	printf "$START\r\n.\r\n" | clean_after '^451 4\.3\.0'
}

@test "smtp attacks: a connection that ends in DATA brings nothing" {
	place
	printf "$START" | smtp >"$T/out"
	printf "$START\r\n" | smtp >"$T/out"
	printf "$START\r\n." | smtp >"$T/out"
	[ ! -s "$T/mail/alice" ]
	grep -q 'disconnected in DATA' "$T/log"
}

@test "smtp attacks: twenty errors, then 421" {
	place
	for i in $(seq 30); do printf 'XYZZY\r\n'; done | smtp | tr -d '\r' >"$T/out"
	[ "$(grep -c '^500 5\.5\.1' "$T/out")" = 20 ]
	tail -n 1 "$T/out" | grep -q '^421 4\.7\.0 '
	grep -q 'too many errors' "$T/log"
}

@test "smtp attacks: unknown recipients are errors, too" {
	place
	{ printf 'EHLO x\r\nMAIL FROM:<>\r\n'; for i in $(seq 30); do printf 'RCPT TO:<u%s@example.org>\r\n' "$i"; done; } |
		smtp | tr -d '\r' >"$T/out"
	[ "$(grep -c '^550 5\.1\.1' "$T/out")" = 20 ]
	tail -n 1 "$T/out" | grep -q '^421 '
}

@test "smtp attacks: commands by the million" {
	place
	for verb in NOOP RSET HELP 'VRFY x' 'EHLO x'; do
		yes "$verb" | head -n 1000000 | smtp | tr -d '\r' >"$T/out"
		tail -n 1 "$T/out" | grep -q '^421 4\.7\.0 '
		[ "$(wc -l <"$T/out")" -lt 20000 ]
	done
}

@test "smtp attacks: a hundred messages, then 421; counting begins again after each accepted one" {
	place <<<$'[limits]\ntransactions = 3\njunk_commands = 5'
	{
		printf 'EHLO x\n'
		for i in 1 2 3 4; do printf 'NOOP\nNOOP\nRSET\nMAIL FROM:<>\nRCPT TO:<alice@example.org>\nDATA\n.\n'; done
	} | smtp | tr -d '\r' >"$T/out"
	[ "$(grep -c '^250 2\.0\.0 Accepted' "$T/out")" = 3 ]
	tail -n 1 "$T/out" | grep -q '^421 4\.7\.0 '
}

@test "smtp attacks: too many recipients are told so, and the rest are served" {
	place <<<$'[smtp]\nmax_recipients = 2\n[accounts]\ndelimiter = +'
	{ printf 'EHLO x\nMAIL FROM:<>\n'; for i in 1 2 3; do printf 'RCPT TO:<alice+%s@example.org>\n' $i; done; printf 'DATA\n.\nQUIT\n'; } |
		smtp | tr -d '\r' >"$T/out"
	grep -q '^452 4\.5\.3 ' "$T/out"
	[ "$(grep -c '^From ' "$T/mail/alice")" = 2 ]
}

@test "smtp attacks: HTTP is told off at once, before its body can be commands" {
	place
	for verb in GET POST PUT CONNECT OPTIONS; do
		printf '%s / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n' $verb | smtp | tr -d '\r' >"$T/out"
		[ "$(wc -l <"$T/out")" = 2 ]
		tail -n 1 "$T/out" | grep -q '^500 5\.5\.1 '
	done
}

@test "smtp attacks: over-long lines are refused, the next command is heard; an endless one ends the session" {
	place
	{ printf 'NOOP %2041s\r\n' x; printf 'NOOP %2042s\r\nNOOP\r\n' x; head -c 60000 /dev/zero | tr '\0' a; printf '\r\nQUIT\r\n'; } |
		smtp | tr -d '\r' | cut -c 1-9 | tail -n +2 | diff - <(printf '250 2.0.0\n500 5.5.2\n250 2.0.0\n500 5.5.2\n221 2.0.0\n')
	head -c 3000000 /dev/zero | tr '\0' a | smtp >"$T/out"
	[ "$(wc -l <"$T/out")" = 2 ]
	tail -n 1 "$T/out" | grep -q '^500 5\.5\.2 '
	grep -q 'a line without end' "$T/log"
}

@test "smtp attacks: a line without end, headers without end, a 100 KB field: constant memory" {
	[[ -n "${SAN:-}" ]] && skip "the sanitizers need address space of their own"
	place <<<$'[smtp]\nmax_message_size = 200M'
	{
		printf 'EHLO x\nMAIL FROM:<>\nRCPT TO:<alice@example.org>\nDATA\nX: '
		head -c 100000000 /dev/zero | tr '\0' a
		printf '\n.\nQUIT\n'
	} | (ulimit -v 65536 && smtp) | tr -d '\r' | tail -n 2 | head -n 1 | grep '^250 2\.0\.0'
	[ "$(stat -c %s "$T/mail/alice")" -gt 100000000 ]
}

@test "smtp attacks: names in EHLO, addresses and fields make no line of the log or header of their own" {
	place
	printf 'EHLO x)\tX:y(\r\nEHLO a%%0aX:b;<>&(\r\nMAIL FROM:<"a\\"b (x) EVENT=fake"@b.c>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\nSubject: \033[31m\r\n\r\n.\r\nQUIT\r\n' |
		smtp >"$T/out"
	[ -s "$T/mail/alice" ]
	[ "$(grep -c '^Received: from a?0aX:b????? (local' "$T/mail/alice")" = 1 ]
	run ! grep -aq ' EVENT=fake' <(sed 's/"[^"]*"//g' "$T/log")
	run ! grep -aqP '[^\x09\x0a\x20-\x7e]' "$T/log"
	[ "$(grep -c '^From ' "$T/mail/alice")" = 1 ]
}

@test "smtp attacks: a peer that says nothing, or drips, is hung up on" {
	place <<<$'[limits]\ncommand_timeout = 1'
	server smtp-session
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	timeout 10 cat <&5 | tr -d '\r' >"$T/out"
	exec 5>&-
	tail -n 1 "$T/out" | grep -q '^421 4\.4\.2 '
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf "$START" >&5
	timeout 10 cat <&5 | tr -d '\r' >"$T/out"
	exec 5>&-
	tail -n 1 "$T/out" | grep -q '^421 4\.4\.2 '
	[ ! -s "$T/mail/alice" ]
}

@test "smtp attacks: a peer that drips its message slower than the least rate is hung up on" {
	local begun=$SECONDS
	place <<<$'[limits]\ncommand_timeout = 2'
	server smtp-session
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf "$START" >&5
	(trap '' PIPE; for _ in $(seq 60); do printf x >&5 2>/dev/null || break; sleep 0.5; done) 3>&- &
	writer=$!
	timeout 25 cat <&5 | tr -d '\r' >"$T/out"
	exec 5>&-
	kill "$writer" 2>/dev/null || true
	wait "$writer" || true
	tail -n 1 "$T/out" | grep -q '^421 4\.4\.2 '
	[ $((SECONDS - begun)) -lt 20 ]
}

@test "smtp attacks: a peer that never reads its replies is hung up on, on a socket and on a wrapper's pipe" {
	place <<<$'[limits]\ncommand_timeout = 1\njunk_commands = 10000000'
	server smtp-session
	python3 "$BATS_TEST_DIRNAME/smtp_deaf.py" "$PORT"
	grep -q "replies can't be sent" "$T/log"
	: >"$T/log"
	mkfifo "$T/fifo"
	exec 6<>"$T/fifo"
	yes HELP | crlf | REMOTE_ADDR=192.0.2.1 timeout 20 "$BUILD/smtp-session" --config "$CONF" >"$T/fifo" 2>>"$T/log"
	exec 6>&-
	grep -q "replies can't be sent" "$T/log"
}

@test "smtp attacks: behind a wrapper with pipes, too, no variant of the end of data smuggles a message" {
	place
	via_wrapper() { REMOTE_ADDR=192.0.2.1 via_pipe "$1"; }
	never_two wrapper
}

@test "smtp attacks: an agent that is gone, or that hangs, is a 451, and the log says so" {
	local agent
	place <<<$'[limits]\nlock_timeout = 20\nsession_time = 600'
	: >"$T/mail/alice"
	if [ "$(id -u)" = 0 ]; then chown "$OWNER" "$T/mail/alice"; fi
	echo $$ >"$T/mail/alice.lock" # somebody who lives
	{ printf "$START\r\n.\r\n"; sleep 2; printf 'QUIT\r\n'; } | smtp >"$T/out" 3>&- &
	session=$!
	for _ in $(seq 100); do
		if grep -q '^354' "$T/out" && [ "$(pgrep -c -f "spool-agent --config $CONF")" -ge 2 ]; then break; fi
		sleep 0.05
	done
	agent=$(pgrep -o -f "spool-agent --config $CONF") # the monitor; the other one is the user's, and waits
	kill -9 "$agent"
	rm "$T/mail/alice.lock"
	wait "$session"
	grep -q '^451 4\.3\.0 ' "$T/out"
	run ! grep -q '^250 2\.0\.0' "$T/out"
	grep -q 'the spool-agent has gone away' "$T/log"
}

@test "smtp attacks: an agent that hangs holds no session longer than the session's time" {
	local agent
	place <<<$'[limits]\nsession_time = 4'
	mkfifo "$T/fifo"
	smtp <"$T/fifo" >"$T/out" 3>&- &
	session=$!
	exec 6>"$T/fifo"
	for _ in $(seq 100); do if [ -s "$T/out" ]; then break; fi; sleep 0.05; done
	agent=$(pgrep -o -f "spool-agent --config $CONF")
	kill -STOP "$agent"
	printf 'EHLO x\nMAIL FROM:<>\nRCPT TO:<alice@example.org>\n' >&6
	exec 6>&-
	for _ in $(seq 160); do if ! kill -0 "$session" 2>/dev/null; then break; fi; sleep 0.05; done
	kill -KILL "$agent"
	run ! kill -0 "$session"
	grep -q '^451 4\.3\.0 ' "$T/out"
}

@test "smtp attacks: a limit on the size of files is an error like others" {
	[ -z "${SAN:-}" ] || skip "the sanitizers' reports need room"
	place
	{ printf "$START\r\n"; for _ in $(seq 5000); do printf '%078d\r\n' 0; done; printf '.\r\nQUIT\r\n'; } >"$T/in"
	(ulimit -f 100; smtp <"$T/in" | cat >"$T/out")
	grep -q '^452 4\.3\.1 ' "$T/out"
	[ ! -s "$T/mail/alice" ]
}

@test "smtp attacks: over-long lines and repeated recipients are counted, too" {
	place <<<$'[smtp]\nmax_recipients = 100'
	for _ in $(seq 50); do printf 'NOOP %3000s\r\n' x; done | smtp | tr -d '\r' >"$T/out"
	[ "$(grep -c '^500 5\.5\.2' "$T/out")" = 20 ]
	tail -n 1 "$T/out" | grep -q '^421 4\.7\.0 '
	{ printf 'EHLO x\nMAIL FROM:<>\n'; for _ in $(seq 200); do printf 'RCPT TO:<alice@example.org>\n'; done; } | smtp | tr -d '\r' >"$T/out"
	[ "$(grep -c '^250 2\.1\.5' "$T/out")" = 100 ]
	[ "$(grep -c '^452 4\.5\.3' "$T/out")" = 20 ]
	tail -n 1 "$T/out" | grep -q '^421 '
}

@test "smtp attacks: the whole session has an end, however busy the peer" {
	place <<<$'[limits]\nsession_time = 2\njunk_commands = 100000'
	server smtp-session
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	(while printf 'NOOP\r\n' >&5 2>/dev/null; do sleep 0.1; done) 3>&- &
	writer=$!
	timeout 20 cat <&5 | tr -d '\r' >"$T/out"
	exec 5>&-
	kill "$writer" 2>/dev/null || true
	wait "$writer" || true
	tail -n 1 "$T/out" | grep -q '^421 4\.4\.2 '
}
