#!/usr/bin/env bats
# Every verb in every state, with everything that a connection may have (matrix.py). A new verb is tested without a
# word here.

setup() {
	load helper
	load maildrop
}

teardown() { unplace; }

@test "pop3 matrix: every verb in every state" {
	place <<<$'[limits]\nerrors = 1000\n[auth]\nplaintext = never'
	messages 2 | seed alice
	secure
	cp "$CONF" "$T/base.conf"
	[ "$(python3 "$BATS_TEST_DIRNAME/matrix.py" pop3-session)" -ge 110 ]
}

# example USAGE: a command that the usage allows.
example() {
	sed 's/ \[.*\]//; s/\bname\b/alice/; s/\bpassword\b/secret/; s/\bmessage\b/1/; s/\blines\b/0/' <<<"$1"
}

# reply COMMAND: the first line that COMMAND brings at first.
reply() { printf '%s\n' "$1" | crlf | pop3 | tr -d '\r' | sed -n 2p; }

@test "pop3 matrix: every verb: any case is the same" {
	local usage line wanted count=0
	place <<<$'[limits]\nerrors = 1000'
	while IFS=$'\t' read -r _ _ usage _; do
		line=$(example "$usage")
		wanted=$(reply "$line")
		[ -n "$wanted" ]
		[ "$(reply "${line,,}")" = "$wanted" ]
		count=$((count + 1))
	done < <("$BUILD/pop3-session" --dump-verbs)
	[ "$count" -ge 14 ]
}
