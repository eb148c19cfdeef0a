#!/usr/bin/env bats
# What SMTP clients rely on: the dialogues of tests/dialogues/smtp over every transport, and what becomes of the
# messages.

setup() {
	load helper
	load dialogue
}

teardown() { unplace; }

all_dialogues() {
	local file failed=0
	for file in "$BATS_TEST_DIRNAME"/dialogues/smtp/*.in; do
		dialogue "$1" smtp-session "${file%.in}" || failed=1
	done
	return $failed
}

# body FILE: what is stored of a message behind our own fields: everything after the Received field.
body() { perl -0777 -pe 's/\AFrom .*?\nReceived: [^\n]*\n(?:[ \t][^\n]*\n)*//s; s/\n\z//' "$1"; }

@test "smtp: dialogues over a pipe" {
	place
	all_dialogues pipe
}

@test "smtp: dialogues over TCP, all at once" {
	place <<<$'[limits]\nper_source = 100'
	server smtp-session
	all_dialogues tcp
}

@test "smtp: dialogues over TCP, octet by octet" {
	place <<<$'[limits]\nper_source = 100'
	server smtp-session
	all_dialogues octets
}

@test "smtp: dialogues through STARTTLS" {
	place <<<$'[limits]\nper_source = 100'
	secure
	server smtp-session
	all_dialogues starttls
	[ "$(grep -c 'EVENT=tls .*TLS="TLS1.3 ' "$T/log")" -ge 7 ]
}

@test "smtp: dialogues through TLS from the beginning, all at once and octet by octet" {
	place <<<$'[limits]\nper_source = 100'
	secure
	flags --tls
	server smtp-session
	all_dialogues tls
	all_dialogues tls_octets
}

@test "smtp: a message lies in the mailbox as it was sent, behind our fields" {
	place
	printf 'Subject: x\n\nFrom here\n>From there\n.\n..\n\n' >"$T/message"
	deliver alice "$T/message"
	[ "$(stat -c %a "$T/mail/alice")" = 600 ]
	head -n 1 "$T/mail/alice" | grep -E '^From sender@example\.net [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} '
	sed -n 2,3p "$T/mail/alice" >"$T/added"
	printf 'Return-Path: <sender@example.net>\nDelivered-To: alice@example.org\n' | diff - "$T/added"
	sed -n 4,7p "$T/mail/alice" | tr '\n' ' ' | grep -E \
		'^Received: from test \(local pipe, uid [0-9]+\) 	by mail\.example\.org with ESMTP id [0-9a-z]+ 	for <alice@example\.org>; 	[A-Z][a-z]{2}, '
	body "$T/mail/alice" | diff <(printf 'Subject: x\n\n>From here\n>>From there\n.\n..\n\n') -
}

@test "smtp: lines from a pipe may end in LF alone" {
	place
	printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@localhost>\nDATA\nSubject: hi\n\nhello\n.\nQUIT\n' | smtp | tee "$T/out"
	grep -q '^250 2\.0\.0 Accepted' "$T/out"
	body "$T/mail/alice" | diff <(printf 'Subject: hi\n\nhello\n') -
}

@test "smtp: two recipients: no 'for' in Received, each has it once, each with its own Delivered-To" {
	place
	crlf <"$BATS_TEST_DIRNAME/dialogues/smtp/basic.in" | smtp | grep -q '^250 2\.0\.0'
	for user in alice bob; do
		[ "$(grep -c '^From ' "$T/mail/$user")" = 1 ]
		run ! grep -q '^	for ' "$T/mail/$user"
	done
	grep -q '^Delivered-To: alice@example\.org$' "$T/mail/alice"
	grep -q '^Delivered-To: bob@localhost$' "$T/mail/bob"
}

@test "smtp: the same recipient twice has the message once" {
	place
	printf 'EHLO x\nMAIL FROM:<>\nRCPT TO:<alice@example.org>\nRCPT TO:<alice@example.org>\nDATA\n.\nQUIT\n' | smtp >"$T/out"
	[ "$(grep -c '^From ' "$T/mail/alice")" = 1 ]
	grep -q '^From MAILER-DAEMON ' "$T/mail/alice"
	grep -q '^Return-Path: <>$' "$T/mail/alice"
}

@test "smtp: metadata fields from outside are dropped, and only in the header" {
	place
	printf 'Status: RO\nX-UID: 7\nx-imapbase: 1 2\n folded\nX-Keywords: a\nSubject: x\nX-UIDL: forged\nX-Status: D\n\nStatus: body\n' >"$T/message"
	deliver alice "$T/message"
	body "$T/mail/alice" | diff <(printf 'Subject: x\n\nStatus: body\n') -
}

@test "smtp: aliases: several targets, continuation, quoting, include, tags; loops end" {
	place
	cat >"$T/aliases" <<-END
	# a comment
	staff: alice,
	  bob
	"quoted one": alice
	postmaster: bob
	loop: pool
	pool: loop
	listed: :include:$T/list
	command: "|touch $T/mail/ran"
	file: $T/mail/file
	mixed: "|/bin/id", bob
	far: somebody@elsewhere.example
	END
	printf 'alice\n# nobody\nbob@example.org\n' >"$T/list"
	chmod 644 "$T/list" "$T/aliases"
	rcpt() { printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<%s@example.org>\nDATA\nX: %s\n\n.\nQUIT\n' "$1" "$1" | smtp | tr -d '\r'; }
	rcpt staff | grep '^250 2\.0\.0'
	grep -q '^X: staff' "$T/mail/alice"
	grep -q '^X: staff' "$T/mail/bob"
	rcpt STAFF+x | grep '^250 2\.0\.0'
	rcpt listed | grep '^250 2\.0\.0'
	[ "$(grep -c '^X: listed' "$T/mail/alice" "$T/mail/bob" | tr '\n' ' ')" = "$T/mail/alice:1 $T/mail/bob:1 " ]
	rcpt mixed | grep '^250 2\.0\.0'
	grep -q '^X: mixed' "$T/mail/bob"
	rcpt postmaster | grep '^250 2\.0\.0'
	grep -q '^X: postmaster' "$T/mail/bob"
	for name in loop command file far; do
		rcpt $name | grep -E '^4[0-9][0-9] 4\.' || { echo "$name"; return 1; }
	done
	grep -q 'EVENT=note.*command' "$T/log"
	[ ! -e "$T/mail/ran" ] && [ ! -e "$T/mail/file" ]
}

@test "smtp: postmaster always resolves" {
	place
	for form in postmaster PostMaster@example.org postmaster@localhost; do
		printf 'EHLO x\nMAIL FROM:<>\nRCPT TO:<%s>\nDATA\nX: y\n\n.\nQUIT\n' "$form" | smtp | grep -q '^250 2\.0\.0'
	done
	[ "$(grep -c '^From ' "$T/mail/postmaster")" = 3 ]
}

@test "smtp: lmtp answers for each recipient" {
	place
	# a mailbox that can't be delivered to
	mkdir "$T/mail/bob"
	printf '%s\r\n' 'EHLO x' 'LHLO x' 'MAIL FROM:<a@b.c>' 'RCPT TO:<alice@example.org>' 'RCPT TO:<bob@example.org>' \
		'RCPT TO:<nobody@example.org>' DATA 'X: y' '' . DATA QUIT | smtp --lmtp | tr -d '\r' >"$T/out"
	grep -Ev '^250-|^220|^250 8BIT|^250 HELP' "$T/out" | cut -c 1-9 >"$T/codes"
	diff "$T/codes" - <<-'END'
	500 5.5.1
	250 2.1.0
	250 2.1.5
	250 2.1.5
	550 5.1.1
	354 Send 
	250 2.0.0
	451 4.3.0
	503 5.5.1
	221 2.0.0
	END
	grep -q 'with LMTP id' "$T/mail/alice"
}

@test "smtp: lmtp: a recipient who is named twice has the message once and two replies" {
	place
	printf '%s\r\n' 'LHLO x' 'MAIL FROM:<a@b.c>' 'RCPT TO:<alice@example.org>' 'RCPT TO:<bob@example.org>' \
		'RCPT TO:<alice@example.org>' DATA 'X: y' '' . QUIT | smtp --lmtp | tr -d '\r' >"$T/out"
	[ "$(grep -c '^250 2\.0\.0 Accepted' "$T/out")" = 3 ]
	[ "$(grep -c '^From ' "$T/mail/alice")" = 1 ]
}

@test "smtp: the log tells each refusal: who, whom, why" {
	place
	printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<nobody@example.org>\nRCPT TO:<a@elsewhere.example>\nMAIL FROM:<x>\nQUIT\n' | smtp >"$T/out"
	grep -q 'EVENT=refused .*SENDER=a@b.c RECIPIENT=<nobody@example.org> STATUS=5.1.1 ' "$T/log"
	grep -q 'EVENT=refused .*RECIPIENT=<a@elsewhere.example> STATUS=5.7.1 ' "$T/log"
	grep -q 'EVENT=refused .*STATUS=5.5.1 REASON="MAIL is out of order here"' "$T/log"
}

@test "smtp: a listener's sessions read the configuration that holds now, and its corrected mistakes" {
	place
	server smtp-session
	greeting() { printf 'QUIT\r\n' | via_tcp smtp-session | head -n 1 | tr -d '\r'; }
	[ "$(greeting)" = '220 mail.example.org ESMTP Pillarbox' ]
	sed -i 's/^hostname = .*/hostname = new.example.org/' "$CONF"
	[ "$(greeting)" = '220 new.example.org ESMTP Pillarbox' ]
	sed -i 's/^hostname = .*/hostnam = new.example.org/' "$CONF"
	[ "$(greeting)" = '421 4.3.5 This server is not set up' ]
	grep -q "$CONF:2: \[server\] hostnam: unknown key" "$T/log"
	sed -i 's/^hostnam = .*/hostname = right.example.org/' "$CONF"
	[ "$(greeting)" = '220 right.example.org ESMTP Pillarbox' ]
}

@test "smtp: one of two mailboxes fails: the sender is told to try again" {
	place
	mkdir "$T/mail/bob"
	crlf <"$BATS_TEST_DIRNAME/dialogues/smtp/basic.in" | smtp >"$T/out"
	grep -q '^451 4\.3\.0' "$T/out"
	run ! grep -q "$T" "$T/out" # our paths are not the peer's business
	grep -q "$T/mail/bob" "$T/log"
}

@test "smtp: the log tells one message's whole story, escaped" {
	place
	printf 'EHLO x\nMAIL FROM:<"a b=c\\"d"@b.c>\nRCPT TO:<alice@example.org>\nDATA\n.\nQUIT\n' | smtp >"$T/out"
	id=$(sed -n 's/^250 2\.0\.0 Accepted as \([0-9a-z]*\).*/\1/p' "$T/out")
	[ -n "$id" ]
	session=$(sed -n 's/.*EVENT=connect SESSION_ID=\([0-9a-z]*\).*/\1/p' "$T/log")
	[ -n "$session" ]
	grep -q "EVENT=accepted SESSION_ID=$session REMOTE_ADDR=local QUEUE_ID=$id SENDER=\"\\\\x22a b=c" "$T/log"
	grep -q "EVENT=delivered .*SESSION_ID=$session .*QUEUE_ID=$id" "$T/log"
	grep -q "EVENT=disconnect SESSION_ID=$session" "$T/log"
}

@test "smtp: the literal of the address that the peer has come to is this host; others are not" {
	place
	server smtp-session
	printf '%s\r\n' 'EHLO [127.0.0.1]' 'MAIL FROM:<a@[192.0.2.1]>' 'RCPT TO:<alice@[127.0.0.1]>' 'RCPT TO:<alice@[127.0.0.2]>' \
		DATA 'X: y' . QUIT | via_tcp smtp-session | tr -d '\r' >"$T/out"
	[ "$(grep -c '^250 2\.1\.5' "$T/out")" = 1 ]
	[ "$(grep -c '^550 5\.7\.1' "$T/out")" = 1 ]
	grep -q '^Delivered-To: alice@example\.org$' "$T/mail/alice"
	grep -q '^Return-Path: <a@\[192\.0\.2\.1\]>$' "$T/mail/alice"
}

@test "smtp: options" {
	place
	run "$BUILD/smtp-session" --lmtp --submission
	[ "$status" = 64 ]
	run "$BUILD/smtp-session" --frob
	[ "$status" = 64 ]
	run "$BUILD/smtp-session" argument
	[ "$status" = 64 ]
	run "$BUILD/smtp-session" --version
	[[ "$output" =~ ^smtp-session\ \(Pillarbox\)\ [0-9.]+$ ]]
	run smtp --lmtp --tls --dump-verbs
	[[ "${lines[0]}" == LHLO* ]]
}
