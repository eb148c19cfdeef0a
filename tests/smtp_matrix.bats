#!/usr/bin/env bats
# Every verb in every state, made from the program's own tables (--dump-verbs): where it is legal the answer is not
# "out of order", where it is not it is exactly that, and afterwards the state is what it was.

setup() { load helper; }
teardown() { unplace; }

declare -gA WAY=(
	[start]=''
	[ready]='HELLO x\n'
	[sender]='HELLO x\nMAIL FROM:<a@b.c>\n'
	[recipients]='HELLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\n'
)

# example USAGE: a command that the usage allows.
example() { sed 's/ \[.*\]//; s/domain/x/; s/string/alice/; s/<reverse-path>/<a@b.c>/; s/<forward-path>/<bob@example.org>/' <<<"$1"; }

# reply FLAG STATE COMMAND: the last line of the reply that COMMAND brings in STATE.
reply() {
	local way=${WAY[$2]} hello=EHLO
	[ "$1" = --lmtp ] && hello=LHLO
	printf "${way//HELLO/$hello}%s\n" "$3" | smtp $1 | tr -d '\r' | grep -E '^[0-9]{3} ' |
		sed -n "$(($(printf "$way" | grep -c .) + 2))p"
}

# after FLAG STATE COMMAND: what MAIL, RCPT and RSET answer behind it: the state that it has left.
after() {
	local way=${WAY[$2]} hello=EHLO
	[ "$1" = --lmtp ] && hello=LHLO
	printf "${way//HELLO/$hello}%s\nMAIL FROM:<x@y.z>\nRCPT TO:<bob@example.org>\nRSET\n" "$3" | smtp $1 | tr -d '\r' | tail -n 3
}

matrix() {
	local name states usage state got count=0 failed=0
	place <<<$'[limits]\nerrors = 1000'
	while IFS=$'\t' read -r name states usage; do
		for state in "${!WAY[@]}"; do
			got=$(reply "$1" "$state" "$(example "$usage")")
			count=$((count + 1))
			case ,$states, in
			*,"$state",*) [[ "$got" =~ ^([23]|502) ]] ;;
			*) [[ "$got" == "503 5.5.1 $name "* ]] && [ "$(after "$1" "$state" "$(example "$usage")")" = "$(after "$1" "$state" NOOP)" ] ;;
			esac || { echo "$name in $state: $got"; failed=1; }
		done
	done < <("$BUILD/smtp-session" $1 --dump-verbs)
	[ "$count" -ge 40 ]
	return $failed
}

@test "smtp matrix: every verb of SMTP in every state" { matrix ''; }

@test "smtp matrix: every verb of LMTP in every state" { matrix --lmtp; }

@test "smtp matrix: the tables know no state that the test does not" {
	[ "$(for f in '' --lmtp; do "$BUILD/smtp-session" $f --dump-verbs; done | cut -f 2 | tr , '\n' | sort -u | tr '\n' ' ')" \
		= "ready recipients sender start " ]
}

@test "smtp matrix: what EHLO advertises is there" {
	place
	printf 'EHLO x\nQUIT\n' | smtp | tr -d '\r' >"$T/out"
	sed -n 2,7p "$T/out" | diff - <(printf '250-mail.example.org\n250-PIPELINING\n250-ENHANCEDSTATUSCODES\n250-HELP\n250-SIZE 52428800\n250 8BITMIME\n')
}

@test "smtp matrix: every reply but greeting, EHLO, HELO and 354 has an enhanced status code of its class" {
	place <<<$'[limits]\nerrors = 1000'
	for file in "$BATS_TEST_DIRNAME"/dialogues/smtp/*.in; do
		crlf <"$file" | smtp | tr -d '\r'
	done >"$T/all"
	perl -ne 'next if /^220 |^354 |^250[- ](mail\.example\.org|PIPELINING|ENHANCEDSTATUSCODES|HELP|SIZE|8BITMIME)/;
		/^(\d)\d\d[- ]\1\.\d+\.\d+ \S/ or do { print; $bad = 1 }; END { exit($bad // 0) }' "$T/all"
	[ "$(grep -c . "$T/all")" -gt 100 ]
}
