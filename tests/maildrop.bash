# Mailboxes for tests, made of octets without any program of ours. Load helper.bash first.
# shellcheck shell=bash

# seed USER: standard input becomes USER's mailbox.
seed() {
	rm -rf "$T/mail/$1"
	cat >"$T/mail/$1"
	chmod 600 "$T/mail/$1"
	if [ "$(id -u)" = 0 ]; then chown "$OWNER" "$T/mail/$1"; fi
}

# messages N: N small messages as an mbox, each with its own number in it.
messages() {
	perl -e 'for (1 .. $ARGV[0]) {
		print "From sender\@example.net Mon Jan  1 00:00:00 2024\n",
			"Message-ID: <$_\@example.net>\nSubject: message $_\n\nThis is message $_.\n\n" }' "$1"
}

# as_owner COMMAND...: as the user to whom the mailboxes belong.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$OWNER" --regid="$(id -g "$OWNER")" --clear-groups "$@"
	else
		"$@"
	fi
}

# talk LINE...: a session of alice's with these commands, from USER to what is given; prints the replies with LF.
talk() { printf '%s\r\n' 'USER alice' 'PASS secret' "$@" | pop3 | tr -d '\r'; }

# expect_line REGEX: one line of $output is exactly that; else shows what there was instead.
expect_line() {
	grep -qxE -- "$1" <<<"$output" || { printf 'no line is "%s" in:\n%s\n' "$1" "$output"; return 1; }
}

expect_no_line() {
	! grep -qxE -- "$1" <<<"$output" || { printf 'a line is "%s" in:\n%s\n' "$1" "$output"; return 1; }
}

# expect_same WANTED GOT: two files.
expect_same() { diff -u --label wanted --label got "$1" "$2" | head -n 60; [ "${PIPESTATUS[0]}" -eq 0 ]; }

# expect_log REGEX: within a second, the log has it.
expect_log() {
	local i
	for i in $(seq 20); do
		grep -qE -- "$1" "$T/log" && return 0
		sleep 0.05
	done
	printf 'the log has no "%s" (%s tries):\n' "$1" "$i"
	cat "$T/log"
	return 1
}
