#!/usr/bin/env bats
# Logging in by AUTH, in SMTP and POP3. What can be told as a dialogue is in dialogues/*/auth*, where AUTH is legal in
# the matrices.

setup() {
	load helper
	load maildrop
}

teardown() { unplace; }

check() { python3 "$BATS_TEST_DIRNAME/auth_peer.py" "$@"; }

# both CHECK: for each of the two programs.
both() {
	check "$1" smtp-session "${@:2}"
	check "$1" pop3-session "${@:2}"
}

plain() { printf '%s\0%s\0%s' "${3:-}" "$1" "$2" | base64 -w0; }

@test "auth: whatever is wrong is answered alike, and takes as long" {
	place
	sed -i 's/^failure_delay = .*/failure_delay = 1/' "$CONF"
	both equal 1
}

@test "auth: an agent that has gone is told as what it is" {
	place
	both no_agent
	expect_log 'EVENT=login-failed .*STATUS=4\.3\.0'
}

@test "auth: a password does not stay in the session's memory" {
	[ "$(id -u)" = 0 ] || skip "only root may look"
	! nm "$BUILD/smtp-session" 2>/dev/null | grep -q __asan_init || skip "not with sanitizers"
	place
	both forgotten 0
	secure
	both forgotten 1
}

@test "auth: a connection that is cut in an exchange" {
	place
	both cut
}

@test "auth: what is no line ends an exchange" {
	place
	both no_line
}

@test "auth: no transaction comes of it" {
	place
	check desync
}

@test "auth: offered and taken in clear as [auth] plaintext says" {
	local setting remote taken smtp pop3
	while read -r setting remote taken; do
		place <<<$'[auth]\nplaintext = '"$setting"
		echo "plaintext=$setting from $remote:"
		smtp=$(printf 'EHLO x\r\nAUTH PLAIN %s\r\nQUIT\r\n' "$(plain alice secret)" | REMOTE_ADDR=$remote smtp | tr -d '\r')
		pop3=$(printf 'CAPA\r\nAUTH PLAIN %s\r\nQUIT\r\n' "$(plain alice secret)" | REMOTE_ADDR=$remote pop3 | tr -d '\r')
		output=$smtp$'\n'$pop3
		if [ "$taken" = yes ]; then
			expect_line '250-AUTH PLAIN LOGIN'
			expect_line '235 2\.7\.0 .*'
			expect_line 'SASL PLAIN'
			expect_line '\+OK maildrop has 0 messages .*'
		else
			expect_no_line '250.AUTH.*'
			expect_line '538 5\.7\.11 AUTH needs TLS here'
			expect_no_line 'SASL.*'
			expect_line '-ERR \[AUTH\] passwords are not taken without TLS here'
			run ! grep -q EVENT=login "$T/log"
		fi
		unplace
	done <<-CASES
	never 127.0.0.1 no
	local 127.0.0.1 yes
	local 192.0.2.1 no
	local nonsense no
	always 192.0.2.1 yes
	CASES
}

@test "auth: submission takes mail from those who have logged in, and says so in the log" {
	place
	printf '%s\r\n' 'EHLO x' 'MAIL FROM:<alice@example.org>' 'VRFY bob' 'EXPN staff' NOOP RSET "AUTH PLAIN $(plain alice secret)" \
		'VRFY bob' 'MAIL FROM:<alice@example.org>' 'RCPT TO:<bob@example.org>' DATA 'Subject: x' '' . QUIT |
		smtp --submission | tr -d '\r' >"$T/out"
	grep -v '^250-\|^250 8BIT' "$T/out" | cut -c 1-9 | diff - <(printf '%s\n' '220 mail.' '530 5.7.0' '530 5.7.0' '530 5.7.0' \
		'250 2.0.0' '250 2.0.0' '235 2.7.0' '252 2.5.0' '250 2.1.0' '250 2.1.5' '354 Send ' '250 2.0.0' '221 2.0.0')
	grep -q 'with ESMTPA id' "$T/mail/bob"
	run ! grep -q '^Received.*alice\|	tls ' "$T/mail/bob"
	expect_log 'smtp-session.*EVENT=login .*USER=alice DURATION_US=[0-9]+$'
	expect_log 'EVENT=accepted .*USER=alice .*RECIPIENT=bob@example\.org'
}

@test "auth: LMTP, too" {
	place
	printf '%s\r\n' 'LHLO x' "AUTH PLAIN $(plain alice secret)" 'MAIL FROM:<a@b.c>' 'RCPT TO:<bob@example.org>' DATA . QUIT |
		smtp --lmtp >"$T/out"
	grep -q '^235 ' "$T/out"
	grep -q 'with LMTPA id' "$T/mail/bob"
}

@test "auth: log: who, never what; names are escaped" {
	place
	printf '%s\r\n' 'EHLO x' "AUTH PLAIN $(plain 'alice" EVENT=quit' hunter2)" 'AUTH LOGIN' "$(printf alice | base64)" \
		"$(printf hunter2 | base64)" "AUTH PLAIN $(plain alice hunter2 bob)" | smtp >"$T/out"
	printf '%s\r\n' "AUTH PLAIN $(plain alice secret)" QUIT | pop3 >>"$T/out"
	[ "$(grep -c 'smtp-session.*EVENT=login-failed .*STATUS=5.7.8' "$T/log")" = 3 ]
	expect_log 'smtp-session.*EVENT=login-failed SESSION_ID=[0-9a-z]+ REMOTE_ADDR=local USER="alice\\x22 EVENT=quit"'
	expect_log 'smtp-session.*EVENT=limit .*REASON="failed log-ins"'
	expect_log 'pop3-session.*EVENT=login SESSION_ID=[0-9a-z]+ REMOTE_ADDR=local USER=alice SIZE=0'
	run ! grep -E "hunter2|secret|$(printf hunter2 | base64)|$(plain alice hunter2 | tail -c 12)" "$T/log"
}

@test "auth: an ordinary user's pipe lets that user in with any password, and nobody else" {
	local as=() user
	user=$(id -un)
	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --reuid nobody --regid nogroup --clear-groups --)
		user=nobody
	elif [ "$(id -u)" -lt 1000 ]; then
		skip "a system user isn't an ordinary one"
	fi
	place
	# The clone may be where only root can go.
	mkdir "$T/bin" "$T/xdg"
	cp "$BUILD/smtp-session" "$BUILD/pop3-session" "$BUILD/spool-agent" "$T/bin"
	[ "$user" != nobody ] || chown nobody "$T/xdg"
	cd "$T"
	attempt() { env XDG_STATE_HOME="$T/xdg" USER="$user" "${as[@]}" "$@" 2>>"$T/log" | tr -d '\r'; }
	output=$(printf '%s\n' 'EHLO x' "AUTH PLAIN $(plain "$user" x)" QUIT | attempt "$T/bin/smtp-session" --submission)
	expect_line '235 2\.7\.0 .*'
	output=$(printf '%s\n' "AUTH PLAIN $(plain "$user" x)" QUIT | attempt "$T/bin/pop3-session")
	expect_line '\+OK maildrop has 0 messages .*'
	output=$(printf '%s\n' 'EHLO x' "AUTH PLAIN $(plain alice x)" "AUTH PLAIN $(plain "$user" x alice)" QUIT |
		attempt "$T/bin/smtp-session")
	[ "$(grep -c '^535 5\.7\.8' <<<"$output")" = 2 ]
	output=$(printf '%s\r\n' 'EHLO x' "AUTH PLAIN $(plain "$user" x)" QUIT |
		REMOTE_ADDR=127.0.0.1 attempt "$T/bin/smtp-session" --submission)
	expect_line '535 5\.7\.8 .*'
}
