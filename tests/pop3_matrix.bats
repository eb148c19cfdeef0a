#!/usr/bin/env bats
# Every verb in every state, made from the program's own table (--dump-verbs): where it is legal it is done or
# fails for a reason of its own; where it is not, the answer is that. A new verb is tested without a word here.

setup() {
	load helper
	load maildrop
}

teardown() { unplace; }

# The commands that lead to a state, whose replies come first.
declare -gA WAY=(
	[authorization]=''
	[named]=$'USER alice\n'
	[transaction]=$'USER alice\nPASS secret\n'
)

# example USAGE: a command that the usage allows.
example() {
	sed 's/ \[.*\]//; s/\bname\b/alice/; s/\bpassword\b/secret/; s/\bmessage\b/1/; s/\blines\b/0/' <<<"$1"
}

# reply STATE COMMAND: the first line that COMMAND brings in STATE.
reply() {
	local way=${WAY[$1]}
	printf '%s%s\n' "$way" "$2" | crlf | pop3 | tr -d '\r' | sed -n "$(($(grep -c . <<<"$way") + 2))p"
}

@test "pop3 matrix: every verb in every state" {
	local name states usage state got failed=0 count=0
	place <<<$'[limits]\nerrors = 1000'
	while IFS=$'\t' read -r name states usage; do
		for state in "${!WAY[@]}"; do
			messages 2 | seed alice
			got=$(reply "$state" "$(example "$usage")")
			count=$((count + 1))
			case ,$states, in
			*,"$state",*) [[ "$got" =~ ^\+OK\  ]] ;;
			*) [[ "$got" == "-ERR $name is not possible in this state" ]] ;;
			esac || { echo "$state: $(example "$usage"): $got (legal in: $states)"; failed=1; }
		done
	done < <("$BUILD/pop3-session" --dump-verbs)
	[ "$count" -ge 36 ]
	[ "$failed" = 0 ]
}

@test "pop3 matrix: the table knows no state that the test does not" {
	local states
	states=$("$BUILD/pop3-session" --dump-verbs | cut -f 2 | tr , '\n' | sort -u | tr '\n' ' ')
	[ "$states" = "authorization named transaction " ]
}

@test "pop3 matrix: every verb: any case is the same" {
	local name states usage line wanted count=0
	place <<<$'[limits]\nerrors = 1000'
	while IFS=$'\t' read -r name states usage; do
		line=$(example "$usage")
		wanted=$(reply authorization "$line")
		[ -n "$wanted" ]
		[ "$(reply authorization "${line,,}")" = "$wanted" ]
		count=$((count + 1))
	done < <("$BUILD/pop3-session" --dump-verbs)
	[ "$count" -ge 12 ]
}
