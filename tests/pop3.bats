#!/usr/bin/env bats
# What POP3 clients rely on: the dialogues of tests/dialogues/pop3 over every transport, and what can't be told
# as a dialogue.

setup() {
	load helper
	load dialogue
	load maildrop
}

teardown() { unplace; }

# all_dialogues TRANSPORT: each with the mailbox NAME.mbox, which is NAME.after afterwards.
all_dialogues() {
	local file base failed=0
	for file in "$BATS_TEST_DIRNAME"/dialogues/pop3/*.in; do
		base=${file%.in}
		if [ -e "$base.mbox" ]; then seed alice <"$base.mbox"; else rm -f "$T/mail/alice"; fi
		dialogue "$1" pop3-session "$base" || failed=1
		[ ! -e "$base.after" ] || expect_same "$base.after" "$T/mail/alice" ||
			{ echo "^ mailbox after ${base##*/} over $1"; failed=1; }
	done
	return $failed
}

@test "pop3: dialogues over a pipe" {
	place
	all_dialogues pipe
}

@test "pop3: dialogues over TCP, all commands at once" {
	place <<<$'[limits]\nper_source = 100'
	server pop3-session
	all_dialogues tcp
}

@test "pop3: dialogues over TCP, octet by octet" {
	place <<<$'[limits]\nper_source = 100'
	server pop3-session
	all_dialogues octets
}

@test "pop3: dialogues through STLS" {
	place <<<$'[limits]\nper_source = 100'
	secure
	server pop3-session
	all_dialogues stls
	[ "$(grep -c 'EVENT=tls .*TLS="TLS1.3 ' "$T/log")" -ge 11 ]
}

@test "pop3: dialogues through TLS from the beginning, all at once and octet by octet" {
	place <<<$'[limits]\nper_source = 100'
	secure
	flags --tls
	server pop3-session
	all_dialogues tls
	all_dialogues tls_octets
}

@test "pop3: LF alone ends a command, too" {
	place
	messages 2 | seed alice
	output=$(printf 'USER alice\nPASS secret\nSTAT\nQUIT\n' | pop3 | tr -d '\r')
	expect_line '\+OK 2 [0-9]+'
	expect_line '\+OK goodbye.*'
}

@test "pop3: replies to pipelined commands go out in one write" {
	place
	messages 3 | seed alice
	python3 "$BATS_TEST_DIRNAME/pop3_peer.py" one_write
}

@test "pop3: QUIT's +OK comes when the maildrop is free and the messages are gone" {
	place
	messages 3 | seed alice
	python3 "$BATS_TEST_DIRNAME/pop3_peer.py" free_before_reply
}

@test "pop3: passwords are taken in clear as [auth] plaintext says" {
	local setting remote taken
	while read -r setting remote taken; do
		place <<<$'[auth]\nplaintext = '"$setting"
		output=$(printf 'CAPA\r\nUSER alice\r\nPASS secret\r\nQUIT\r\n' |
			REMOTE_ADDR=$remote pop3 | tr -d '\r')
		echo "plaintext=$setting from $remote:"
		if [ "$taken" = yes ]; then
			expect_line USER
			expect_line '\+OK maildrop has 0 messages .*'
		else
			expect_no_line USER
			expect_line '-ERR \[AUTH\] passwords are not taken without TLS here'
			expect_line '-ERR PASS is not possible in this state'
		fi
		unplace
	done <<-CASES
	never 127.0.0.1 no
	never 192.0.2.1 no
	local 127.0.0.1 yes
	local ::1 yes
	local 192.0.2.1 no
	local 2001:db8::1 no
	local nonsense no
	always 192.0.2.1 yes
	CASES
}

@test "pop3: three failed log-ins end the session" {
	place
	output=$(printf '%s\r\n' 'USER alice' 'PASS a' 'USER bob' 'PASS b' 'USER carol' 'PASS c' \
		'USER alice' 'PASS secret' QUIT | pop3 | tr -d '\r')
	[ "$(grep -c '^-ERR \[AUTH\] user name or password is wrong$' <<<"$output")" = 3 ]
	[ "$(wc -l <<<"$output")" = 7 ]
	expect_log 'EVENT=limit .*REASON="failed log-ins"'
}

@test "pop3: a failed password is not answered differently for a user that exists" {
	place
	printf 'USER alice\r\nPASS wrong\r\n' | pop3 >"$T/known"
	printf 'USER nobody-at-all\r\nPASS wrong\r\n' | pop3 >"$T/unknown"
	expect_same "$T/known" "$T/unknown"
}

@test "pop3: a password may have spaces" {
	place
	printf 'carol:%s\n' "$(perl -e 'print crypt(" two  words ", q($5$rounds=1000$pillarbox$))')" >>"$T/users"
	output=$(printf 'USER carol\r\nPASS  two  words \r\nQUIT\r\n' | pop3 | tr -d '\r')
	expect_line '\+OK maildrop has 0 messages .*'
}

@test "pop3: log: what happened, never a password, names escaped" {
	place
	messages 3 | seed alice
	printf '%s\r\n' 'USER alice" EVENT=quit' 'PASS hunter2' 'PASS orphan-password' 'USER alice' 'PASS secret' \
		'RETR 1' 'RETR 2' 'DELE 1' QUIT 'PASS late-password' | pop3 >/dev/null
	expect_log 'EVENT=connect SESSION_ID=[0-9a-z]+ REMOTE_ADDR=local'
	expect_log 'EVENT=login-failed SESSION_ID=[0-9a-z]+ REMOTE_ADDR=local USER="alice\\x22 EVENT=quit"'
	expect_log 'EVENT=login SESSION_ID=[0-9a-z]+ REMOTE_ADDR=local USER=alice SIZE=[0-9]+ DURATION_US=[0-9]+'
	expect_log 'EVENT=quit SESSION_ID=.* USER=alice SIZE=[0-9]+ .*REASON="retrieved=2 deleted=1"'
	run ! grep -E 'hunter2|orphan-password|late-password|secret' "$T/log"
}

@test "pop3: a password does not stay in the session's memory" {
	[ "$(id -u)" = 0 ] || skip "only root may look"
	! nm "$BUILD/pop3-session" 2>/dev/null | grep -q __asan_init || skip "not with sanitizers"
	place
	python3 "$BATS_TEST_DIRNAME/pop3_peer.py" password_is_gone
}

@test "pop3: who does not log in in time is put out without a reply, and so is who idles" {
	place <<<$'[limits]\nlogin_timeout = 1\nidle_timeout = 1'
	messages 3 | seed alice
	output=$(sleep 3 | pop3 | tr -d '\r')
	[ "$(wc -l <<<"$output")" = 1 ]
	output=$({ printf 'USER alice\r\nPASS secret\r\nDELE 1\r\n'; sleep 3; } | pop3 | tr -d '\r')
	[ "$(wc -l <<<"$output")" = 4 ]
	expect_line '\+OK message 1 deleted'
	[ "$(grep -c EVENT=timeout "$T/log")" = 2 ]
	messages 3 | cmp - "$T/mail/alice"
}

@test "pop3: [limits] errors and logins can be set" {
	place <<<$'[limits]\nerrors = 2\nlogins = 1'
	output=$(printf 'X\r\nX\r\nX\r\n' | pop3 | tr -d '\r')
	[ "$(tail -n 1 <<<"$output")" = '-ERR too many errors' ]
	[ "$(wc -l <<<"$output")" = 3 ]
	output=$(printf 'USER alice\r\nPASS x\r\nUSER alice\r\nPASS secret\r\n' | pop3)
	[ "$(wc -l <<<"$output")" = 3 ]
}

@test "pop3: a configuration that can't be used: the peer is told, the log says where" {
	place <<<$'[pop3]\nnonsense = 1'
	run pop3 </dev/null
	[ "$status" = 78 ]
	[ "$output" = $'-ERR [SYS/TEMP] mail service not available now\r' ]
	expect_log "EVENT=unavailable .*$CONF:[0-9]+: .*nonsense"
}

@test "pop3: an agent that can't be had: the peer is told" {
	place
	mkdir "$T/bin"
	cp "$BUILD/pop3-session" "$T/bin/"
	[ ! -e /usr/local/libexec/pillarbox/spool-agent ] || skip "an agent is installed"
	BUILD=$T/bin run pop3 </dev/null
	[ "$status" = 75 ]
	[ "$output" = $'-ERR [SYS/TEMP] mail service not available now\r' ]
	expect_log 'EVENT=unavailable '
}

@test "pop3: options" {
	run "$BUILD/pop3-session" --version
	[ "$status" = 0 ]
	[[ "$output" =~ ^pop3-session\ \(Pillarbox\)\ [0-9.]+$ ]]
	run "$BUILD/pop3-session" --help
	[ "$status" = 0 ]
	expect_line 'usage: pop3-session .*'
	run "$BUILD/pop3-session" --frob
	[ "$status" = 64 ]
	run "$BUILD/pop3-session" argument
	[ "$status" = 64 ]
	run "$BUILD/pop3-session" --config /nonexistent/pillarbox.conf </dev/null
	[ "$status" = 78 ]
}

@test "pop3: what smtp-session takes in comes out the same" {
	place
	printf '%s\n' 'Subject: round trip' '' . .. .x 'From here' '>From there' 'end' >"$T/message"
	deliver alice "$T/message"
	talk 'RETR 1' QUIT | sed -n '/^Subject/,/^\.$/p' | sed '$d; s/^\.//' >"$T/got"
	expect_same "$T/message" "$T/got"
}

@test "pop3: a mailbox that has been listed is not read again by the next log-in" {
	local index i
	place
	for i in $(seq 50); do
		printf 'From a@b Tue Nov 24 13:00:00 2026\nMessage-ID: <%s@x>\n\n' "$i"
		printf 'line %s\n' $(seq 500)
		echo
	done | seed alice
	sleep 0.05 # so that it has not been written to just now
	run -0 talk STAT QUIT
	expect_line '\+OK 50 [0-9]+'
	index=$(find "$T/cache" -name '*alice.index')
	[ -n "$index" ]
	[ "$(stat -c %a "$index")" = 600 ]
	command -v strace >/dev/null || skip "needs strace"
	printf '%s\r\n' 'USER alice' 'PASS secret' STAT UIDL QUIT |
		strace -f -qq -y -o "$T/trace" -e trace=read,pread64 "$BUILD/pop3-session" --config "$CONF" >"$T/replies"
	grep -q '^+OK 50 ' "$T/replies"
	run ! grep -q 'mail/alice>' "$T/trace"
}
