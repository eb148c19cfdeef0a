#!/usr/bin/env bats
# The agent's users' children belong to those users, who may stop them, or have them read for ever. No monitor waits for
# that: it ends its child, without a capability for it, and the session hears of a temporary error.

setup() {
	load helper
	load maildrop
	load agent
	STOPPED=()
}

teardown() {
	# What a test that failed has left stopped would stay for ever.
	for pid in "${STOPPED[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	unplace
}

# As the unit starts the agent: root without CAP_KILL. An ordinary user may signal its own processes anyway.
powerless() {
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --bounding-set -kill --inh-caps -kill "$@"
	fi
	exec "$@"
}

# children_place: nobody waits longer than two seconds (half a session), but for locks.
children_place() {
	agent_place <<<$'[limits]\nsession_time = 4\nlock_timeout = 30'
	messages 3 | seed alice
	messages 1 | seed bob
}

# foreign_lock USER: this process holds the mailbox.
foreign_lock() {
	echo $$ >"$T/mail/$1.lock"
}

# find_pair: $MONITOR and $CHILD of $TOOL.
find_pair() {
	MONITOR=$(pgrep -P "$TOOL")
	CHILD=$(pgrep -P "$MONITOR")
}

has_child() { CHILD=$(pgrep -P "$(pgrep -P "$TOOL")"); }

# sweep PID: teardown() is to end it if the test does not.
sweep() { STOPPED+=("$1"); }

# stop_one_of MONITOR: $CHILD, as its owner does. Another one that the monitor has had for an instant is not his.
stop_one_of() {
	CHILD=$(pgrep -P "$1") && as_owner kill -STOP "$CHILD" 2>/dev/null && sleep 0.05 && is_stopped "$CHILD"
}

# stop_child: $CHILD of $TOOL's monitor.
stop_child() {
	eventually has_child
	find_pair
	eventually stop_one_of "$MONITOR"
	sweep "$CHILD"
}

is_stopped() { [ "$(process_status "$1" State)" = T ]; }

is_gone() { [ ! -e "/proc/$1" ]; }

# await_reply SECONDS: as in say().
await_reply() { read -r -t "$1" reply <&8; }

@test "children: a delivery that the owner stops is over in time, and the session goes on" {
	local before
	children_place
	foreign_lock alice
	start_asking powerless
	say stage
	echo 'write Subject: stopped' >&7
	echo 'deliver - alice@example.org q1' >&7
	stop_child
	before=$(process_status "$MONITOR" CapEff)
	if [ "$(id -u)" = 0 ]; then [ $((0x$before & 1 << 5)) = 0 ]; fi
	rm "$T/mail/alice.lock"
	await_reply 8
	[ "$reply" = 'deliver temp 4.3.0 the delivery to alice broke off' ]
	is_gone "$CHILD"
	expect_log 'EVENT=child-killed SESSION_ID=testsession REMOTE_ADDR=192.0.2.7 USER=alice REASON="it took too long"'
	expect_log 'EVENT=delivery-deferred .*USER=alice QUEUE_ID=q1'
	# The monitor is who it was, and may what it might.
	[ "$(process_status "$MONITOR" CapEff)" = "$before" ]
	[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$MONITOR/status" | tr ' ' '\n' | sort -u)" = "$(id -u)" ]
	say 'deliver - bob@example.org q2'
	[ "$reply" = 'deliver ok' ]
	say 'deliver - alice@example.org q3'
	[ "$reply" = 'deliver ok' ]
	stop_asking
	[ "$(grep -c '^Subject: stopped' "$T/mail/alice")" = 1 ]
	[ "$(grep -c '^Subject: ' "$T/mail/alice")" = 4 ]
	[ "$(grep -c child-killed "$T/log")" = 1 ]
	no_process "^spool-agent --config $CONF"
}

@test "children: a removal that the owner stops is over in time, and removes nothing" {
	children_place
	cp "$T/mail/alice" "$T/before"
	start_asking powerless
	say 'login alice secret'
	say open
	foreign_lock alice
	echo 'update 3 07' >&7
	sleep 0.5
	stop_child
	rm "$T/mail/alice.lock"
	await_reply 8
	[ "$reply" = gone ]
	stop_asking
	expect_log 'EVENT=child-killed .*USER=alice REASON="it took too long"'
	no_process "^spool-agent --config $CONF"
	is_gone "$CHILD"
	cmp "$T/before" "$T/mail/alice"
	ask 'login alice secret' open
	[[ ${lines[1]} == 'count=3 '* ]]
}

@test "children: one that is stopped while it only waits ends with its session" {
	children_place
	start_asking powerless
	say 'login alice secret'
	say open
	stop_child
	stop_asking
	eventually is_gone "$CHILD"
	no_process "^spool-agent --config $CONF"
	expect_log 'EVENT=child-killed .*USER=alice REASON="its session has ended and it did not"'
}

@test "children: one that is stopped as soon as it is the user's is not waited for" {
	needs_root
	command -v strace >/dev/null || skip "needs strace"
	children_place
	# capset(2) comes next after setresuid(2).
	printf 'stage\nwrite x\ndeliver - alice@example.org q1\nlookup bob@example.org\n' |
		ASAN_OPTIONS=detect_leaks=0 timeout -s KILL 20 setpriv --bounding-set -kill --inh-caps -kill \
			strace -f -qq -o "$T/trace" -e trace=capset,kill,setresuid -e inject=capset:signal=STOP:when=1 \
			"$T/bin/agent-tool" --spawn "$CONF" >"$T/replies" 2>>"$T/log"
	output=$(cat "$T/replies")
	expect 'stage ok' "deliver temp 4.3.0 the user's process did not start: Connection timed out" 'lookup ok'
	expect_log 'EVENT=child-killed .*USER=alice REASON="it took too long"'
	# Not as root, but as the user.
	grep -qE ' kill\([0-9]+, SIGKILL\) += -1 EPERM' "$T/trace"
	grep -qE ' kill\([0-9]+, SIGKILL\) += 0' "$T/trace"
	no_process "^spool-agent --config $CONF"
}

@test "children: a session that hangs up while its child reads a huge mailbox ends it" {
	children_place
	truncate -s 4T "$T/mail/alice" 2>/dev/null || truncate -s 100G "$T/mail/alice" || skip "no sparse files"
	start_asking powerless
	say 'login alice secret'
	echo open >&7
	sleep 0.5
	find_pair
	sweep "$CHILD"
	[ "$(process_status "$CHILD" State)" != S ]
	kill -KILL "$TOOL"
	SECONDS=0
	eventually is_gone "$CHILD"
	[ "$SECONDS" -le 5 ]
	exec 7>&- 8<&-
	no_process "^spool-agent --config $CONF"
	expect_log 'EVENT=child-killed .*USER=alice REASON="its session has ended and it did not"'
}

@test "children: a delivery whose session hangs up may end in peace" {
	agent_place
	messages 3 | seed alice
	foreign_lock alice
	start_asking powerless
	say stage
	echo 'write Subject: late' >&7
	echo 'deliver - alice@example.org q1' >&7
	eventually has_child
	kill -KILL "$TOOL"
	# Longer than the grace of who only reads.
	sleep 3
	[ -e "/proc/$CHILD" ]
	rm "$T/mail/alice.lock"
	exec 7>&- 8<&-
	no_process "^spool-agent --config $CONF"
	[ "$(grep -c '^Subject: late' "$T/mail/alice")" = 1 ]
	expect_log 'EVENT=delivered .*USER=alice QUEUE_ID=q1'
	run ! grep child-killed "$T/log"
}

@test "children: who stops as many as there may be shuts nobody out for long" {
	local agent monitor child tools=()
	children_place
	printf '[limits]\nconnections = 1\n' >>"$CONF"
	systemd-socket-activate -E ASAN_OPTIONS --seqpacket -l "$T/agent" "$BUILD/spool-agent" --config "$CONF" \
		>/dev/null 2>>"$T/log" 3>&- &
	agent=$!
	PIDS+=("$agent")
	while [ ! -S "$T/agent" ]; do sleep 0.05; done
	foreign_lock alice
	for _ in 1 2 3 4; do
		printf 'stage\nwrite x\ndeliver - alice@example.org q1\n' |
			"$T/bin/agent-tool" --connect "$T/agent" >>"$T/stopped" 3>&- &
		tools+=($!)
	done
	has_monitors() { [ "$(pgrep -P "$agent" | wc -l)" = 4 ]; }
	eventually has_monitors
	for monitor in $(pgrep -P "$agent"); do
		eventually stop_one_of "$monitor"
		sweep "$CHILD"
	done
	# It waits in the queue, but not for ever.
	output=$(timeout -s KILL 15 "$T/bin/agent-tool" --connect "$T/agent" <<<'lookup bob@example.org')
	expect 'lookup ok'
	wait "${tools[@]}"
	[ "$(grep -c '^deliver temp 4.3.0 the delivery to alice broke off$' "$T/stopped")" = 4 ]
	for child in "${STOPPED[@]}"; do is_gone "$child"; done
}
