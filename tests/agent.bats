#!/usr/bin/env bats
# The spool-agent, asked by a tool that says what sessions say and what none would.

setup() {
	load helper
	load maildrop
	load agent
}

teardown() {
	unplace
	if [ -n "${ACCOUNT:-}" ]; then userdel "$ACCOUNT" 2>/dev/null; fi
	if [ -n "${SERVICE:-}" ]; then rm -f "/etc/pam.d/$SERVICE"; fi
	if [ -n "${WRAPPERS:-}" ]; then sweep_wrapper; fi
	return 0
}

# pam_wrapper leaves a folder behind for each process that ends by _exit(2), named after nothing but a letter.
sweep_wrapper() {
	local folder pid
	for folder in /tmp/pam.?; do
		pid=$(cat "$folder/pid" 2>/dev/null) || continue
		if [ -n "$pid" ] && [ ! -e "/proc/$pid" ] && [ -O "$folder" ]; then rm -rf "$folder"; fi
	done
}

# dead PID: wait until the process is a zombie or gone.
dead() {
	while [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; do sleep 0.01; done
}

@test "agent: lookup" {
	agent_place
	printf 'all: alice, bob\nbad: |/bin/true\n' >"$T/aliases"
	ask 'lookup alice@example.org' 'lookup ALICE+x@localhost' 'lookup all@example.org' \
		'lookup nobody@example.org' 'lookup alice@elsewhere.example' 'lookup bad@example.org' \
		'lookup postmaster@example.org' 'lookup postmaster' "lookup ../alice@example.org"
	expect 'lookup ok' 'lookup ok' 'lookup ok' 'lookup perm 5.1.1 no such mailbox' \
		'lookup perm 5.7.1 mail for this domain is not taken here' \
		'lookup temp 4.3.5 aliases: bad: leads to no mailbox' 'lookup ok' 'lookup ok' \
		'lookup perm 5.1.1 no such mailbox'
	expect_log 'EVENT=note SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 REASON="aliases: bad: refused: command \|/bin/true"'
}

@test "agent: alice's dotlock is nobody's mailbox" {
	agent_place
	printf '%s:%s\n' alice.lock "$SECRET_HASH" ALICE.Lock "$SECRET_HASH" >>"$T/users"
	echo 'box: alice.lock' >"$T/aliases"
	ask 'lookup alice.lock@example.org' 'lookup alice.lock+x@example.org' 'lookup ALICE.Lock@example.org' \
		'lookup alice+x.lock@example.org' 'login alice.lock secret'
	expect 'lookup perm 5.1.1 no such mailbox' 'lookup perm 5.1.1 no such mailbox' \
		'lookup perm 5.1.1 no such mailbox' 'lookup ok' 'login auth 5.7.8 authentication failed'
	ask 'lookup box@example.org' 'lookup alice@example.org'
	expect 'lookup temp 4.3.5 aliases: box: leads to no mailbox' 'lookup ok'
	expect_log 'EVENT=note .*users:3'
}

@test "agent: a staged message is delivered, once for each mailbox" {
	agent_place
	echo 'all: alice, bob, ALICE' >"$T/aliases"
	ask stage 'write Subject: one' 'write -' 'write hello' \
		'deliver sender@example.net all@example.org q1' 'deliver - alice@example.org q2' \
		'deliver - nobody@example.org q3' stage 'write Subject: two' 'write -' \
		'deliver - bob@example.org q4'
	expect 'stage ok' 'deliver ok' 'deliver ok' 'deliver perm 5.1.1 no such mailbox' 'stage ok' \
		'deliver ok'
	[ "$(grep -c '^Subject: one$' "$T/mail/alice")" = 2 ]
	[ "$(grep -c '^Subject: two$' "$T/mail/alice")" = 0 ]
	[ "$(grep -c '^Subject: one$' "$T/mail/bob")" = 1 ]
	[ "$(grep -c '^Subject: two$' "$T/mail/bob")" = 1 ]
	[ "$(stat -c '%U %a' "$T/mail/alice")" = "$OWNER 600" ]
	expect_log 'EVENT=delivered SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=bob QUEUE_ID=q1 SENDER=sender@example.net RECIPIENT=all@example.org SIZE=20 DURATION_US=[0-9]+'
	# What was staged never had a name, and nothing is left of it.
	[ -z "$(ls -A "$T/queue")" ]
	[ -z "$(find "$T/mail" -name '*.lock')" ]
}

@test "agent: the state folder is the owner's alone" {
	agent_place
	rmdir "$T/state"
	ask stage 'write x' 'deliver - alice@example.org q1'
	expect 'stage ok' 'deliver ok'
	[ "$(stat -c '%U %a' "$T/state/$(id -u "$OWNER")")" = "$OWNER 700" ]
	told_missing state
}

# told_missing FOLDER: the log says that a folder of the system's was missing, once. That an ordinary user has none
# yet is nothing to be told.
told_missing() {
	if [ "$(id -u)" = 0 ]; then
		expect_log "EVENT=note SESSION_ID=testsession .*REASON=\"$T/$1: was missing and was made: is its file system mounted"
		[ "$(grep -c 'was missing' "$T/log")" = 1 ]
	else
		run ! grep 'was missing' "$T/log"
	fi
}

@test "agent: a folder that is made is on disk before anything is put into it" {
	local uid
	agent_place
	uid=$(id -u "$OWNER")
	rmdir "$T/state"
	sed -i "s|^state = .*|state = $T/above/state|" "$CONF"
	printf 'stage\nwrite x\ndeliver - alice@example.org q1\n' |
		traced -y -e trace=mkdir,mkdirat,fchown,fsync,openat,link,linkat -o "$T/trace" >"$T/replies"
	grep -qx 'deliver ok' "$T/replies"
	# What was done, without pids, numbers of fds and modes.
	perl -ne 's/\Q$ENV{T}\E//g; print "$1 $2\n" if / = 0$/ && /^\d+ +(mkdir|mkdirat|fsync)\((?:\d+<)?"?([^">]*)/;' \
		"$T/trace" | head -n 7 >"$T/calls"
	output=$(cat "$T/calls")
	expect 'mkdir /above' 'fsync ' 'mkdir /above/state' 'fsync /above' 'mkdirat /above/state' \
		"fsync /above/state/$uid" 'fsync /above/state'
}

@test "agent: the queue folder is made if it is missing" {
	agent_place
	rmdir "$T/queue"
	ask stage
	expect 'stage ok'
	[ "$(stat -c '%a' "$T/queue")" = 700 ]
	told_missing queue
}

@test "agent: temporary wins over permanent, and either over success" {
	agent_place
	echo 'all: alice, bob' >"$T/aliases"
	mkdir "$T/mail/alice"
	ask stage 'write x' 'deliver - all@example.org q1'
	[[ $output == *"deliver temp 4.3.0 $T/mail/alice: is a folder, not a mailbox" ]]
	[ -s "$T/mail/bob" ]
	expect_log 'EVENT=delivery-deferred .*USER=alice .*STATUS=4.3.0 .*REASON=".*is a folder'
	expect_log 'EVENT=delivered .*USER=bob'
}

@test "agent: a message over the limit, and addresses with control characters, are refused" {
	agent_place <<<$'[smtp]\nmax_message_size = 1M'
	ask stage 'fill 1048576' 'deliver - alice@example.org q1' 'fill 1200000' \
		'deliver - alice@example.org q1' $'deliver a\rb alice@example.org q1' \
		'fill 10' $'deliver - a\rb@example.org q1' $'lookup a\rb@example.org'
	expect 'stage ok' 'deliver ok' 'deliver perm 5.3.4 the message is too large' \
		'deliver perm 5.1.7 a control character in the sender' \
		'deliver perm 5.1.3 a control character in the address' \
		'lookup perm 5.1.3 a control character in the address'
}

@test "agent: log in, list, fetch, remove" {
	agent_place
	messages 3 | seed alice
	ask 'login alice secret' open 'fetch 2' 'fetch 0' 'fetch 4' 'update 3 05'
	[ "${lines[0]}" = 'login ok' ]
	[[ ${lines[1]} =~ ^count=3\ octets=[0-9]+\ open\ ok$ ]]
	[ "${lines[2]}" = 'mode=0 writable=no' ]
	expect_line 'Subject: message 2'
	expect_no_line 'Subject: message [13]'
	expect_line 'fetch ok'
	[ "$(grep -c '^fetch perm 5.5.4 no such message$' <<<"$output")" = 2 ]
	expect_line 'update ok'
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 1 ]
	grep -q '^Subject: message 2$' "$T/mail/alice"
	expect_log 'EVENT=login SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=alice'
	expect_log 'EVENT=removed SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=alice REASON="2 messages"'
	run ! grep -q secret "$T/log"
}

# strange_journal: one about no mailbox of ours, where libspool looks for alice's.
strange_journal() {
	local folder box=$T/mail/alice
	folder=$T/state/$(id -u "$OWNER")
	mkdir -p "$folder"
	head -c 4096 /dev/urandom >"$folder/${box//\//%2F}.journal"
	chmod 600 "$folder"/*
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$folder"; fi
}

@test "agent: a journal that was put aside is told to the log, and nothing else happens" {
	agent_place
	messages 2 | seed alice
	strange_journal
	ask 'login alice secret' open
	[[ ${lines[1]} =~ ^count=2\ octets=[0-9]+\ open\ ok$ ]]
	expect_log 'EVENT=note SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=alice .*REASON=".*journal'
	: >"$T/log"
	strange_journal
	ask stage 'write x' 'deliver - alice@example.org q1'
	expect 'stage ok' 'deliver ok'
	expect_log 'EVENT=note SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=alice .*REASON=".*journal'
	[ "$(grep -c '^Subject: message' "$T/mail/alice")" = 2 ]
}

@test "agent: the table can't be changed by the one who gets it" {
	agent_place
	messages 3 | seed alice
	ask 'login alice secret' open seals
	[ "${lines[2]}" = 'write=-1 grow=-1 shrink=-1 map=no unseal=-1' ]
}

@test "agent: the table is made once, and tells what OPEN has counted" {
	agent_place
	messages 3 | seed alice
	ask 'login alice secret' open list 'fetch 1' list
	[[ ${lines[1]} =~ ^count=3\ octets=([0-9]+)\ open\ ok$ ]]
	[ "$(awk '/^[123] [0-9]+ / { sum += $2 } END { print sum }' <<<"$output")" = "${BASH_REMATCH[1]}" ]
	[[ ${lines[2]} =~ ^1\ [0-9]+\ [!-~]+$ ]]
	expect_line 'fetch ok'
	[ "${lines[-1]}" = gone ]
}

@test "agent: who reads one message after the other learns where the next ones lie" {
	agent_place
	messages 70 | seed alice
	sleep 0.1
	ask 'login alice secret' open 'fetch 5' 'fetch 6'
	[ "$(grep -c '^Subject: ' <<<"$output")" = $((1 + 65)) ]
	expect_line 'Subject: message 70'
	ask 'login alice secret' open 'fetch 1' 'fetch 9' 'fetch 11'
	[ "$(grep -c '^Subject: ' <<<"$output")" = $((65 + 1 + 1)) ]
	expect_line 'Subject: message 65'
	expect_no_line 'Subject: message 66'
}

@test "agent: a connection that just ends removes nothing, and leaves no process" {
	agent_place
	messages 3 | seed alice
	cp "$T/mail/alice" "$T/before"
	ask 'login alice secret' open 'fetch 1'
	cmp "$T/before" "$T/mail/alice"
	no_process "^spool-agent --config $CONF"
}

@test "agent: when one of monitor and user's child dies, the other ends, and the session learns" {
	agent_place
	messages 3 | seed alice
	local monitor child victim
	for victim in monitor child; do
		rm -f "$T/requests" "$T/replies"
		start_asking
		say 'login alice secret'
		say open
		monitor=$(pgrep -P "$TOOL")
		child=$(pgrep -P "$monitor")
		kill -9 "${!victim}"
		dead "${!victim}"
		say 'update 3 07'
		[ "$reply" = gone ]
		stop_asking
		no_process "^spool-agent --config $CONF"
	done
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 3 ]
}

@test "agent: nothing but the end can follow UPDATE" {
	agent_place
	messages 3 | seed alice
	ask 'login alice secret' open 'update 3 00' open
	[ "${lines[2]}" = 'update ok' ]
	[ "${lines[3]}" = gone ]
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 3 ]
}

@test "agent: marks that do not fit remove nothing" {
	local update
	agent_place
	messages 3 | seed alice
	cp "$T/mail/alice" "$T/before"
	for update in 'update 3 0d' 'update 3 ff' 'update 2 01' 'update 4 01' 'update 0 -' \
		'update 100000 ff' 'mark 0 0 01' 'mark 2 0 01' 'mark 9 0 01' 'mark 4294967289 0 01' 'mark 1 0 08' \
		'mark 1 1 01' 'mark 1 255 80'; do
		ask 'login alice secret' open "$update"
		echo "$update: ${lines[2]}"
		[[ ${lines[2]} == *'perm 5.5.4 a malformed list of messages to remove' ]]
		cmp "$T/before" "$T/mail/alice"
	done
}

@test "agent: marks come in pieces, and those said last hold" {
	agent_place
	messages 5000 | seed alice
	ask 'login alice secret' open 'mark 1 0 ff' 'mark 1 255 80' 'mark 2049 0 01' 'mark 4993 0 80' 'mark 1 0 01' \
		'update 5000 -'
	[ "${lines[-1]}" = 'update ok' ]
	expect_log 'EVENT=removed .*REASON="3 messages"'
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 4997 ]
}

@test "agent: a QUIT that removes nothing is not told as a removal" {
	agent_place
	messages 3 | seed alice
	ask 'login alice secret' open 'update 3 -'
	[ "${lines[-1]}" = 'update ok' ]
	ask 'login alice secret' open 'mark 1 0 01' 'update 3 -'
	expect_log 'EVENT=removed .*REASON="1 messages"'
	[ "$(grep -c EVENT=removed "$T/log")" = 1 ]
}

@test "agent: no fd is taken, at any time" {
	agent_place
	messages 1 | seed alice
	ask 'login alice secret' open 'fds 1 7' 'fetch 1'
	[ "${lines[2]}" = gone ]
	ask 'login alice secret' open 'fds 1 9'
	[ "${lines[2]}" = gone ]
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 1 ]
}

@test "agent: one session per maildrop" {
	agent_place
	messages 1 | seed alice
	start_asking
	say 'login alice secret'
	say open
	ask 'login alice secret' open 'fetch 1'
	[[ ${lines[1]} == 'open inuse '* ]]
	[ "${lines[2]}" = gone ]
	expect_log 'EVENT=maildrop-failed .*USER=alice'
	stop_asking
	ask 'login alice secret' open
	[[ ${lines[1]} == 'count=1 '* ]]
}

@test "agent: who breaks the rules is left, and the log says so" {
	local request whole
	agent_place
	whole=$(printf 'size %s\n' 1 4 100 65536)
	while read -r request; do
		: >"$T/log"
		ask "$request" 'lookup alice@example.org'
		echo "$request: $output"
		expect gone
		expect_log 'EVENT=refused .*REASON="a request that no session sends"'
	done <<-REQUESTS
	$whole
	op 0
	op 9
	op 4294967295
	op 3
	op 5
	op 6
	op 7
	op 10
	raw-login alice
	op 4
	login alice secret imap
	login alice wrong POP3
	login alice secret smtp2
	fds 1 1
	fds 1 2
	fds 2 1
	fds 8 1
	REQUESTS
}

@test "agent: after log-in only the maildrop can be asked for" {
	local op
	agent_place
	messages 1 | seed alice
	for op in 1 2 3 4 6 7 8 9 10; do
		ask 'login alice secret' "op $op"
		expect 'login ok' gone
	done
	for op in 1 2 3 4 5 8; do
		ask 'login alice secret' open "op $op"
		[ "${lines[2]}" = gone ]
	done
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 1 ]
}

@test "agent: after a log-in for smtp mail is taken as before, and nobody can log in again" {
	local request
	agent_place
	messages 1 | seed alice
	ask stage 'write of nobody' 'login bob secret smtp' 'lookup alice@example.org' \
		'deliver - alice@example.org q1'
	expect 'stage ok' 'login ok' 'lookup ok' gone
	ask 'login bob wrong smtp' 'login bob secret smtp' 'lookup no@example.org' stage 'write Subject: x' \
		'deliver - alice@example.org q2' stage 'write Subject: y' 'deliver - alice@example.org q3'
	expect "$AUTH_FAILED" 'login ok' 'lookup perm 5.1.1 no such mailbox' 'stage ok' 'deliver ok' \
		'stage ok' 'deliver ok'
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 3 ]
	expect_log 'EVENT=login SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=bob DURATION_US='
	expect_log 'EVENT=delivered .* USER=alice QUEUE_ID=q3'
	for request in 'login alice secret smtp' 'login alice secret' 'login bob secret smtp' open 'op 6' 'op 7'; do
		ask 'login bob secret smtp' "$request" 'lookup alice@example.org'
		echo "$request: $output"
		expect 'login ok' gone
		ask 'login bob secret smtp' stage "$request" 'lookup alice@example.org'
		expect 'login ok' 'stage ok' gone
	done
	# What goes wrong later is known to be bob's doing.
	rm -r "$T/queue"
	touch "$T/queue"
	ask 'login bob secret smtp' stage
	expect_log 'EVENT=note .* USER=bob REASON=".*queue'
}

@test "agent: a key for TLS tickets, the same for all sessions of a service, until it is old" {
	local key
	agent_place
	[ "$SHM" != "$T" ] || skip "no file system in memory"
	ask 'ticket pop3s' 'ticket submissions' 'ticket pop3s'
	[[ ${lines[0]} =~ ^[0-9a-f]{128}\ ticket\ ok$ ]]
	[[ ${lines[1]} =~ ^[0-9a-f]{128}\ ticket\ ok$ ]]
	[ "${lines[0]}" != "${lines[1]}" ]
	[ "${lines[0]}" = "${lines[2]}" ]
	key=${lines[0]}
	ask 'ticket pop3s'
	[ "$output" = "$key" ]
	[ "$(stat -c '%u %a %s' "$SHM/tickets")" = "$(id -u) 600 48" ]
	# The secret is as old as its file says: seconds in its second 8 octets.
	perl -e 'open my $f, "+<", $ARGV[0] or die; seek $f, 8, 0; print $f pack "q", time - 21590' "$SHM/tickets"
	ask 'ticket pop3s'
	[ "$output" = "$key" ]
	perl -e 'open my $f, "+<", $ARGV[0] or die; seek $f, 8, 0; print $f pack "q", time - 21601' "$SHM/tickets"
	ask 'ticket pop3s'
	[[ $output == *' ticket ok' ]]
	[ "$output" != "$key" ]
	run ! grep -q EVENT=note "$T/log"
	echo foreign >"$SHM/tickets"
	ask 'ticket pop3s' 'login alice secret'
	[[ ${lines[0]} == *' ticket ok' ]]
	expect_log "EVENT=note .*REASON=\"$SHM/tickets: was no file of keys"
}

@test "agent: without a place in memory for keys there are none, and all else works" {
	local request
	agent_place
	rm -rf "$SHM/tickets"
	sed -i "s,^tickets = .*,tickets = /proc/nowhere/tickets," "$CONF"
	ask 'ticket smtp' 'lookup alice@example.org'
	[[ ${lines[0]} == 'ticket temp 4.7.0 no keys for TLS tickets: /proc/nowhere/tickets: '* ]]
	[ "${lines[1]}" = 'lookup ok' ]
	for request in 'ticket -' 'ticket ../x' 'ticket a.b' 'ticket SMTP' 'op 8'; do
		ask "$request" 'lookup alice@example.org'
		echo "$request: $output"
		expect gone
	done
	for request in 'login alice secret' 'login alice secret smtp'; do
		ask "$request" 'ticket smtp' 'lookup alice@example.org'
		expect 'login ok' gone
	done
}

@test "agent: three failed log-ins, then goodbye" {
	agent_place
	ask 'login alice wrong' 'login nobody secret' 'login alice Secret' 'login alice secret'
	expect 'login auth 5.7.8 authentication failed' 'login auth 5.7.8 authentication failed' \
		'login auth 5.7.8 authentication failed' gone
	expect_log 'EVENT=login-failed SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=nobody STATUS=5.7.8 .*REASON="authentication failed"'
	expect_log 'EVENT=note .*REASON=".*/users: unknown user"'
}

@test "agent: every failed log-in takes as long, whatever is wrong" {
	local user ms
	agent_place <<<$'[auth]\nfailure_delay = 1'
	printf 'locked:!\nempty:\n' >>"$T/users"
	for user in alice nobody root locked empty ../x "$(printf 'x%.0s' {1..340})"; do
		ask time "login $user wrong"
		echo "$user: $output"
		[[ $output == 'login auth 5.7.8 authentication failed ms='* ]]
		ms=${output##*ms=}
		[ "$ms" -ge 1000 ]
		[ "$ms" -lt 1600 ]
	done
	mv "$T/users" "$T/gone"
	ask time 'login alice secret'
	[[ $output == 'login temp 4.7.0 passwords can'"'"'t be checked now ms='* ]]
	[ "${output##*ms=}" -ge 1000 ]
	mv "$T/gone" "$T/users"
	ask time 'login alice secret'
	[ "${output##*ms=}" -lt 1000 ]
}

@test "agent: what the peer calls itself can't break a log line" {
	agent_place
	ask $'remote a\rEVENT=forged' $'login x\rEVENT=forged wrong'
	expect_log 'REMOTE_ADDR="?a\\x0dEVENT'
	run ! grep -q '^EVENT' "$T/log"
}

@test "agent: only root, its own user and the sessions' user are served" {
	needs_root
	agent_place <<<$'[server]\nuser = games'
	systemd-socket-activate -E ASAN_OPTIONS --seqpacket -l "$T/agent" "$BUILD/spool-agent" --config "$CONF" \
		>/dev/null 2>>"$T/log" 3>&- &
	PIDS+=($!)
	while [ ! -S "$T/agent" ]; do sleep 0.05; done
	chmod 666 "$T/agent"
	as_user() { setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups "$T/bin/agent-tool" --connect "$T/agent"; }
	[ "$(as_user games <<<'lookup alice@example.org')" = 'lookup ok' ]
	[ "$("$T/bin/agent-tool" --connect "$T/agent" <<<'lookup alice@example.org')" = 'lookup ok' ]
	[ "$(as_user bin <<<'lookup alice@example.org')" = gone ]
	[ "$(as_user nobody <<<'lookup alice@example.org')" = gone ]
	expect_log 'EVENT=refused .*REASON="the peer is neither'
}

@test "agent: an ordinary user's own agent serves that user and no other" {
	local user
	agent_place
	user=$(id -un)
	if [ "$(id -u)" = 0 ]; then
		user=nobody
		chmod 777 "$T"
		ordinary() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$T" XDG_STATE_HOME="$T/xdg" "$@"; }
	else
		ordinary() { env XDG_STATE_HOME="$T/xdg" "$@"; }
	fi
	printf '[server]\ndomains = example.org\n[auth]\nfailure_delay = 0\n[accounts]\naliases = /nonexistent\n' >"$T/own.conf"
	output=$(printf '%s\n' "lookup $user@example.org" 'lookup root@example.org' \
		'lookup postmaster@example.org' stage 'write x' "deliver - $user@example.org q1" \
		"login $user anything" open | ordinary "$T/bin/agent-tool" --spawn-pipe "$T/own.conf" 2>>"$T/log")
	expect 'lookup ok' 'lookup perm 5.1.1 no such mailbox' 'lookup ok' 'stage ok' 'deliver ok' \
		'login ok' "$(grep -o 'count=1 octets=[0-9]*' <<<"$output") open ok"
	[ -s "$T/xdg/pillarbox/mail/$user" ]
	# What a session on a socket says later can't make a pipe of it.
	output=$(ordinary "$T/bin/agent-tool" --spawn "$T/own.conf" <<<"login $user anything" 2>>"$T/log")
	[[ $output == 'login '* && $output != 'login ok' ]]
}

@test "agent: root mailboxes are refused under source = file, and the log names the key" {
	agent_place
	sed -i "s/^owner = .*/owner = root/" "$CONF"
	ask stage 'write x' 'deliver - alice@example.org q1' 'login alice secret'
	[[ ${lines[1]} == 'deliver temp 4.3.5 [accounts] owner is root'* ]]
	[[ ${lines[2]} == 'login temp 4.3.5 [accounts] owner is root'* ]]
	expect_log 'EVENT=note .*\[accounts\] owner'
}

@test "agent: --help, --version and mistakes" {
	place
	run -0 "$BUILD/spool-agent" --help
	[[ $output == usage:* ]]
	run -0 "$BUILD/spool-agent" --version
	run -64 "$BUILD/spool-agent" --nonsense
	run -64 "$BUILD/spool-agent" argument
	run -78 "$BUILD/spool-agent" --config /nonexistent
	echo 'nonsense' >>"$CONF"
	run -78 "$BUILD/spool-agent" --config "$CONF"
	[[ $output == *"$CONF:"* ]]
}

# PAM, with a data base of its own and NSS likewise; alice is an ordinary user as whom this process may act.

pam_place() {
	local uid runtime
	uid=$(id -u)
	if [ "$uid" = 0 ]; then uid=12345; fi
	[ "$uid" -ge 1000 ] || skip "needs root or an ordinary user"
	WRAPPERS=$(ldconfig -p | awk '/lib(pam|nss)_wrapper\.so/ { print $NF }' | tr '\n' ' ')
	# The sanitizers' runtime comes first, or it refuses to work; where it is linked in (clang) it can't.
	runtime=$(ldd "$BUILD/spool-agent" | awk '/libasan/ { print $3 }')
	if [ -z "$runtime" ] && grep -q __asan_init "$BUILD/spool-agent"; then
		skip "pam_wrapper does not go with sanitizers that are linked in"
	fi
	WRAPPERS="$runtime $WRAPPERS"
	PAM_MODULES=$(dirname "$(ldconfig -p | awk '/libpam_wrapper\.so/ { print $NF; exit }')")/pam_wrapper
	agent_place <<<$'[accounts]\nsource = system\npam_service = pillarbox'
	mkdir "$T/pam.d"
	printf '%s\n' 'root:x:0:0::/root:/bin/sh' "alice:x:$uid:$uid::/home/alice:/bin/sh" \
		"Mixed:x:$uid:$uid::/home/mixed:/bin/sh" 'daemon:x:1:1::/:/bin/false' \
		'nobody:x:65534:65534::/:/bin/false' 'games:x:999:60::/:/bin/false' \
		'other:x:23456:23456::/:/bin/sh' >"$T/passwd"
	printf '%s\n' 'root:x:0:' "alice:x:$uid:" >"$T/group"
	printf '%s:secret:pillarbox\n' alice root nobody games daemon other >"$T/passdb"
	echo 'expired:secret:elsewhere' >>"$T/passdb"
	if [ "$(id -u)" = 0 ]; then chown "$uid" "$T/mail"; fi
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	export NSS_WRAPPER_PASSWD=$T/passwd NSS_WRAPPER_GROUP=$T/group
	export PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$T/pam.d
	pam_ask() { LD_PRELOAD=$WRAPPERS ask "$@"; }
}

pam_stack() { printf '%s\n' "$@" >"$T/pam.d/pillarbox"; }

@test "agent: PAM lets in who has the password and may log in, and no other" {
	pam_place
	pam_ask 'login alice secret' open
	expect 'login ok' 'count=0 octets=0 open ok'
	pam_ask 'login ALICE secret'
	expect 'login ok'
	pam_ask 'login alice@example.org secret'
	expect 'login ok'
	local user
	# All but the first two have the right password: root, system users, unknown to NSS, not of this host.
	for user in 'alice wrong' 'alice -' 'root secret' 'nobody secret' 'games secret' 'daemon secret' \
		'unknown secret' 'expired secret' 'alice@elsewhere.example secret' '../alice secret'; do
		pam_ask "login $user"
		echo "$user: $output"
		expect "$AUTH_FAILED"
	done
	expect_log 'EVENT=note .*REASON="pam pillarbox: alice: '
	run ! grep -qE 'secret|wrong' "$T/log"
}

@test "agent: a system user's, where root's should listen, calls no password wrong" {
	[ "$(id -u)" = 0 ] || skip "needs root to be one"
	place
	sed -i 's/^source = file/source = system/' "$CONF"
	mkdir "$T/bin"
	cp "$BUILD/tools/agent-tool" "$BUILD/spool-agent" "$T/bin"
	run -0 setpriv --reuid daemon --regid daemon --clear-groups -- sh -c \
		'printf "login daemon secret\nlogin no-such-user secret\n" | "$0/bin/agent-tool" --spawn "$1" 2>/dev/null' "$T" "$CONF"
	[[ "${lines[0]}" == "login temp 4.3.5 "*"is pillarbox-agent.socket active?" ]]
	[[ "${lines[1]}" == "login temp 4.3.5 "* ]]
}

@test "agent: without root's rights, others exist but can't be served" {
	[ "$(id -u)" != 0 ] || skip "needs an ordinary user"
	pam_place
	pam_ask 'lookup other@example.org' 'lookup unknown@example.org' 'login other secret'
	[[ ${lines[0]} == 'lookup temp 4.3.5 '* ]]
	[ "${lines[1]}" = 'lookup perm 5.1.1 no such mailbox' ]
	[ "${lines[2]}" = "$AUTH_FAILED" ]
}

@test "agent: PAM modules that talk are not listened to" {
	pam_place
	pam_stack "auth required $PAM_MODULES/pam_chatty.so num_lines=20 info error" \
		"auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	pam_ask 'login alice wrong' 'login alice secret'
	expect "$AUTH_FAILED" 'login ok'
}

@test "agent: PAM's second question fails the log-in" {
	pam_place
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	pam_ask 'login alice secret'
	expect "$AUTH_FAILED"
	# ... and a question that would be shown, such as for a name, has no answer at all
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb echo" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	pam_ask 'login alice secret'
	expect "$AUTH_FAILED"
}

@test "agent: PAM's troubles are ours, not the user's" {
	pam_place
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=/nonexistent" \
		"account required pam_permit.so"
	pam_ask 'login alice secret' 'login unknown secret'
	expect "login temp 4.7.0 passwords can't be checked now" \
		"login temp 4.7.0 passwords can't be checked now"
}

@test "agent: a PAM module that crashes or hangs takes nothing with it" {
	pam_place
	# shellcheck disable=SC2016 # the script's own variable
	printf '#!/bin/sh\nkill -9 $PPID\n' >"$T/crash"
	printf '#!/bin/sh\nexec sleep 3\n' >"$T/hang"
	chmod 755 "$T/crash" "$T/hang"
	pam_stack "auth required pam_exec.so $T/crash" 'account required pam_permit.so'
	pam_ask 'login alice secret' 'lookup alice@example.org'
	[[ ${lines[0]} == 'login temp 4.3.0 '* ]]
	[ "${lines[1]}" = 'lookup ok' ]
	pam_stack "auth required pam_exec.so $T/hang" 'account required pam_permit.so'
	LD_PRELOAD=$WRAPPERS timeout -s KILL 1 "$T/bin/agent-tool" --spawn "$CONF" <<<'login alice secret' || true
	no_process "^spool-agent --config $CONF"
}

@test "agent: who has failed too often is refused before PAM is asked" {
	pam_place
	printf '#!/bin/sh\necho asked >>%s\n' "$T/asked" >"$T/count"
	chmod 755 "$T/count"
	: >"$T/asked"
	chmod 666 "$T/asked"
	pam_stack "auth required pam_exec.so $T/count" "auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	pam_ask 'login alice wrong' 'login alice@example.org wrong'
	expect "$AUTH_FAILED" "$AUTH_FAILED"
	[ "$(wc -l <"$T/asked")" = 2 ]
	printf '[auth]\nuser_failures = 2\n' >>"$CONF"
	pam_ask 'login alice secret' 'login ALICE secret'
	expect 'login temp 4.7.0 too many failed log-ins, try again later' \
		'login temp 4.7.0 too many failed log-ins, try again later'
	[ "$(wc -l <"$T/asked")" = 2 ]
	# What PAM itself could not find out is nobody's failure.
	rm "$T/failures"
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=/nonexistent" 'account required pam_permit.so'
	pam_ask 'login alice secret' 'login alice secret'
	[[ ${lines[1]} == 'login temp 4.7.0 passwords can'* ]]
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	pam_ask 'login alice secret'
	expect 'login ok'
}

@test "agent: PAM learns the peer's address and the service" {
	pam_place
	export PAM_RHOST=192.0.2.7 PAM_TTY=smtp
	pam_stack "auth required $PAM_MODULES/pam_matrix.so passdb=$T/passdb" \
		"auth required $PAM_MODULES/pam_get_items.so" \
		"account required $PAM_MODULES/pam_matrix.so passdb=$T/passdb"
	pam_ask 'login alice secret smtp'
	expect 'login ok'
}

# Real accounts and a real PAM service. ACCOUNT and SERVICE go in teardown().

real_place() {
	needs_root
	ACCOUNT=pbx$RANDOM$$
	SERVICE=pbx-test-$ACCOUNT
	flock /tmp/pillarbox-useradd.lock useradd --no-create-home --uid "$((RANDOM + 20000))" --shell /bin/sh "$ACCOUNT"
	echo "$ACCOUNT:secret" | flock /tmp/pillarbox-useradd.lock chpasswd
	printf 'auth required pam_unix.so\naccount required pam_unix.so\n' >"/etc/pam.d/$SERVICE"
	agent_place <<<$'[accounts]\nsource = system\npam_service = '"$SERVICE"
	chown root:mail "$T/mail"
	chmod 2775 "$T/mail"
}

# traced OPTIONS...: a session's own agent under strace, requests on standard input. Leaks can't be looked for there.
traced() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq "$@" "$T/bin/agent-tool" --spawn "$CONF" 2>>"$T/log"
}

# status_of PID FIELD: a field of /proc/PID/status, blanks made one.
status_of() { awk -v field="$2:" '$1 == field { $1 = ""; sub(/^ /, ""); print }' "/proc/$1/status"; }

@test "agent: a real account: mailbox made in a 2775 folder, session as the user, dotlock by the monitor" {
	real_place
	local uid gid monitor child
	uid=$(id -u "$ACCOUNT")
	gid=$(id -g "$ACCOUNT")
	ask stage 'write Subject: x' 'write -' "deliver - $ACCOUNT@example.org q1"
	expect 'stage ok' 'deliver ok'
	[ "$(stat -c '%u %G %a' "$T/mail/$ACCOUNT")" = "$uid mail 660" ]
	[ "$(stat -c '%u %g %a' "$T/state/$uid")" = "$uid $gid 700" ]

	start_asking
	say "login $ACCOUNT secret"
	[ "$reply" = 'login ok' ]
	say open
	[[ $reply == 'count=1 '* ]]
	monitor=$(pgrep -P "$TOOL")
	child=$(pgrep -P "$monitor")
	[ "$(status_of "$monitor" Uid)" = '0 0 0 0' ]
	[ "$(status_of "$child" Uid)" = "$uid $uid $uid $uid" ]
	[ "$(status_of "$child" Gid)" = "$gid $gid $gid $gid" ]
	[ "$(status_of "$child" Groups)" = "$gid" ] || [ "$(status_of "$child" Groups)" = "$gid " ]
	[ "$(status_of "$child" CapEff)" = 0000000000000000 ]
	[ "$(status_of "$child" CapPrm)" = 0000000000000000 ]
	[ "$(status_of "$child" NoNewPrivs)" = 1 ]
	say 'update 1 01'
	[ "$reply" = 'update ok' ]
	[ ! -s "$T/mail/$ACCOUNT" ]
	stop_asking
	[ -z "$(find "$T/mail" -name '*.lock')" ]

	# Somebody else's dotlock holds a delivery up.
	printf '%s\n' $$ >"$T/mail/$ACCOUNT.lock"
	printf '[limits]\nlock_timeout = 1\n' >>"$CONF"
	ask stage 'write x' "deliver - $ACCOUNT@example.org q2"
	[[ ${lines[1]} == 'deliver temp 4.2.1 '* ]]
	[ -e "$T/mail/$ACCOUNT.lock" ]
	rm "$T/mail/$ACCOUNT.lock"
	# ... and ours is there while we write, made by root's monitor.
	printf 'stage\nwrite x\ndeliver - %s@example.org q3\n' "$ACCOUNT" |
		traced -e trace=linkat,unlinkat -o "$T/trace"
	grep -q " linkat(.*\"$ACCOUNT.lock\".* = 0" "$T/trace"
	grep -q " unlinkat(.*\"$ACCOUNT.lock\".* = 0" "$T/trace"
	[ -z "$(find "$T/mail" -name '*.lock')" ]
}

@test "agent: a real account: wrong, empty, expired, locked and unknown read the same" {
	real_place
	ask "login $ACCOUNT wrong" "login $ACCOUNT -" 'login no-such-user-here secret'
	expect "$AUTH_FAILED" "$AUTH_FAILED" "$AUTH_FAILED"
	ask 'login root secret' 'login daemon secret' 'login nobody secret'
	expect "$AUTH_FAILED" "$AUTH_FAILED" "$AUTH_FAILED"
	ask "login $ACCOUNT secret"
	expect 'login ok'
	flock /tmp/pillarbox-useradd.lock usermod --expiredate 2001-01-01 "$ACCOUNT"
	ask "login $ACCOUNT secret"
	expect "$AUTH_FAILED"
	flock /tmp/pillarbox-useradd.lock usermod --expiredate '' "$ACCOUNT"
	flock /tmp/pillarbox-useradd.lock chage -d 0 "$ACCOUNT"
	ask "login $ACCOUNT secret"
	expect "$AUTH_FAILED"
	flock /tmp/pillarbox-useradd.lock chage -d 2020-01-01 "$ACCOUNT"
	flock /tmp/pillarbox-useradd.lock usermod --lock "$ACCOUNT"
	ask "login $ACCOUNT secret"
	expect "$AUTH_FAILED"
}

@test "agent: a child killed in the middle leaves no dotlock and no delivery half done" {
	real_place
	local i
	ask stage 'write Subject: x' 'write -' "deliver - $ACCOUNT@example.org q1"
	cp "$T/mail/$ACCOUNT" "$T/before"
	# Each write of the user's child in turn is its last.
	for i in 1 2 3 4 5; do
		printf 'stage\nwrite Subject: y\ndeliver - %s@example.org q2\n' "$ACCOUNT" |
			traced -o /dev/null -e trace=pwrite64,writev,pwritev,pwritev2 \
				-e "inject=pwrite64,writev,pwritev,pwritev2:signal=KILL:when=$i" >"$T/replies"
		[ -z "$(find "$T/mail" -name '*.lock')" ]
		grep -q '^deliver temp 4.3.0' "$T/replies" || break
	done
	echo "killed at $((i - 1)) calls"
	[ "$i" -gt 1 ]
	ask stage 'write Subject: last' 'write -' "deliver - $ACCOUNT@example.org q3"
	expect 'stage ok' 'deliver ok'
	[ "$(grep -c '^Subject: last' "$T/mail/$ACCOUNT")" = 1 ]
	[ "$(grep -c '^From ' "$T/mail/$ACCOUNT")" = "$(grep -c '^Return-Path' "$T/mail/$ACCOUNT")" ]
}

@test "agent: root's own mail is written without any capability" {
	needs_root
	agent_place <<<$'[accounts]\nsource = system\n[limits]\nlock_timeout = 3'
	local monitor child
	printf '%s\n' $$ >"$T/mail/root.lock"
	chown root "$T/mail"
	start_asking
	say stage
	echo 'deliver - root@example.org q1' >&7
	sleep 1
	monitor=$(pgrep -P "$TOOL")
	child=$(pgrep -P "$monitor")
	[ "$(status_of "$child" Uid)" = '0 0 0 0' ]
	[ "$(status_of "$child" CapEff)" = 0000000000000000 ]
	[ "$(status_of "$child" CapPrm)" = 0000000000000000 ]
	[ "$(status_of "$child" NoNewPrivs)" = 1 ]
	rm "$T/mail/root.lock"
	read -r -t 10 reply <&8
	[ "$reply" = 'deliver ok' ]
	stop_asking
	[ "$(stat -c '%u %a' "$T/mail/root")" = '0 600' ]
	ask 'lookup postmaster@example.org'
	expect 'lookup ok'
}
