#!/usr/bin/env bats
# mail - in from outside by STARTTLS, out by POP3S, with the clients that people use, in both ways of being started;
# who may log in; what the journal tells; and that nothing stays behind.

load boot

setup_file() { boot_prepare; }

setup() { T=$BATS_TEST_TMPDIR; }

# begin yes|no
begin() {
	configure </dev/null
	accept "$1"
	empty alice
	message "$T/message" "$1-$RANDOM"
	mark_log
}

check_starttls_and_pop3s() {
	begin "$1"
	send_curl 10 alice "$T/message"
	fetch_curl 11 alice "$T/got"
	check_same "$T/message" "$T/got"
	# It came from outside, and through TLS: both are in the trace.
	sed '/^$/q' "$T/got" | grep -A 3 '^Received: from' >"$T/trace"
	cat "$T/trace"
	grep -qF '[198.51.100.10]' "$T/trace"
	grep -qE 'with ESMTPS' "$T/trace"
}

@test "in by STARTTLS and out by POP3S, from outside: Accept=yes" { check_starttls_and_pop3s yes; }
@test "in by STARTTLS and out by POP3S, from outside: Accept=no" { check_starttls_and_pop3s no; }

check_senders() {
	begin "$1"
	# Port 25, whoever sends.
	swaks --server "$HOST" --local-interface "$(from 12)" --tls --tls-verify --tls-ca-path "$CA" --from a@example.net \
		--to alice@example.org --header 'Subject: swaks' --body body --silent 2
	# Submission, on both ports, by those who log in and by nobody else.
	swaks --server "$HOST" --port 587 --local-interface "$(from 12)" --tls --auth PLAIN --auth-user bob \
		--auth-password 'secret of bob' --from bob@example.org --to alice@example.org --header 'Subject: submitted' \
		--silent 2
	run ! swaks --server "$HOST" --port 587 --local-interface "$(from 12)" --tls --from bob@example.org \
		--to alice@example.org --silent 2
	run ! swaks --server "$HOST" --port 587 --local-interface "$(from 12)" --auth PLAIN --auth-user bob \
		--auth-password 'secret of bob' --from bob@example.org --to alice@example.org --silent 2
	printf 'Subject: msmtp\n\nmsmtp\n' | msmtp --host="$HOST" --port=465 --tls=on --tls-starttls=off \
		--tls-trust-file="$CA" --auth=plain --user=bob --passwordeval="echo 'secret of bob'" --from=bob@example.org \
		--source-ip="$(from 12)" alice@example.org
	printf 'Subject: msmtp587\n\nmsmtp\n' | msmtp --host="$HOST" --port=587 --tls=on --tls-trust-file="$CA" --auth=login \
		--user=bob --passwordeval="echo 'secret of bob'" --from=bob@example.org alice@example.org
	[ "$(grep -c '^Subject: \(swaks\|submitted\|msmtp\|msmtp587\)$' /var/mail/alice)" -eq 4 ]
	grep -q 'with ESMTPSA' /var/mail/alice
}

@test "clients that send: Accept=yes" { check_senders yes; }
@test "clients that send: Accept=no" { check_senders no; }

check_fetchers() {
	local user='secret of alice'
	begin "$1"
	send_curl 13 alice "$T/message"
	send_curl 13 alice "$T/message"
	mkdir -p "$T/box"
	printf '#!/bin/sh\ncat >>%s/out\n' "$T" >"$T/mda"
	chmod 755 "$T/mda"
	# mpop over STLS, messages stay.
	mpop --host="$HOST" --port=110 --tls=on --tls-starttls=on --tls-trust-file="$CA" --auth=plain --user=alice \
		--passwordeval="echo '$user'" --keep=on --uidls-file="$T/uidls" --delivery="mda,$T/mda" --source-ip="$(from 14)"
	[ "$(grep -c '^Subject:' "$T/out")" -eq 2 ]
	# fetchmail over POP3S, messages go.
	if [ -x "$PEERS/usr/bin/fetchmail" ]; then
		cat >"$T/fetchmailrc" <<-RC
		poll $HOST protocol POP3 service 995 timeout 60
		    user alice password "$user" ssl sslproto "TLS1.2+" sslcertck sslcertfile $CA
		    mda "$T/mda" fetchall
		RC
		chmod 600 "$T/fetchmailrc"
		FETCHMAILHOME=$T HOME=$T "$PEERS/usr/bin/fetchmail" --nosyslog --pidfile "$T/pid" -f "$T/fetchmailrc" \
			>"$T/fetchmail.log" 2>&1 || { cat "$T/fetchmail.log"; false; }
		[ "$(grep -c '^Subject:' "$T/out")" -eq 4 ]
		[ ! -s /var/mail/alice ]
	fi
}

@test "clients that fetch: Accept=yes" { check_fetchers yes; }
@test "clients that fetch: Accept=no" { check_fetchers no; }

@test "a password from outside is not taken in the clear, and is offered only through TLS" {
	begin yes
	run ! curl -sS --max-time 30 --interface "$(from 15)" --user 'alice:secret of alice' "pop3://$HOST/"
	run ! swaks --server "$HOST" --local-interface "$(from 15)" --auth PLAIN --auth-user alice \
		--auth-password 'secret of alice' --quit-after AUTH --silent 2
	run ! grep -q AUTH <(swaks --server "$HOST" --port 587 --local-interface "$(from 15)" --quit-after EHLO)
	swaks --server "$HOST" --port 587 --local-interface "$(from 15)" --tls --quit-after EHLO | grep -q '^<~.*AUTH PLAIN'
}

# login USER PASSWORD N: tries by POP3S, from address N; prints the server's answer to PASS.
login() {
	printf 'USER %s\r\nPASS %s\r\nQUIT\r\n' "$1" "$2" |
		timeout 60 openssl s_client -quiet -connect "$HOST:995" -bind "$(from "$3"):0" -CAfile $CA 2>/dev/null |
		tr -d '\r' | sed -n 3p
}

@test "PAM decides who logs in: right, wrong, locked, expired, unknown, root; and all that fail read the same" {
	local case answers=$T/answers
	begin yes
	for user in locked expired aged; do
		id $user >/dev/null 2>&1 || useradd --create-home $user
		echo "$user:secret of $user" | chpasswd
	done
	passwd -q -l locked
	chage -E 2020-01-01 expired
	chage -d 2020-01-01 -M 30 -I 30 aged
	echo 'root:secret of root' | chpasswd
	[[ "$(login alice 'secret of alice' 20)" == +OK* ]]
	for case in alice:wrong 'locked:secret of locked' 'expired:secret of expired' 'aged:secret of aged' nobody-at-all:x \
		'root:secret of root' daemon:daemon 'alice:secret of bob'; do
		login "${case%%:*}" "${case#*:}" 21
	done >"$answers"
	cat "$answers"
	[ "$(wc -l <"$answers")" -eq 8 ]
	[ "$(sort -u "$answers" | wc -l)" -eq 1 ]
	grep -q '^-ERR \[AUTH\]' "$answers"
	[[ "$(login alice 'secret of alice' 22)" == +OK* ]]
	passwd -q -u locked
	[[ "$(login locked 'secret of locked' 23)" == +OK* ]]
}

check_journal() {
	begin "$1"
	send_curl 30 alice "$T/message"
	fetch_curl 31 alice "$T/got"
	local session queue_id
	queue_id=$(field QUEUE_ID 'EVENT=accepted')
	session=$(field SESSION_ID 'EVENT=accepted')
	# One message's story, by both programs, with fields that can be asked for.
	journalctl -q -o json QUEUE_ID="$queue_id" >"$T/story"
	[ "$(grep -c '"EVENT":"delivered"' "$T/story")" -eq 1 ]
	[ "$(grep -c '"EVENT":"accepted"' "$T/story")" -eq 1 ]
	grep -q '"SYSLOG_IDENTIFIER":"spool-agent"' "$T/story"
	grep -q '"SYSLOG_IDENTIFIER":"smtp-session"' "$T/story"
	# As mail, wherever the journal is forwarded to.
	run ! grep -v '"SYSLOG_FACILITY":"2"' "$T/story"
	grep '"EVENT":"accepted"' "$T/story" | grep -q '"RECIPIENT":"alice@example.org"'
	grep '"EVENT":"accepted"' "$T/story" | grep -q '"REMOTE_ADDR":"198.51.100.30"'
	# The session's story, from connect to disconnect.
	journalctl -q -o json SESSION_ID="$session" >"$T/session"
	grep -q '"EVENT":"connect"' "$T/session"
	grep -q '"EVENT":"disconnect"' "$T/session"
	grep -q '"EVENT":"delivered"' "$T/session"
	grep -q '"TLS":"TLS1' "$T/session"
	# Who logged in; and what the unit has to do with it.
	journalctl -q -o json EVENT=login USER=alice _COMM=pop3-session | tail -n 1 >"$T/login"
	grep -q '"TLS":"TLS1' "$T/login"
	if [ "$1" = yes ]; then
		grep '"EVENT":"connect"' "$T/session" | grep -q '"_SYSTEMD_UNIT":"smtp@'
	else
		grep '"EVENT":"connect"' "$T/session" | grep -q '"_SYSTEMD_UNIT":"smtp.service"'
	fi
	run ! grep -F 'secret of' <(log_since)
}

@test "the journal tells a message's story by QUEUE_ID, and a session's by SESSION_ID: Accept=yes" { check_journal yes; }
@test "the journal tells a message's story by QUEUE_ID, and a session's by SESSION_ID: Accept=no" { check_journal no; }

check_idle() {
	begin "$1"
	alive 40
	# The agent, and with Accept=no the listeners, wait for 30 seconds.
	sleep 35
	ps -e -o pid,user,args | grep -E '[s]mtp-session|[p]op3-session|[s]pool-agent' || true
	nothing_runs
	# No unit that has failed, none that has been left over; and the sockets still listen.
	[ "$(systemctl list-units --plain --no-legend 'smtp@*' 'pop3s@*' | wc -l)" -eq 0 ]
	run ! systemctl is-failed pillarbox-agent.service smtp.service pop3s.service
	for name in $SERVICES pillarbox-agent; do
		[ "$(systemctl show -P SubState "$name.socket")" = listening ]
	done
	alive 41
}

@test "35 seconds later nothing runs, and everything still works: Accept=yes" { check_idle yes; }
@test "35 seconds later nothing runs, and everything still works: Accept=no" { check_idle no; }

@test "an IPv6 client" {
	begin yes
	curl -sS --max-time 60 --cacert $CA --ssl-reqd "smtp://[::1]" --mail-from sender@example.net \
		--mail-rcpt alice@example.org --crlf --upload-file "$T/message"
	grep -qF '[IPv6:::1]' /var/mail/alice
}
