#!/usr/bin/env bats
# Every verb in every state, with everything that a connection may have (matrix.py), and what EHLO says of it.

setup() { load helper; }
teardown() { unplace; }

# matrix COUNT [FLAG]...: at least so many combinations, all as the table says.
matrix() {
	place <<<$'[limits]\nerrors = 1000\n[auth]\nplaintext = never'
	secure
	cp "$CONF" "$T/base.conf"
	[ "$(python3 "$BATS_TEST_DIRNAME/matrix.py" smtp-session "${@:2}")" -ge "$1" ]
}

@test "smtp matrix: every verb of SMTP" { matrix 280; }

@test "smtp matrix: every verb of submission" { matrix 180 --submission; }

@test "smtp matrix: every verb of LMTP" { matrix 260 --lmtp; }

# offers [FLAG]...: EHLO's keywords, in one line.
offers() { printf 'EHLO x\nQUIT\n' | smtp "$@" | tr -d '\r' | sed -n 's/^250[- ]//p' | tail -n +2 | paste -sd,; }

@test "smtp matrix: what EHLO advertises is there" {
	place
	[ "$(offers)" = 'PIPELINING,ENHANCEDSTATUSCODES,HELP,AUTH PLAIN LOGIN,SIZE 52428800,8BITMIME' ]
	[ "$(offers --submission)" = "$(offers)" ]
	secure
	[ "$(offers)" = 'PIPELINING,ENHANCEDSTATUSCODES,HELP,STARTTLS,AUTH PLAIN LOGIN,SIZE 52428800,8BITMIME' ]
	printf '[auth]\nplaintext = never\n' >>"$CONF"
	[ "$(offers)" = 'PIPELINING,ENHANCEDSTATUSCODES,HELP,STARTTLS,SIZE 52428800,8BITMIME' ]
	[ "$(offers --submission)" = "$(offers)" ]
}

@test "smtp matrix: every reply but greeting, EHLO, HELO, 334 and 354 has an enhanced status code of its class" {
	place <<<$'[limits]\nerrors = 1000'
	for file in "$BATS_TEST_DIRNAME"/dialogues/smtp/*.in; do
		crlf <"$file" | smtp | tr -d '\r'
	done >"$T/all"
	perl -ne 'next if /^220 |^3[35]4 |^250[- ](mail\.example\.org|PIPELINING|ENHANCEDSTATUSCODES|HELP|AUTH|SIZE|8BITMIME)/;
		/^(\d)\d\d[- ]\1\.\d+\.\d+ \S/ or do { print; $bad = 1 }; END { exit($bad // 0) }' "$T/all"
	[ "$(grep -c . "$T/all")" -gt 100 ]
}
