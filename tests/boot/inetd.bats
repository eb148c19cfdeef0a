#!/usr/bin/env bats
# inetd - the same host without systemd's sockets: xinetd with the files that come with the package, inetd, tcpserver
# and s6 with the lines of pillarbox(7). Who is who, with an agent that listens and without.

load boot

setup_file() { boot_prepare; }

setup() {
	T=$BATS_TEST_TMPDIR
	configure </dev/null
	stop_all
	PIDS=()
}

teardown() {
	[ ${#PIDS[@]} -eq 0 ] || kill "${PIDS[@]}" 2>/dev/null || true
	pkill -f "$PROCESSES" || true
	eventually 20 closed 25
	eventually 20 closed 995
}

open() { [ -n "$(ss -ltnH "sport = :$1")" ]; }
closed() { ! open "$1"; }

# lines FROM TO PATTERN: those of pillarbox(7) between these two headings.
lines() { sed -n "/^\\.Ss $1/,/^\\.Ss $2/p" "$TOP/man/pillarbox.7" | grep -E "$3"; }

status_of() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

# check_who: with a connection open, the session is pillarbox, jailed; and its agent another process, of root's.
check_who() {
	local session agent
	dial 110
	hear
	[[ $HEARD == +OK* ]]
	ps -e -o pid,ppid,user,args | grep -E '[p]op3-session|[s]pool-agent|[s]mtp-session'
	session=$(pgrep -u pillarbox -f '^([^ ]*/)?pop3-session')
	[ "$(status_of "$session" Uid)" = "$(id -u pillarbox)" ]
	[ "$(status_of "$session" CapPrm)" = 0000000000000000 ]
	[ "$(status_of "$session" NoNewPrivs)" = 1 ]
	[ "$(status_of "$session" Seccomp)" = 2 ]
	[ -z "$(status_of "$session" Groups)" ]
	agent=$(pgrep -u root -f '^([^ ]*/)?spool-agent')
	[ -n "$agent" ]
	# Started by the session, or by systemd.
	if [ "$1" = own ]; then
		[ "$(status_of "$agent" PPid)" = "$session" ]
	else
		[ "$(systemctl is-active pillarbox-agent.service)" = active ]
		run ! pgrep -P "$session"
	fi
	hang_up
	[ "$1" != own ] || eventually 10 nobody_serves
}

# But for one that listens, as root.
nobody_serves() { ! pgrep -u pillarbox -f "$PROCESSES" >/dev/null; }

# check_all: everything that mail.bats looks at in short: by STARTTLS in, by POP3S out, submission on both ports.
check_all() {
	eventually 20 open 995
	alive "$1"
	empty alice
	swaks --server "$HOST" --port 587 --local-interface "$(from "$1")" --tls --auth PLAIN --auth-user bob \
		--auth-password 'secret of bob' --from bob@example.org --to alice@example.org --silent 2
	swaks --server "$HOST" --port 465 --local-interface "$(from "$1")" --tls-on-connect --auth PLAIN --auth-user bob \
		--auth-password 'secret of bob' --from bob@example.org --to alice@example.org --silent 2
	[ "$(grep -c '^From ' /var/mail/alice)" -eq 2 ]
	grep -qF "[198.51.100.$1]" /var/mail/alice
	# Not a word of the log's in what the peer gets.
	run ! grep -q EVENT= <(curl -sS --max-time 30 "smtp://127.0.0.1" 2>&1)
}

start_xinetd() {
	rm -rf "$T/xinetd.d"
	mkdir "$T/xinetd.d"
	for name in $SERVICES; do
		sed "s/\(disable.*= \)yes/\1no/; s/\(wait.*= \)no/\1$1/" "/usr/share/doc/pillarbox/xinetd/$name" >"$T/xinetd.d/$name"
	done
	printf 'includedir %s\n' "$T/xinetd.d" >"$T/xinetd.conf"
	"$PEERS/usr/sbin/xinetd" -dontfork -f "$T/xinetd.conf" -filelog "$T/xinetd.log" -pidfile "$T/xinetd.pid" \
		>/dev/null 2>&1 3>&- &
	PIDS+=($!)
}

check_xinetd() {
	[ -x "$PEERS/usr/sbin/xinetd" ] || skip "xinetd could not be fetched"
	start_xinetd "$1"
	check_all 110
	check_who own
	systemctl start pillarbox-agent.socket
	check_all 111
	check_who systemd
}

@test "xinetd, the package's files, switched on" { check_xinetd no; }
@test "xinetd, the package's files, switched on, with wait = yes" { check_xinetd yes; }

@test "xinetd limits what one source has" {
	[ -x "$PEERS/usr/sbin/xinetd" ] || skip "xinetd could not be fetched"
	start_xinetd no
	eventually 20 open 995
	run -0 python3 - <<-'CODE'
	import socket
	held, greeted = [], 0
	for i in range(25):
	    s = socket.create_connection(("192.0.2.25", 25), 30, ("198.51.100.112", 0))
	    try:
	        greeted += s.recv(512).startswith(b"220")
	    except OSError:
	        pass
	    held.append(s)
	print(greeted)
	CODE
	echo "$output"
	[ "$output" = 20 ]
}

check_inetd() {
	[ -x "$PEERS/usr/sbin/inetd" ] || skip "openbsd-inetd could not be fetched"
	lines inetd xinetd ' stream tcp ' | sed "s/nowait.10000/$1/" >"$T/inetd.conf"
	cat "$T/inetd.conf"
	[ "$(wc -l <"$T/inetd.conf")" -eq 5 ]
	# The names are those of /etc/services.
	"$PEERS/usr/sbin/inetd" -i "$T/inetd.conf" >/dev/null 2>&1 3>&- &
	PIDS+=($!)
	check_all 113
	check_who own
	systemctl start pillarbox-agent.socket
	check_all 114
	check_who systemd
}

@test "inetd, the lines of pillarbox(7)" { check_inetd nowait.10000; }
@test "inetd, the lines of pillarbox(7), with wait" { check_inetd wait; }

@test "tcpserver, the lines of pillarbox(7)" {
	local line
	lines tcpserver s6 '^tcpserver ' >"$T/lines"
	[ "$(wc -l <"$T/lines")" -eq 5 ]
	while read -r line; do
		# shellcheck disable=SC2086 # a line of words
		$line >/dev/null 2>>"$T/log" 3>&- &
		PIDS+=($!)
	done <"$T/lines"
	check_all 115
	check_who own
	systemctl start pillarbox-agent.socket
	check_all 116
	check_who systemd
	# tcpserver keeps standard error: the log is there.
	grep -q EVENT=accepted "$T/log"
}

# The run file of pillarbox(7) that has this word in it.
run_file() { lines s6 ssh '^(#!|exec)' | tac | sed -n "/exec $1/,/^#!/p" | tac; }

check_s6() {
	mkdir -p "$T/service/smtp"
	run_file "$1" >"$T/service/smtp/run"
	cat "$T/service/smtp/run"
	chmod 755 "$T/service/smtp/run"
	s6-svscan "$T/service" >"$T/log" 2>&1 3>&- &
	PIDS+=($!)
	eventually 20 open 25
	message "$T/message" s6
	empty alice
	send_curl 117 alice "$T/message"
	[ "$(count_messages alice s6)" -eq 1 ]
	grep -q EVENT=accepted "$T/log"
	s6-svscanctl -t "$T/service"
}

@test "s6 with tcpserver, the run file of pillarbox(7)" {
	command -v s6-svscan >/dev/null || skip "s6 is not here"
	check_s6 tcpserver
}

@test "s6 with s6-tcpserver, the run file of pillarbox(7)" {
	command -v s6-tcpserver >/dev/null || skip "s6-networking is not here (Debian has no such package)"
	check_s6 s6-tcpserver
}
