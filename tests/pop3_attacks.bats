#!/usr/bin/env bats
# What must not shake a POP3 session: odd commands, odd messages, odd mailboxes, ends at any moment, and other
# programs at the same mailbox. tests/pop3_peer.py says what is wrong where something is.

setup() {
	load helper
	load maildrop
}

teardown() { unplace; }

peer() { python3 "$BATS_TEST_DIRNAME/pop3_peer.py" "$@"; }

# A build with sanitizers needs more memory, and more time.
is_sanitized() { nm "$BUILD/pop3-session" 2>/dev/null | grep -q __asan_init; }

@test "pop3 attacks: arguments of 1 to 65536 octets to every command" {
	place <<<$'[limits]\nerrors = 100000\nlogins = 100'
	peer lengths
}

@test "pop3 attacks: NUL, bare CR, 8-bit, empty lines, and a colon" {
	place <<<$'[limits]\nerrors = 100000'
	peer odd_lines
}

@test "pop3 attacks: no end without QUIT removes anything" {
	place
	messages 3 | seed alice
	for how in eof half-quit reset hung-up errors endless-line SIGTERM SIGINT SIGHUP SIGKILL; do
		peer nothing_removed "$how"
	done
}

@test "pop3 attacks: two sessions: IN-USE for the second, deliveries go on" {
	place
	messages 3 | seed alice
	peer in_use
}

@test "pop3 attacks: a killed session leaves no lock" {
	place
	messages 3 | seed alice
	peer lock_goes_with_its_holder
}

@test "pop3 attacks: mailbox changed by others between any two commands" {
	place
	for change in append swap drop-first drop-second truncate empty delete replace garbage; do
		: | seed alice
		peer foreign "$change"
	done
}

@test "pop3 attacks: mailbox cut while a message is sent: no final dot" {
	place
	: | seed alice
	peer cut_while_sent
	expect_log 'EVENT=retrieve-broken .*another program changed the mailbox'
}

@test "pop3 attacks: message overwritten while it is sent: no final dot" {
	place
	: | seed alice
	peer moved_while_sent
}

@test "pop3 attacks: message overwritten while it is sent, and the file's time set back: no final dot" {
	place
	: | seed alice
	peer set_back_while_sent
}

@test "pop3 attacks: mailbox rewritten between the agent's look and the session's: the right message or no final dot" {
	local how
	place
	: | seed alice
	for how in rewrite set-back append; do
		peer rewritten_in_the_gap "$how"
	done
}

@test "pop3 attacks: mailbox changed after the agent has told where all messages lie: the right one or none" {
	place
	for change in append same-size set-back swap drop truncate replace; do
		: | seed alice
		peer told_ahead "$change"
	done
}

@test "pop3 attacks: mailbox changed twice within a tick of the clock: the right message" {
	place
	: | seed alice
	peer told_while_young
}

@test "pop3 attacks: an agent that dies: what it would have to tell is refused, and nothing is removed" {
	place
	messages 3 | seed alice
	peer agent_gone
	expect_log 'EVENT=list-failed '
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 3 ]
}

@test "pop3 attacks: a mail reader adds a field: RETR says the octets that it sends" {
	place
	: | seed alice
	peer status_added
}

@test "pop3 attacks: a delivery while a message is sent does not matter" {
	place
	: | seed alice
	peer grown_while_sent
}

@test "pop3 attacks: symlink, hardlink, FIFO, directory, device as mailbox" {
	local kind
	place
	printf 'From a Mon Jan  1 00:00:00 2024\nSubject: foreign\n\nforeign\n\n' >"$T/foreign"
	chmod 666 "$T/foreign"
	for kind in symlink dangling hardlink fifo directory device; do
		rm -rf "$T/mail/alice"
		case $kind in
		symlink) ln -s "$T/foreign" "$T/mail/alice" ;;
		dangling) ln -s "$T/nowhere" "$T/mail/alice" ;;
		hardlink) seed bob <"$T/foreign" && ln "$T/mail/bob" "$T/mail/alice" ;;
		fifo) mkfifo "$T/mail/alice" ;;
		directory) mkdir "$T/mail/alice" ;;
		device) ln -s /dev/zero "$T/mail/alice" ;;
		esac
		[ "$(id -u)" != 0 ] || [ ! -e "$T/mail/alice" ] || chown -h "$OWNER" "$T/mail/alice"
		output=$(timeout 20 bash -c "$(declare -f pop3 talk); talk LIST 'RETR 1' 'DELE 1' QUIT")
		echo "$kind:"
		expect_line '-ERR \[SYS/(TEMP|PERM)\] .*'
		expect_no_line 'foreign'
		[ "$(wc -l <<<"$output")" = 3 ]
	done
	grep -q foreign "$T/foreign"
	[ ! -e "$T/nowhere" ]
}

@test "pop3 attacks: a file that is no mailbox is refused and left alone" {
	place
	local text
	for text in 'just text\n' '\0\0\0\0text\n' ' From a\n' 'From:a\n'; do
		printf '%b' "$text" >"$T/before"
		seed alice <"$T/before"
		output=$(talk STAT QUIT)
		expect_line '-ERR \[SYS/(TEMP|PERM)\] .*'
		cmp "$T/before" "$T/mail/alice"
	done
}

@test "pop3 attacks: LIST's octets are RETR's octets, whatever is in the messages" {
	place
	perl -e '
		my @bodies = ("", "\n", "\n\n\n", ".", ".\n", "..\n.\n", "no end", "\r\n", "crlf\r\ncrlf\r\n", "bare\rcr\n", "\r",
			"end in cr\r", "\r\r\n", "nul\0nul\n", "\xff\xfe\n", ">From \n", ">>From x\n", "From\n", ">from \n",
			">", ">>", ">From", "F\nFr\nFro\n", "\n.\r\n.\r\n", "x" x 200000 . "\n", ".\n" x 50000, ">" x 70000 . "From \n",
			("x" x 65535) . "\n.y\n", ("x" x 65534) . "\r\n.y\n", ("y" x 16383) . "\n" . ("." x 20000));
		for my $i (0 .. $#bodies) {
			print "From a\@example.net Mon Jan  1 00:00:00 2024\nX-Number: $i\n\n$bodies[$i]\n";
			print "\n" unless $bodies[$i] =~ /\n\z/ || $bodies[$i] eq "";
		}
		print "From a\@example.net Mon Jan  1 00:00:00 2024\n\n";
		print "From a\@example.net Mon Jan  1 00:00:00 2024\nno blank line";
	' | seed alice
	peer corpus
	talk STAT QUIT | grep -q '^+OK 32 '
}

@test "pop3 attacks: forged From_ lines, lengths and metadata split and hide nothing" {
	place
	printf '%s\n' 'From a@example.net Mon Jan  1 00:00:00 2024' 'Subject: one' 'Content-Length: 1' 'Status: RO' \
		'X-UID: 7' 'X-UIDL: abc' 'X-IMAPbase: 1 2' '' 'one' 'From the middle of a paragraph' \
		'>From a@example.net Mon Jan  1 00:00:00 2024' '' \
		'From b@example.net Mon Jan  1 00:00:00 2024' 'Content-Length: 999999999999999999999' 'Subject: two' '' \
		'two' '' \
		'From c@example.net Mon Jan  1 00:00:00 2024' 'Content-Length: -1' '' 'three' '' | seed alice
	peer contents 'one\r\nFrom the middle of a paragraph\r\nFrom a@example.net Mon Jan  1 00:00:00 2024\r\n' \
		'two\r\n' 'three\r\n'
	talk 'TOP 1 0' QUIT >"$T/top"
	grep -qx 'X-UIDL: abc' "$T/top"
}

@test "pop3 attacks: unique-ids: stable over deliveries and removals, different for equal messages" {
	place
	{ messages 5; messages 5; printf 'From a Mon Jan  1 00:00:00 2024\n\n\nFrom a Mon Jan  1 00:00:00 2024\n\n\n'; } | seed alice
	peer stable_uidl
	output=$(talk UIDL QUIT)
	[ "$(grep -cxE '[0-9]+ [!-~]{1,70}' <<<"$output")" = 14 ]
}

@test "pop3 attacks: a line of 100 MB, in constant memory" {
	place
	{
		messages 1
		printf 'From a Mon Jan  1 00:00:00 2024\nSubject: long\n\n'
		head -c 100M /dev/zero | tr '\0' x
		printf '\n\n'
		messages 1
	} | seed alice
	peer long_line
	peer peak 2 "$(if is_sanitized; then echo 100000; else echo 8192; fi)"
}

@test "pop3 attacks: 10000 messages, in constant memory" {
	place
	messages 10000 | seed alice
	peer peak 10000 "$(if is_sanitized; then echo 100000; else echo 8192; fi)"
	output=$({ for n in $(seq 2 10000); do echo "DELE $n"; done; echo QUIT; } |
		{ printf 'USER alice\r\nPASS secret\r\n'; crlf; } | pop3 | tr -d '\r')
	[ "$(tail -n 1 <<<"$output")" = '+OK goodbye, 1 messages left' ]
	[ "$(talk STAT QUIT | grep -cE '^\+OK 1 [0-9]+$')" = 1 ]
}

@test "pop3 attacks: a mailbox of 2 GB with a hole in it" {
	is_sanitized && skip "takes too long with sanitizers"
	place
	messages 1 | seed alice
	printf 'From a Mon Jan  1 00:00:00 2024\nMessage-ID: <hole@example.net>\nSubject: hole\n\n' >>"$T/mail/alice"
	truncate -s 2200000000 "$T/mail/alice" || skip "no room for sparse files here"
	{ echo; echo; messages 1; } >>"$T/mail/alice"
	output=$(talk STAT LIST 'TOP 2 0' 'RETR 3' 'DELE 3' QUIT)
	expect_line '\+OK 3 2199999[0-9]{3}'
	expect_line '2 2199999[0-9]{3}'
	expect_line 'Subject: hole'
	expect_line 'This is message 1\.'
	expect_line '\+OK goodbye, 2 messages left'
	[ "$(talk STAT QUIT | grep -cE '^\+OK 2 2199999[0-9]{3}$')" = 1 ]
}
