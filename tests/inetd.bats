#!/usr/bin/env bats
# inetd - xinetd with the files that come with Pillarbox, inetd, tcpserver and s6 with the lines of pillarbox(7), but for
# ports and paths: started by root, all five services work, and privileges are apart. (On a booted host, with nothing
# put in their place: make check-boot.)

load helper
load certs

PEERS=$BUILD/peers
SERVICES='smtp submission submissions pop3 pop3s'

setup() {
	[ "$(id -u)" = 0 ] || skip "started by root only"
	place <<-CONFIG
	[tls]
	certificate = $BATS_TEST_TMPDIR/certs/ecdsa.crt
	key = $BATS_TEST_TMPDIR/certs/ecdsa.key
	[limits]
	listen_idle = 1
	CONFIG
	certs "$BATS_TEST_TMPDIR/certs"
	mkdir "$T/bin"
	for name in smtp-session pop3-session; do
		printf '#!/bin/sh\nexec %s --config %s "$@" 2>>%s\n' "$BUILD/$name" "$CONF" "$T/log" >"$T/bin/$name"
		chmod 755 "$T/bin/$name"
	done
	touch "$T/log"
	chmod 666 "$T/log"
	# port NAME stands in for the well-known one.
	declare -gA PORTS
	for name in $SERVICES; do PORTS[$name]=$(free_port); done
	printf 'Subject: start\n\nhello\n' >"$T/message"
}

teardown() { unplace; }

# in_place: put this place's ports and paths into lines on standard input.
in_place() {
	sed "s,/usr/bin/,$T/bin/,g; s/\b25\b/${PORTS[smtp]}/; s/\b587\b/${PORTS[submission]}/; s/\b465\b/${PORTS[submissions]}/
		s/\b110\b/${PORTS[pop3]}/; s/\b995\b/${PORTS[pop3s]}/"
}

# lines FROM TO PATTERN: those of pillarbox(7) between these two headings.
lines() { sed -n "/^\\.Ss $1/,/^\\.Ss $2/p" "$ROOT/man/pillarbox.7" | grep -E "$3"; }

# greeting NAME: the first line of a service, which begins with TLS or not.
greeting() {
	case $1 in
	*s) timeout 20 openssl s_client -quiet -connect "127.0.0.1:${PORTS[$1]}" </dev/null 2>/dev/null | head -n 1 ;;
	*) timeout 20 bash -c 'exec 5<>"/dev/tcp/127.0.0.1/$0"; head -n 1 <&5' "${PORTS[$1]}" ;;
	esac
}

# The place's processes of this program, but for the shells and whoever listens: those without and with root's rights.
sessions() { pgrep -f "^([^ ]*/)?$1 .*$CONF" | while read -r pid; do [ "$(process_status "$pid" Uid)" = 0 ] || echo "$pid"; done; }
agents() { pgrep -u 0 -f "^([^ ]*/)?spool-agent .*$CONF"; }

check_greeting() { [[ "$(greeting "$1")" == $2* ]]; }

check_services() {
	for name in smtp submission submissions; do eventually check_greeting $name 220; done
	for name in pop3 pop3s; do eventually check_greeting $name +OK; done
	curl -sS --max-time 30 --ssl-reqd --cacert "$BATS_TEST_TMPDIR/certs/ca.pem" --resolve \
		"mail.example.org:${PORTS[smtp]}:127.0.0.1" "smtp://mail.example.org:${PORTS[smtp]}" \
		--mail-from sender@example.net --mail-rcpt alice@example.org --crlf --upload-file "$T/message"
	curl -sS --max-time 30 --cacert "$BATS_TEST_TMPDIR/certs/ca.pem" --resolve \
		"mail.example.org:${PORTS[pop3s]}:127.0.0.1" --user alice:secret "pop3s://mail.example.org:${PORTS[pop3s]}/1" |
		tr -d '\r' | tail -n 3 | cmp - "$T/message"
}

check_privileges() {
	local session agent
	exec 5<>"/dev/tcp/127.0.0.1/${PORTS[pop3]}"
	IFS= read -r -t 20 -u 5 line
	[[ $line == +OK* ]]
	ps -e -o pid,ppid,user,args | grep -E '[p]op3-session|[s]pool-agent'
	session=$(sessions pop3-session)
	agent=$(agents)
	[ "$(wc -w <<<"$session $agent")" -eq 2 ]
	[ "$(process_status "$session" NoNewPrivs)" = 1 ]
	[ "$(process_status "$session" Seccomp)" = 2 ]
	[ "$(process_status "$session" CapPrm)" = 0000000000000000 ]
	[ "$(process_status "$session" CapEff)" = 0000000000000000 ]
	[ -z "$(process_status "$session" Groups)" ]
	[ "$(process_status "$agent" PPid)" = "$session" ]
	exec 5>&-
}

check_xinetd() {
	[ -x "$PEERS/usr/sbin/xinetd" ] || skip "xinetd could not be fetched"
	mkdir "$T/xinetd.d"
	for name in $SERVICES; do
		in_place <"$ROOT/packaging/xinetd/$name" | sed "s/\(disable.*= \)yes/\1no/; s/\(wait.*= \)no/\1$1/" >"$T/xinetd.d/$name"
	done
	echo "includedir $T/xinetd.d" >"$T/xinetd.conf"
	"$PEERS/usr/sbin/xinetd" -dontfork -f "$T/xinetd.conf" -filelog "$T/xinetd.log" -pidfile "$T/xinetd.pid" \
		>/dev/null 2>&1 3>&- &
	PIDS+=($!)
	check_services
	check_privileges
}

@test "xinetd, the files of packaging/xinetd" { check_xinetd no; }
@test "xinetd, the files of packaging/xinetd, with wait = yes" { check_xinetd yes; }

check_inetd() {
	[ -x "$PEERS/usr/sbin/inetd" ] || skip "openbsd-inetd could not be fetched"
	lines inetd xinetd ' stream tcp ' | sed "s/nowait\.10000/$1/; s/^smtp /25 /; s/^submission /587 /; s/^submissions /465 /
		s/^pop3 /110 /; s/^pop3s /995 /" | in_place >"$T/inetd.conf"
	cat "$T/inetd.conf"
	[ "$(wc -l <"$T/inetd.conf")" -eq 5 ]
	"$PEERS/usr/sbin/inetd" -i "$T/inetd.conf" >/dev/null 2>&1 3>&- &
	PIDS+=($!)
	check_services
	check_privileges
}

@test "inetd, the lines of pillarbox(7)" { check_inetd nowait.10000; }
@test "inetd, the lines of pillarbox(7), with wait" { check_inetd wait; }

@test "tcpserver, the lines of pillarbox(7)" {
	local line
	lines tcpserver s6 '^tcpserver ' | in_place >"$T/lines"
	[ "$(wc -l <"$T/lines")" -eq 5 ]
	while read -r line; do
		# shellcheck disable=SC2086 # a line of words
		$line >/dev/null 2>&1 3>&- &
		PIDS+=($!)
	done <"$T/lines"
	check_services
	check_privileges
}

# check_s6 PROGRAM: the run file of pillarbox(7) that has PROGRAM in it.
check_s6() {
	command -v s6-svscan >/dev/null || skip "s6 is not here"
	mkdir -p "$T/service/pop3"
	lines s6 ssh '^(#!|exec)' | tac | sed -n "/exec $1/,/^#!/p" | tac | sed 's/\b25\b/110/; s/smtp-session/pop3-session/' |
		in_place >"$T/service/pop3/run"
	cat "$T/service/pop3/run"
	chmod 755 "$T/service/pop3/run"
	s6-svscan "$T/service" >/dev/null 2>&1 3>&- &
	PIDS+=($!)
	eventually check_greeting pop3 +OK
	check_privileges
	s6-svscanctl -t "$T/service"
	eventually gone "$T/service"
}

gone() { ! pgrep -f "^s6-svscan $1" && ! pgrep -f "^tcpserver .* ${PORTS[pop3]} "; }

@test "s6 with tcpserver, the run file of pillarbox(7)" { check_s6 tcpserver; }

@test "s6 with s6-tcpserver, the run file of pillarbox(7)" {
	command -v s6-tcpserver >/dev/null || skip "s6-networking is not here (Debian has no such package)"
	check_s6 s6-tcpserver
}
