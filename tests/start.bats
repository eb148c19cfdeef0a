#!/usr/bin/env bats
# start - every way in which a session can be started, with a message in and out, and the peer's address
# right in each.

load helper

PEERS=$BUILD/peers

setup() {
	place <<-CONFIG
	[limits]
	listen_idle = 1
	per_source = 2
	CONFIG
	printf 'Subject: start\n\nhello\n.\nFrom here\n' >"$T/message"
}

teardown() { unplace; }

# logging PROGRAM: a script that starts PROGRAM with its log in $T/log, for super-servers that make standard
# error a socket, where the log would go to syslog.
logging() {
	printf '#!/bin/sh\nexec %s --config %s 2>>%s\n' "$BUILD/$1" "$CONF" "$T/log" >"$T/$1"
	chmod 755 "$T/$1"
	touch "$T/log"
	chmod 666 "$T/log"
}

# Send $T/message to alice through port $1.
send() {
	curl -sS --max-time 30 "smtp://127.0.0.1:$1" --mail-from sender@example.net --mail-rcpt alice@example.org \
		--crlf --upload-file "$T/message"
}

# Fetch alice's first message through port $1 into $T/fetched.
fetch() {
	curl -sS --max-time 30 --user alice:secret "pop3://127.0.0.1:$1/1" | tr -d '\r' >"$T/fetched"
}

# The message that was fetched is the one that was sent, behind the trace fields; and $1 is the peer in them.
check_fetched() {
	tail -n "$(wc -l <"$T/message")" "$T/fetched" | cmp - "$T/message"
	sed '/^$/q' "$T/fetched" | grep -A 3 '^Received: from' | grep -qF "[$1]"
}

# A message in at port $1 and out at port $2; 127.0.0.1 is the peer in the trace and in each session's log.
check_both() {
	send "$1"
	fetch "$2"
	check_fetched 127.0.0.1
	grep 'pop3-session.*EVENT=connect' "$T/log" | grep -qF 'REMOTE_ADDR=127.0.0.1'
}

# Both programs under systemd-socket-activate with these options.
check_activated() {
	local smtp_port
	server smtp-session "$@"
	smtp_port=$PORT
	server pop3-session "$@"
	check_both "$smtp_port" "$PORT"
	grep 'smtp-session.*EVENT=connect' "$T/log" | grep -qF 'REMOTE_ADDR=127.0.0.1'
}

# Nothing of Pillarbox runs for this place.
no_sessions() { ! pgrep -f "^([^ ]*/)?(smtp-session|pop3-session|spool-agent) .*$CONF"; }

# connect PORT: a connection as fd 5 that stays open; its first line is $GREETING.
connect() {
	exec 5<>"/dev/tcp/127.0.0.1/$1"
	IFS= read -r -t 10 -u 5 GREETING
}

# $T/message is in what a session with RETR has said.
check_retrieved() {
	tr -d '\r' <"$1" | sed -n '/^Subject: start/,/^\.$/p' | sed '$d; s/^\.\././' | cmp - "$T/message"
}

@test "a pipe" {
	deliver alice "$T/message"
	printf 'USER alice\r\nPASS secret\r\nRETR 1\r\nQUIT\r\n' | pop3 >"$T/out"
	check_retrieved "$T/out"
}

@test "a file, with LF alone" {
	{
		printf '%s\n' 'EHLO x' 'MAIL FROM:<a@b.c>' 'RCPT TO:<alice@example.org>' DATA
		sed 's/^\./../' "$T/message"
		printf '%s\n' . QUIT
	} >"$T/dialogue"
	smtp <"$T/dialogue" >"$T/replies"
	grep -q '^250 2\.0\.0' "$T/replies"
	printf 'USER alice\nPASS secret\nRETR 1\nQUIT\n' >"$T/dialogue"
	pop3 <"$T/dialogue" >"$T/out"
	check_retrieved "$T/out"
}

@test "into a file, and the log is none" {
	deliver alice "$T/message"
	printf 'USER alice\nPASS secret\nRETR 1\nQUIT\n' |
		"$BUILD/pop3-session" --config "$CONF" >"$T/out" 2>/dev/null
	check_retrieved "$T/out"
}

@test "an ordinary user's pipe, without any set-up: README's own lines" {
	local as=() user
	user=$(id -un)
	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --reuid nobody --regid nogroup --clear-groups --)
		user=nobody
	elif [ "$(id -u)" -lt 1000 ]; then
		skip "a system user isn't an ordinary one"
	fi
	# The clone may be where only root can go.
	mkdir "$T/bin" "$T/xdg"
	cp "$BUILD/smtp-session" "$BUILD/pop3-session" "$BUILD/spool-agent" "$T/bin"
	[ "$user" != nobody ] || chown nobody "$T/xdg"
	cd "$T"
	sed -n 's/^    \(printf .*\)/\1/p' "$ROOT/README.md" | sed "s,build/,$T/bin/," >"$T/lines"
	[ "$(wc -l <"$T/lines")" -eq 2 ]
	run --separate-stderr env XDG_STATE_HOME="$T/xdg" USER="$user" "${as[@]}" sh "$T/lines"
	echo "$output" "$stderr"
	[ "$status" -eq 0 ]
	[[ "$output" == *"250 2.0.0"* ]]
	[[ "$output" == *"+OK"*"Subject: hi"*"hello"* ]]
}

@test "systemd-socket-activate --inetd -a: the connection is fd 0" { check_activated --inetd -a; }

@test "systemd-socket-activate -a: the connection is passed" { check_activated -a; }

@test "systemd-socket-activate: a listening socket is passed" { check_activated; }

@test "nothing runs when nobody is connected" {
	server smtp-session --inetd -a
	send "$PORT"
	eventually no_sessions
}

@test "a listening session serves one after the other, and exits when idle" {
	server smtp-session
	local listener=${PIDS[0]}
	send "$PORT"
	send "$PORT"
	[ "$(readlink "/proc/$listener/exe")" != "$(command -v systemd-socket-activate)" ]
	wait "$listener"
	eventually no_sessions
	[ "$(grep -c '^From ' "$T/mail/alice")" -eq 2 ]
}

@test "a listening session stays while somebody is connected" {
	server pop3-session
	connect "$PORT"
	sleep 2.5
	printf 'USER alice\r\nPASS secret\r\nQUIT\r\n' >&5
	[[ "$(cat <&5)" == *"+OK"*"+OK"*"+OK"* ]]
	wait "${PIDS[0]}"
}

@test "a listening session turns away the third from one address" {
	local program expected
	for program in smtp-session pop3-session; do
		expected='421 '
		[ $program = smtp-session ] || expected='-ERR '
		server $program
		exec 6<>"/dev/tcp/127.0.0.1/$PORT" 7<>"/dev/tcp/127.0.0.1/$PORT"
		IFS= read -r -t 10 -u 6 GREETING
		IFS= read -r -t 10 -u 7 GREETING
		connect "$PORT"
		[[ "$GREETING" == "$expected"* ]]
		# One leaves, and there is room again.
		printf 'QUIT\r\n' >&6
		cat <&6 >/dev/null
		exec 5>&- 6>&-
		eventually has_room "$PORT" "$expected"
		exec 5>&- 7>&-
		grep -q "$program.*EVENT=limit REMOTE_ADDR=127\.0\.0\.1" "$T/log"
	done
}

has_room() {
	connect "$1"
	[[ "$GREETING" != "$2"* ]]
}

@test "a listening session serves each of the sockets that it is passed" {
	local other
	other=$(free_port)
	server smtp-session -l "127.0.0.1:$other"
	send "$PORT"
	send "$other"
	[ "$(grep -c '^Subject: start$' "$T/mail/alice")" = 2 ]
}

# knock COUNT: so many connections to $PORT, one after the other.
knock() {
	python3 -c '
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30) as s:
        s.recv(512)' "$PORT" "$1"
}

@test "a flood of connections is told in two lines, though nobody else comes; what is left when the listener has to end" {
	local limit='pop3-session.*EVENT=limit REMOTE_ADDR=127\.0\.0\.1 STATUS=4\.7\.0 REASON="too many connections at once'
	server pop3-session
	exec 6<>"/dev/tcp/127.0.0.1/$PORT" 7<>"/dev/tcp/127.0.0.1/$PORT"
	IFS= read -r -t 10 -u 6 GREETING
	IFS= read -r -t 10 -u 7 GREETING
	knock 1
	eventually grep -q "$limit\"$" "$T/log"
	knock 300
	[ "$(grep -c EVENT=limit "$T/log")" -eq 1 ]
	sleep 5
	eventually grep -q "$limit; 300 more refused since this was last said\"$" "$T/log"
	knock 7
	kill "${PIDS[0]}"
	wait "${PIDS[0]}"
	grep -q "$limit; 7 more refused since this was last said\"$" "$T/log"
	[ "$(grep -c EVENT=limit "$T/log")" -eq 3 ]
	# Those who were served still are.
	printf 'QUIT\r\n' >&6
	grep -q '^+OK' <&6
	exec 6>&- 7>&-
}

# listening_in PID: how many listening TCP sockets of IPv4 that process has.
listening_in() {
	find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' | sort >"$T/held"
	awk '$4 == "0A" { print $10 }' /proc/net/tcp | sort | comm -12 - "$T/held" | wc -l
}

@test "a listening session serves twenty sockets, the last one, too, and its children have none of them" {
	local flags=() child port
	for port in $(python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(19)]
print(*(s.getsockname()[1] for s in held))'); do
		flags+=(-l "127.0.0.1:$port")
	done
	server smtp-session "${flags[@]}"
	connect "$port"
	[[ "$GREETING" == "220 "* ]]
	[ "$(listening_in "${PIDS[0]}")" -eq 20 ]
	child=$(pgrep -P "${PIDS[0]}")
	[ "$(listening_in "$child")" -eq 0 ]
	exec 5>&-
}

@test "a wrong configuration is told to whoever connects, however the connection came" {
	local program flags
	echo 'nonsense' >>"$CONF"
	for program in smtp-session pop3-session; do
		for flags in "--inetd -a" "-a" ""; do
			# shellcheck disable=SC2086
			server $program $flags
			connect "$PORT"
			[[ "$GREETING" =~ ^(421\ |-ERR\ ) ]]
			exec 5>&-
		done
	done
	grep -q "$CONF:[0-9]*: " "$T/log"
}

@test "the log tells how a session ended that could not begin" {
	local program
	# A socket of another type than the agent's.
	python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); sys.stdin.read()' \
		"$T/agent" < <(sleep 60) &
	PIDS+=($!)
	eventually [ -S "$T/agent" ]
	for program in smtp-session pop3-session; do
		: >"$T/log"
		run -75 sh -c 'exec "$0" --config "$1" 2>>"$2" </dev/null' "$BUILD/$program" "$CONF" "$T/log"
		cat "$T/log"
		[ "$(sed 's/.* EVENT=\([a-z-]*\).*/\1/' "$T/log" | paste -sd' ')" = "connect unavailable disconnect" ]
	done
}

@test "an IPv6 peer" {
	[ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip "this host has no IPv6"
	PORT=$(free_port)
	systemd-socket-activate -E ASAN_OPTIONS -l "[::1]:$PORT" --inetd -a "$BUILD/smtp-session" --config "$CONF" \
		2>>"$T/log" 3>&- &
	PIDS+=($!)
	eventually grep -q "$(printf ':%04X' "$PORT")" /proc/net/tcp6
	curl -sS --max-time 30 "smtp://[::1]:$PORT" --mail-from s@example.net --mail-rcpt alice@example.org \
		--crlf --upload-file "$T/message"
	grep -q '\[IPv6:::1\]' "$T/mail/alice"
	grep -q 'EVENT=connect.*REMOTE_ADDR=::1' "$T/log"
}

@test "behind a wrapper: the address is in the environment" {
	export REMOTE_ADDR=192.0.2.7
	deliver alice "$T/message"
	grep -qF '[192.0.2.7]' "$T/mail/alice"
	unset REMOTE_ADDR
	TCPREMOTEIP=2001:db8::7 deliver bob "$T/message"
	grep -qF '[IPv6:2001:db8::7]' "$T/mail/bob"
}

# on_pair: a POP3 session on one end of a pair of Unix sockets, as socat and stunnel start it; what it says to CAPA and
# a log-in.
on_pair() {
	python3 -c '
import socket, subprocess, sys
ours, theirs = socket.socketpair()
session = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall(b"CAPA\r\nUSER alice\r\nPASS secret\r\nQUIT\r\n")
while data := ours.recv(4096):
    sys.stdout.buffer.write(data)
sys.exit(session.wait())' "$BUILD/pop3-session" --config "$CONF" 2>>"$T/log" | tr -d '\r' >"$T/replies"
}

@test "behind a wrapper that makes a pair of Unix sockets: its peer is the one in the environment, and a distant one" {
	on_pair
	grep -q '^+OK maildrop has' "$T/replies"
	local variable
	for variable in SOCAT_PEERADDR=192.0.2.7 REMOTE_HOST=192.0.2.7 REMOTE_HOST=host.example PROTO=TCP REMOTE_ADDR=; do
		: >"$T/log"
		(
			export "${variable?}"
			on_pair
		)
		echo "$variable: $(<"$T/replies") $(<"$T/log")"
		run ! grep -E '^USER$|maildrop has' "$T/replies"
		grep -qF -- '-ERR [AUTH]' "$T/replies"
		case $variable in
		*=192.0.2.7) grep -q 'EVENT=connect .*REMOTE_ADDR=192\.0\.2\.7$' "$T/log" ;;
		*) grep -q 'EVENT=connect .*REMOTE_ADDR=unknown$' "$T/log" ;;
		esac
	done
}

# through_unix_socket [systemd-socket-activate flags]: what a POP3 session there says to a log-in.
through_unix_socket() {
	rm -f "$T/socket"
	systemd-socket-activate -E ASAN_OPTIONS -l "$T/socket" "$@" "$BUILD/pop3-session" --config "$CONF" \
		>/dev/null 2>>"$T/log" 3>&- &
	PIDS+=($!)
	eventually test -S "$T/socket"
	python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1])
    s.sendall(b"USER alice\r\nPASS secret\r\nQUIT\r\n")
    while data := s.recv(4096):
        sys.stdout.buffer.write(data)' "$T/socket" | tr -d '\r' >"$T/replies"
}

@test "a Unix socket that systemd has is local, also where it tells the client's name" {
	local name
	through_unix_socket
	grep -q '^+OK maildrop has' "$T/replies"
	for name in /run/client @client; do
		through_unix_socket --inetd -a -E "REMOTE_ADDR=$name"
		grep -q '^+OK maildrop has' "$T/replies"
	done
	[ "$(grep -c 'EVENT=connect .*REMOTE_ADDR=local$' "$T/log")" -eq 3 ]
	# No network address there: something is in between.
	through_unix_socket --inetd -a -E REMOTE_ADDR=192.0.2.7
	grep -qF -- '-ERR [AUTH]' "$T/replies"
}

@test "the environment's address is not believed on a network's socket" {
	server smtp-session --inetd -a -E REMOTE_ADDR=192.0.2.7 -E TCPREMOTEIP=192.0.2.7
	send "$PORT"
	grep -qF '[127.0.0.1]' "$T/mail/alice"
	run ! grep -F 192.0.2.7 "$T/mail/alice" "$T/log"
}

# start_xinetd WAIT PORT PORT
start_xinetd() {
	local name port=$2 wait=$1
	printf 'defaults\n{\n\tlog_type = FILE %s\n}\n' "$T/xinetd.log" >"$T/xinetd.conf"
	for name in smtp-session pop3-session; do
		logging $name
		cat >>"$T/xinetd.conf" <<-CONFIG
		service $name
		{
		    type = UNLISTED
		    port = $port
		    bind = 127.0.0.1
		    socket_type = stream
		    protocol = tcp
		    wait = $wait
		    user = $(id -un)
		    server = $T/$name
		}
		CONFIG
		port=$3
	done
	"$PEERS/usr/sbin/xinetd" -dontfork -f "$T/xinetd.conf" -filelog "$T/xinetd.log" -pidfile "$T/xinetd.pid" \
		>/dev/null 2>&1 3>&- &
	PIDS+=($!)
	wait_for_port "$2"
	wait_for_port "$3"
}

check_xinetd() {
	[ -x "$PEERS/usr/sbin/xinetd" ] || skip "xinetd could not be fetched"
	local smtp_port pop3_port
	smtp_port=$(free_port) pop3_port=$(free_port)
	start_xinetd "$1" "$smtp_port" "$pop3_port"
	check_both "$smtp_port" "$pop3_port"
}

@test "xinetd, wait = no" { check_xinetd no; }

@test "xinetd, wait = yes" { check_xinetd yes; }

# smtp-session by itself, pop3-session through the script that keeps its log.
check_inetd() {
	[ -x "$PEERS/usr/sbin/inetd" ] || skip "openbsd-inetd could not be fetched"
	local smtp_port pop3_port user
	smtp_port=$(free_port) pop3_port=$(free_port) user=$(id -un)
	logging pop3-session
	cat >"$T/inetd.conf" <<-CONFIG
	127.0.0.1:$smtp_port stream tcp4 $1 $user $BUILD/smtp-session smtp-session --config $CONF
	127.0.0.1:$pop3_port stream tcp4 $1 $user $T/pop3-session pop3-session
	CONFIG
	"$PEERS/usr/sbin/inetd" -i "$T/inetd.conf" >/dev/null 2>&1 3>&- &
	PIDS+=($!)
	wait_for_port "$smtp_port"
	wait_for_port "$pop3_port"
	check_both "$smtp_port" "$pop3_port"
	# And once more: with "wait", after the first listener has gone.
	eventually no_sessions
	send "$smtp_port"
	[ "$(grep -c '^From ' "$T/mail/alice")" -eq 2 ]
}

@test "inetd, nowait" { check_inetd nowait; }

@test "inetd, wait" { check_inetd wait; }

@test "tcpserver" {
	local name ports=()
	for name in smtp-session pop3-session; do
		PORT=$(free_port)
		ports+=("$PORT")
		tcpserver -H -R -l 0 127.0.0.1 "$PORT" "$BUILD/$name" --config "$CONF" >/dev/null 2>>"$T/log" 3>&- &
		PIDS+=($!)
		wait_for_port "$PORT"
	done
	check_both "${ports[@]}"
}

@test "fetchmail, with pop3-session on a pipe as ssh would start it" {
	[ -x "$PEERS/usr/bin/fetchmail" ] || skip "fetchmail could not be fetched"
	local name=nobody
	deliver alice "$T/message"
	[ "$(id -u)" = 0 ] || name=$(id -un)
	printf '#!/bin/sh\ncat | %s --config %s 2>>%s | cat\n' "$BUILD/pop3-session" "$CONF" "$T/log" >"$T/remote"
	printf '#!/bin/sh\ncat >%s\n' "$T/fetched" >"$T/mda"
	chmod 755 "$T/remote" "$T/mda"
	cat >"$T/fetchmailrc" <<-CONFIG
	poll localhost protocol POP3 no dns
	    plugin "$T/remote"
	    user alice password secret is $name here
	    mda "$T/mda" fetchall
	CONFIG
	chmod 600 "$T/fetchmailrc"
	HOME=$T FETCHMAILHOME=$T "$PEERS/usr/bin/fetchmail" --nosyslog --sslproto '' --pidfile "$T/fetchmail.pid" \
		-f "$T/fetchmailrc" >"$T/fetchmail.log" 2>&1 || { cat "$T/fetchmail.log"; false; }
	tail -n 4 "$T/fetched" | cmp - <(tail -n 4 "$T/message")
	# It asked for the message to be removed, and ended with QUIT.
	[ ! -s "$T/mail/alice" ]
}

# serve_agent: a spool-agent on the place's agent socket.
serve_agent() {
	systemd-socket-activate -E ASAN_OPTIONS --seqpacket -l "$T/agent" "$BUILD/spool-agent" --config "$CONF" \
		>/dev/null 2>>"$T/log" 3>&- &
	PIDS+=($!)
	AGENT=$!
	eventually test -S "$T/agent"
}

@test "an agent that listens is used, and exits when idle" {
	serve_agent
	server pop3-session --inetd -a
	connect "$PORT"
	local session
	session=$(pgrep -of "^$BUILD/pop3-session --config $CONF")
	# The session has no agent of its own; the one that listens has turned into a spool-agent.
	run ! pgrep -P "$session"
	[ "$(readlink "/proc/$AGENT/exe")" = "$(readlink -f "$BUILD/spool-agent")" ]
	exec 5>&-
	deliver alice "$T/message"
	fetch "$PORT"
	tail -n "$(wc -l <"$T/message")" "$T/fetched" | cmp - "$T/message"
	wait "$AGENT"
}

@test "an agent that listens has no process for a session that asks nothing, and loses none when it is told to end" {
	serve_agent
	server pop3-session --inetd -a
	connect "$PORT"
	eventually is_running "$AGENT" "$BUILD/spool-agent"
	run ! pgrep -P "$AGENT"
	kill "$AGENT"
	wait "$AGENT"
	printf 'USER alice\r\nPASS secret\r\nSTAT\r\nQUIT\r\n' >&5
	grep -q '^+OK 0 0' <&5
	exec 5>&-
}

@test "an agent that listens goes when all have hung up without a word" {
	serve_agent
	server pop3-session --inetd -a
	for _ in 1 2 3; do
		connect "$PORT"
		exec 5>&-
	done
	wait "$AGENT"
	run ! grep -E 'EVENT=(refused|note)' "$T/log"
}

# is_running PID PROGRAM: that process runs this very file.
is_running() { [ "$(readlink "/proc/$1/exe")" = "$(readlink -f "$2")" ]; }

@test "without an agent that listens, a session starts its own" {
	server pop3-session --inetd -a
	connect "$PORT"
	local session agent
	session=$(pgrep -of "^$BUILD/pop3-session --config $CONF")
	agent=$(pgrep -P "$session")
	# It has the agent's name at once, and becomes the agent with the first request.
	eventually grep -qa '^spool-agent' "/proc/$agent/cmdline"
	printf 'USER alice\r\nPASS wrong\r\n' >&5
	eventually is_running "$agent" "$BUILD/spool-agent"
	exec 5>&-
	eventually no_sessions
}

@test "a socket file that nobody listens on is no agent" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind(sys.argv[1])' "$T/agent"
	deliver alice "$T/message"
}

@test "the session has no rights, and its agent is another process" {
	[ "$(id -u)" = 0 ] || skip "started by root only"
	local program session agent
	for program in smtp-session pop3-session; do
		server $program --inetd -a
		connect "$PORT"
		session=$(pgrep -of "^$BUILD/$program --config $CONF")
		agent=$(pgrep -P "$session")
		[ "$(process_status "$session" Uid)" -ne 0 ]
		[ "$(process_status "$session" Gid)" -ne 0 ]
		[ -z "$(process_status "$session" Groups)" ]
		[ "$(process_status "$session" NoNewPrivs)" -eq 1 ]
		[ "$(process_status "$session" CapEff)" = 0000000000000000 ]
		[ "$(process_status "$session" CapPrm)" = 0000000000000000 ]
		[ "$agent" -ne "$session" ]
		[ "$(process_status "$agent" Uid)" -eq 0 ]
		exec 5>&-
	done
}

@test "a session that starts without rights works with an agent that listens, and not without" {
	[ "$(id -u)" = 0 ] || skip "it takes root to have an agent with more rights than the session"
	local as=(setpriv --reuid nobody --regid nogroup --clear-groups --) program
	mkdir "$T/bin"
	cp "$BUILD/smtp-session" "$BUILD/pop3-session" "$BUILD/spool-agent" "$T/bin"
	sed -i 's/^\[server\]$/&\nuser = nobody/' "$CONF"
	for program in smtp pop3; do
		printf '#!/bin/sh\nexec %s %s/bin/%s-session --config %s\n' "${as[*]}" "$T" $program "$CONF" >"$T/$program"
		chmod 755 "$T/$program"
	done
	printf '%s\n' 'EHLO x' 'MAIL FROM:<a@b.c>' 'RCPT TO:<alice@example.org>' DATA "$(<"$T/message")" . QUIT >"$T/in"
	run ! grep -q '^250 2\.0\.0' <("$T/smtp" <"$T/in" 2>>"$T/log")
	serve_agent
	chown nobody "$T/agent"
	"$T/smtp" <"$T/in" 2>>"$T/log" | grep -q '^250 2\.0\.0'
	# Delivered as the mailboxes' owner, which the session never was.
	[ "$(stat -c %U "$T/mail/alice")" = "$OWNER" ]
	printf '%s\n' 'USER alice' 'PASS secret' 'RETR 1' QUIT | "$T/pop3" 2>>"$T/log" | grep -q '^hello'
}

@test "an agent that listens turns others away" {
	[ "$(id -u)" = 0 ] || skip "it takes root to be somebody else"
	serve_agent
	chmod 666 "$T/agent"
	# Connected, and closed without a word as soon as it says one.
	run setpriv --reuid daemon --regid daemon --clear-groups -- timeout 10 perl -MSocket -e '
		socket(S, AF_UNIX, SOCK_SEQPACKET, 0) && connect(S, sockaddr_un($ARGV[0])) or die "$!";
		syswrite(S, "x"); print "read ", sysread(S, my $reply, 65536) // 0, "\n"' "$T/agent"
	echo "$output"
	[ "$output" = "read 0" ]
	eventually grep -q 'EVENT=refused' "$T/log"
}

@test "a session gives away what it doesn't need, whoever started it" {
	server smtp-session --inetd -a
	connect "$PORT"
	local session
	session=$(pgrep -of "^$BUILD/smtp-session --config $CONF")
	[ "$(process_status "$session" NoNewPrivs)" -eq 1 ]
	awk '/^Max core file size/ { if ($5 != 0) exit 1 } /^Max processes/ { if ($3 != 0) exit 1 }' \
		"/proc/$session/limits"
	exec 5>&-
}

@test "a session whose standard files are closed ends at once, and its log is not lost in a file that took their place" {
	local program
	for program in smtp-session pop3-session spool-agent; do
		run bash -c 'timeout 10 "$0" --config "$1" <&- >&- 2>&-' "$BUILD/$program" "$CONF"
		[ "$status" -ne 124 ]
	done
}
