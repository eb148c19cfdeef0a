#!/usr/bin/env bats
# Failed log-ins, counted across connections, programs and agents: who has to wait, who is refused, and that a table
# which is damaged, foreign or full keeps nobody out. What needs a clock of its own is in the unit tests.

setup() {
	load helper
	load maildrop
	load agent
}

teardown() { unplace; }

REFUSED='login temp 4.7.0 too many failed log-ins, try again later'

# failures_place: an agent's place that takes passwords from everywhere. Nothing is forgotten within a test.
failures_place() {
	agent_place <<<$'[auth]\nplaintext = always\nforget_failure = 1h'
}

# limits SOURCE USER: from the next connection on. What was counted beyond a limit counts as the limit.
limits() {
	sed -i "s/^source_failures = .*/source_failures = $1/; s/^user_failures = .*/user_failures = $2/" "$CONF"
}

# from ADDRESS REQUEST...: the agent is asked by a session whose peer has this address.
from() { ask "remote $1" "${@:2}"; }

# fail N ADDRESS USER: so many failed log-ins, three a connection.
fail() {
	local i
	for i in $(seq "$1"); do
		from "$2" "login $3 wrong"
		expect "$AUTH_FAILED" || return 1
	done
}

# pop3_from ADDRESS USER PASSWORD: a POP3 session on a pipe, with an address that a wrapper has told; its replies.
pop3_from() {
	output=$(printf '%s\r\n' "USER $2" "PASS $3" QUIT | REMOTE_ADDR=$1 pop3 | tr -d '\r')
}

# smtp_from ADDRESS USER PASSWORD: likewise, for submission.
smtp_from() {
	output=$(printf '%s\r\n' 'EHLO x' "AUTH PLAIN $(printf '\0%s\0%s' "$2" "$3" | base64)" QUIT |
		REMOTE_ADDR=$1 smtp --submission | tr -d '\r')
}

# expect_good_table: there is one that is counted in, and none was put aside.
expect_good_table() {
	[ ! -e "$T/failures.bad" ]
	run ! grep -q 'EVENT=note.*failures' "$T/log"
	limits 1 1
	fail 1 203.0.113.99 expect-good-table
	from 203.0.113.99 'login alice secret'
	expect "$REFUSED"
}

@test "failures: POP3 and SMTP, sessions' own agents and one that listens count in one table" {
	local i
	failures_place
	for i in 1 2 3; do
		pop3_from 192.0.2.1 alice wrong
		expect_line '-ERR \[AUTH\].*'
	done
	from 192.0.2.1 'login bob wrong' 'login nobody wrong'
	expect "$AUTH_FAILED" "$AUTH_FAILED"
	smtp_from 192.0.2.1 alice wrong
	expect_line '535 5\.7\.8 .*'
	systemd-socket-activate -E ASAN_OPTIONS --seqpacket -l "$T/agent" "$BUILD/spool-agent" --config "$CONF" \
		>/dev/null 2>>"$T/log" 3>&- &
	PIDS+=($!)
	while [ ! -S "$T/agent" ]; do sleep 0.05; done
	printf '%s\n' 'remote 192.0.2.1' 'login alice wrong smtp' | "$T/bin/agent-tool" --connect "$T/agent"
	pop3_from 192.0.2.1 alice wrong
	expect_line '-ERR \[AUTH\].*'
	# These were eight.
	limits 8 1000
	pop3_from 192.0.2.1 alice secret
	expect_line '-ERR \[SYS/TEMP\] .*'
	from 192.0.2.1 'login alice secret smtp'
	expect "$REFUSED"
	expect_log 'spool-agent.*EVENT=login-refused SESSION_ID=testsession REMOTE_ADDR=192.0.2.1 USER=alice STATUS=4.7.0 DURATION_US=[0-9]+ REASON="too many failed log-ins from this address"'
	smtp_from 192.0.2.1 alice secret
	expect_line '454 4\.7\.0 .*'
	pop3_from 192.0.2.2 alice secret
	expect_no_line '-ERR.*'
	smtp_from 192.0.2.2 alice secret
	expect_line '235 2\.7\.0 .*'
}

@test "failures: a user is protected from everybody, but for where the user was before" {
	local i
	failures_place
	from 198.51.100.1 'login alice secret smtp'
	expect 'login ok'
	for i in $(seq 8); do fail 1 "192.0.2.$i" "$(sed -n "$((i % 4 + 1))p" <<<$'alice\nALICE\nalice@EXAMPLE.org\nAlice')"; done
	limits 1000 8
	from 192.0.2.99 'login alice secret'
	expect "$REFUSED"
	expect_log 'EVENT=login-refused .*REMOTE_ADDR=192.0.2.99 USER=alice .*REASON="too many failed log-ins of this user"'
	from 198.51.100.1 'login alice secret' open
	expect 'login ok' 'count=0 octets=0 open ok'
	from 192.0.2.99 'login bob secret'
	expect 'login ok'
}

@test "failures: a neighbour's do not keep out who was there before; that user's own do" {
	failures_place
	from 127.0.0.1 'login alice secret'
	expect 'login ok'
	fail 8 127.0.0.1 guess
	limits 8 1000
	from 127.0.0.1 'login bob secret'
	expect "$REFUSED"
	from 127.0.0.1 'login alice secret'
	expect 'login ok'
	limits 1000 1000
	fail 8 127.0.0.1 alice
	limits 8 1000
	from 127.0.0.1 'login alice secret'
	expect "$REFUSED"
	expect_log 'EVENT=login-refused .*REASON="too many failed log-ins of this user from this address"'
	from 192.0.2.1 'login alice secret'
	expect 'login ok'
}

@test "failures: an IPv6 network is one source, an IPv4-mapped address the IPv4 one, a pipe none" {
	local i
	failures_place
	for i in 1 2 3 4; do fail 1 "2001:db8:1:2:$i::$i" guess; done
	fail 2 ::ffff:192.0.2.1 guess
	fail 2 192.0.2.1 guess
	fail 4 local other
	limits 4 1000
	from 2001:db8:1:2:ffff:: 'login alice secret'
	expect "$REFUSED"
	from 192.0.2.1 'login alice secret'
	expect "$REFUSED"
	from 2001:db8:1:3:: 'login alice secret'
	expect 'login ok'
	from local 'login alice secret'
	expect 'login ok'
}

@test "failures: a session's address is the one that it had before its peer said a word" {
	failures_place
	# Whatever a session asks that was taken over, it counts for its own source, and the log names that.
	printf '%s\n' 'remote 192.0.2.1' 'login alice wrong' 'remote 192.0.2.2' 'login alice wrong' |
		"$T/bin/agent-tool" --spawn "$CONF" pop3 >"$T/replies" 2>>"$T/log"
	[ "$(grep -c 'spool-agent.*EVENT=login-failed SESSION_ID=testsession REMOTE_ADDR=192\.0\.2\.7 ' "$T/log")" = 2 ]
	limits 2 1000
	from 192.0.2.7 'login alice secret'
	expect "$REFUSED"
	from 192.0.2.1 'login alice secret'
	expect 'login ok'
	serve_named() { printf '%s\n' 'remote 192.0.2.1' "$1" | "$T/bin/agent-tool" --spawn "$CONF" "$2" 2>>"$T/log"; }
	# Nor does it get another service's key for tickets.
	serve_named "ticket pop3" pop3 | grep -E "^[0-9a-f]{128} ticket ok$"
	[ "$(serve_named 'ticket smtp' pop3)" = gone ]
}

@test "failures: who is refused is refused before anybody looks at the password" {
	local i
	failures_place
	fail 2 192.0.2.1 alice
	limits 2 1000
	printf '%s\n' 'remote 192.0.2.1' 'login alice secret' 'login bob secret' 'login bob wrong' 'login bob wrong' |
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=openat,open -o "$T/trace" \
			"$T/bin/agent-tool" --spawn "$CONF" >"$T/replies" 2>>"$T/log"
	# The third is the last one, like any failure.
	[ "$(<"$T/replies")" = "$(printf '%s\n' "$REFUSED" "$REFUSED" "$REFUSED" gone)" ]
	grep -q failures "$T/trace"
	run ! grep -F "$T/users" "$T/trace"
	# Refusals are not counted: for as long as they are asked for, nothing is added to what is forgotten.
	limits 3 1000
	printf '%s\n' 'remote 192.0.2.1' 'login alice secret' | timeout --foreground 1 "$T/bin/agent-tool" --spawn "$CONF" >"$T/replies" 2>>"$T/log" || true
	[ ! -s "$T/replies" ]
}

@test "failures: with time they are forgotten" {
	failures_place
	sed -i 's/^forget_failure = .*/forget_failure = 3/' "$CONF"
	fail 2 192.0.2.1 alice
	limits 1 1
	from 192.0.2.1 'login alice secret'
	expect "$REFUSED"
	sleep 3
	from 192.0.2.1 'login alice secret'
	expect 'login ok'
}

@test "failures: from a quarter of the limit on, an attempt waits; hanging up ends that, and gains nothing" {
	failures_place
	fail 5 192.0.2.1 alice
	limits 20 1000
	from 192.0.2.1 time 'login alice secret smtp'
	[[ $output == 'login ok ms='* ]]
	[ "${output##*ms=}" -ge 1000 ]
	[ "${output##*ms=}" -lt 4000 ]
	fail 5 192.0.2.2 alice
	limits 8 1000
	# Ten seconds, for the sixth; the peer waits for one, and comes again.
	for _ in 1 2; do
		printf '%s\n' 'remote 192.0.2.2' 'login bob secret' |
			timeout --foreground 1 "$T/bin/agent-tool" --spawn "$CONF" >"$T/replies" 2>>"$T/log" || true
		[ ! -s "$T/replies" ]
	done
	no_process "^spool-agent --config $CONF"
	[ "$(grep -c 'EVENT=login-failed .*USER=bob .*REASON="the session ended before' "$T/log")" = 2 ]
	run ! grep -q 'EVENT=login .*USER=bob' "$T/log"
	limits 7 1000
	from 192.0.2.2 'login bob secret'
	expect "$REFUSED"
}

@test "failures: a refusal takes as long as a failure does" {
	failures_place
	fail 2 192.0.2.1 alice
	limits 2 1000
	sed -i 's/^failure_delay = .*/failure_delay = 1/' "$CONF"
	from 192.0.2.1 time 'login alice secret'
	[[ $output == "$REFUSED ms="* ]]
	[ "${output##*ms=}" -ge 1000 ]
	[ "${output##*ms=}" -lt 2000 ]
}

@test "failures: fifty at once are fifty" {
	local i pids=()
	failures_place
	for i in $(seq 50); do
		printf '%s\n' 'remote 192.0.2.1' 'login alice wrong' | "$T/bin/agent-tool" --spawn "$CONF" \
			>"$T/replies.$i" 2>>"$T/log" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat "$T"/replies.* | grep -cxF "$AUTH_FAILED")" = 50 ]
	limits 50 1000
	from 192.0.2.1 'login bob secret'
	expect "$REFUSED"
	limits 51 1000
	printf '%s\n' 'remote 192.0.2.1' 'login bob secret' | timeout --foreground 1 "$T/bin/agent-tool" --spawn "$CONF" >"$T/replies" 2>>"$T/log" || true
	[ ! -s "$T/replies" ]
	expect_good_table
}

# kill_agents SECONDS: for so long, one process after the other of this place's agents, by chance, is killed.
kill_agents() {
	timeout "$1" perl -e '
		while (1) {
			my @agents;
			for my $file (glob "/proc/[0-9]*/cmdline") {
				open my $f, "<", $file or next;
				my $line = <$f> // "";
				push @agents, $file =~ /(\d+)/ if $line =~ /^spool-agent\0--config\0\Q$ARGV[0]\E\0/;
			}
			kill "KILL", $agents[rand @agents] if @agents;
			select undef, undef, undef, rand 0.01;
		}' "$CONF"
}

@test "failures: agents and their children killed anywhere leave a good table" {
	local end i killer started=()
	failures_place
	kill_agents 5 3>&- &
	killer=$!
	end=$((SECONDS + 5))
	while [ $SECONDS -lt $end ]; do
		for i in 1 2 3 4; do
			printf '%s\n' "remote 192.0.2.$((RANDOM % 256))" 'login alice wrong' 'login alice wrong' \
				'login bob secret' | "$T/bin/agent-tool" --spawn "$CONF" >>"$T/replies" 2>>"$T/log" 3>&- &
			started[i]=$!
		done
		wait "${started[@]}" || true
	done
	wait "$killer" || true
	echo "$(grep -c gone "$T/replies") gone, $(grep -c ok "$T/replies") ok"
	grep -q gone "$T/replies"
	no_process "^spool-agent --config $CONF"
	# A child that was killed again and again is told to the log; the file stays.
	sed -i '/not counted: Interrupted/d' "$T/log"
	expect_good_table
}

# expect_recovery: somebody logs in, the log has one line about it, and there is a good table again.
expect_recovery() {
	: >"$T/log"
	from 192.0.2.1 'login alice secret' 'open'
	expect 'login ok' 'count=0 octets=0 open ok'
	expect_log "EVENT=note .*REASON=\"$T/failures: was no table of failed log-ins, and is called .bad now"
	[ "$(grep -c 'EVENT=note.*failures' "$T/log")" = 1 ]
	[ -e "$T/failures.bad" ] || [ -L "$T/failures.bad" ]
	rm -rf "$T/failures.bad"
	: >"$T/log"
	expect_good_table
	limits 1000 1000
	rm -f "$T/failures"
}

@test "failures: what is no table of ours is put aside, and nobody notices but the log" {
	failures_place
	head -c 100000 /dev/urandom >"$T/failures"
	chmod 600 "$T/failures"
	expect_recovery
	echo 'a file of mine' >"$T/failures"
	expect_recovery
	ln -s /etc/passwd "$T/failures"
	expect_recovery
	[ -s /etc/passwd ]
	ln -s "$T/nowhere" "$T/failures"
	expect_recovery
	[ ! -e "$T/nowhere" ]
	mkfifo "$T/failures"
	expect_recovery
	mkdir "$T/failures"
	expect_recovery
	truncate -s 1G "$T/failures"
	chmod 600 "$T/failures"
	expect_recovery
	# A real table, cut: it is mapped, and reading it is a SIGBUS.
	fail 3 192.0.2.1 alice
	truncate -s 5000 "$T/failures"
	expect_recovery
	if [ "$(id -u)" = 0 ]; then
		fail 1 192.0.2.1 alice
		chown daemon "$T/failures"
		expect_recovery
	fi
}

@test "failures: a folder that others may write to is told, and log-ins work" {
	failures_place
	chmod 777 "$T"
	from 192.0.2.1 'login alice wrong' 'login alice secret'
	expect "$AUTH_FAILED" 'login ok'
	expect_log "EVENT=note .*REASON=\"$T/failures: failed log-ins are not counted: Permission denied"
	[ ! -e "$T/failures" ]
	chmod 755 "$T"
	expect_log EVENT=login
	: >"$T/log"
	expect_good_table
}

@test "failures: an ordinary user needs no set-up" {
	failures_place
	local table=$T/xdg/pillarbox/cache/failures
	mkdir "$T/xdg"
	ordinary() { env HOME="$T" XDG_STATE_HOME="$T/xdg" "$@"; }
	if [ "$(id -u)" = 0 ]; then
		chown 65534:65534 "$T/xdg"
		ordinary() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$T" XDG_STATE_HOME="$T/xdg" "$@"; }
	elif [ "$(id -u)" -lt 1000 ]; then
		skip "a system user isn't an ordinary one"
	fi
	printf '[accounts]\nsource = file\nfile = %s\n[server]\ndomains = example.org\n[auth]\nfailure_delay = 0\n' \
		"$T/users" >"$T/own.conf"
	output=$(printf '%s\n' 'login alice wrong' 'login alice secret' |
		ordinary "$T/bin/agent-tool" --spawn "$T/own.conf" 2>>"$T/log")
	expect "$AUTH_FAILED" 'login ok'
	[ "$(stat -c %a "$table")" = 600 ]
	[ "$(stat -c %a "${table%/*}")" = 700 ]
	run ! grep -q 'EVENT=note.*failures' "$T/log"
	printf 'source_failures = 1\n' >>"$T/own.conf"
	output=$(printf '%s\n' 'login bob secret' | ordinary "$T/bin/agent-tool" --spawn "$T/own.conf" 2>>"$T/log")
	expect "$REFUSED"
	# Whoever holds a pipe of this user's has nothing to guess.
	printf '[server]\ndomains = example.org\n' >"$T/own.conf"
	rm "$table"
	output=$(printf '%s\n' "login $([ "$(id -u)" = 0 ] && echo nobody || id -un) x" |
		ordinary "$T/bin/agent-tool" --spawn-pipe "$T/own.conf" 2>>"$T/log")
	expect 'login ok'
	[ ! -e "$table" ]
}
