#!/usr/bin/env bats
# The index: what it saves, and that it never costs more than a scan.
# shellcheck disable=SC2030,SC2031
load helper
load faults

setup() {
	faults_setup "${TMPDIR:-/var/tmp}"
	mkdir "$T/cache"
	export SPOOL_TOOL_CACHE=$T/cache
	: >"$T/message"
}

teardown() { rm -rf "$T"; }

index() { echo "$T/cache/${BOX//\//%2F}.index"; }

# So that what was written before can't be mistaken for what is written now: the clock's tick, and then some.
grow_old() { sleep 0.05; }

# octets_read verb...: of the mailbox.
octets_read() {
	strace -qq -y -o "$T/trace" -e trace=read,pread64 "$TOOL" "mbox:$BOX" "$T/state" "$@" >/dev/null
	awk -v box="<$BOX>" 'index($0, box) { sum += $NF } END { print sum + 0 }' "$T/trace"
}

listed() { diff <(tool list) <(SPOOL_TOOL_CACHE='' tool list); }

@test "a mailbox that has not changed is not read" {
	make_box 100 20000
	grow_old
	[ "$(octets_read list)" -ge "$(stat -c %s "$BOX")" ]
	[ "$(octets_read list)" = 0 ]
	listed
}

@test "of one that has grown only what is new is read" {
	make_box 100 20000
	grow_old
	tool list >/dev/null
	printf 'From x@y Tue Nov 24 13:00:00 2026\nMessage-ID: <n@x>\n\nhello\n\n' >>"$BOX"
	grow_old
	[ "$(octets_read list)" -lt 50000 ]
	[ "$(octets_read list)" = 0 ]
	printf 'Subject: ours\n\nhello\n' | tool deliver a@b c@d
	grow_old
	[ "$(octets_read list)" -lt 50000 ]
	listed
	[ "$(tool list | wc -l)" = 102 ]
}

@test "after a removal nothing is read anew" {
	make_box 100 20000
	grow_old
	tool list >/dev/null
	[ "$(octets_read remove 2 50 51 100)" -lt 200000 ]
	[ "$(octets_read list)" = 0 ]
	listed
}

# Its octets become a field of the next message's: no other message moves, and then the mailbox grows.
@test "after a removal by somebody without the index, and growth, what is gone is not listed" {
	make_box 600 600
	grow_old
	tool list >/dev/null
	SPOOL_TOOL_CACHE='' tool remove 50
	printf 'Subject: ours\n\nhello\n%01000d\n' 0 | tool deliver a@b c@d
	grow_old
	listed
	[ "$(tool list | wc -l)" = 600 ]
}

# reports N...: messages that differ in a few octets of their headers, as what a machine sends every hour.
reports() {
	perl -e '
		for my $n (@ARGV) {
			printf "From cron\@x Tue Nov 24 13:%02d:00 2026\nReceived: by x id %04d\nSubject: report\n\n", $n, $n;
			print "all is well, as ever\n" x 300, "\n";
		}' "$@"
}

@test "after a removal by others, and growth, of messages that are of one length and end alike, each is listed" {
	reports 1 2 3 4 >"$BOX"
	grow_old
	tool list >"$T/seen"
	reports 1 3 4 5 6 >"$T/new"
	cat "$T/new" >"$BOX"
	grow_old
	listed
	[ "$(tool list | sort -k 3 | join -1 3 -2 3 - <(sort -k 3 "$T/seen") | wc -l)" = 3 ]
}

@test "after a removal that was killed, and growth, what is gone is not listed" {
	local call n gone=0
	make_box 600 600
	points "$CHANGES" remove 50 >"$T/points"
	while read -r call n <&3; do
		restore
		grow_old
		tool list >/dev/null
		traced "$call" signal=KILL "$n" remove 50 || true
		printf 'Subject: ours\n\nhello\n%01000d\n' 0 | SPOOL_TOOL_CACHE='' tool deliver a@b c@d
		grow_old
		listed
		[ "$(tool list | wc -l)" -eq 601 ] || gone=$((gone + 1))
	done 3<"$T/points"
	[ "$gone" -gt 0 ]
}

@test "one that others have rewritten is read" {
	make_box 100 20000
	grow_old
	tool list >/dev/null
	perl -0777 -pi -e 's/\nMessage-ID: <50\@x>\n/\nMessage-ID: <xx\@x>\n/' "$BOX"
	[ "$(octets_read list)" -ge "$(stat -c %s "$BOX")" ]
	listed
	perl -0777 -pe 's/\nMessage-ID: <51\@x>\n/\nMessage-ID: <yy\@x>\n/' "$BOX" >"$T/new"
	cat "$T/new" >"$BOX"
	listed
	touch -d '2026-01-01' "$BOX"
	listed
}

@test "an index of somebody else's is not believed" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	make_box 10 2000
	grow_old
	tool list >/dev/null
	chown daemon "$(index)"
	[ "$(octets_read list)" -ge "$(stat -c %s "$BOX")" ]
	listed
}

@test "an index of another mailbox, under this one's name, is not believed" {
	make_box 10 2000
	grow_old
	tool list >/dev/null
	cp "$(index)" "$T/other"
	make_box 12 3000
	grow_old
	cp "$T/other" "$(index)"
	listed
}

# bats test_tags=sweep
@test "killed or failed at any call while the index is written: the next one lists what is there" {
	local call n what
	make_box 60 2000
	grow_old
	points "$CHANGES,openat,close" list >"$T/points"
	for what in signal=KILL error=EIO error=ENOSPC; do
		while read -r call n <&3; do
			rm -f "$(index)"
			traced "$call" "$what" "$n" list >/dev/null || true
			listed || { echo "$what at $call $n"; return 1; }
		done 3<"$T/points"
	done
}

@test "a cache that is not there, or can't be written to, is no hindrance" {
	make_box 10 2000
	SPOOL_TOOL_CACHE=$T/nowhere tool list >"$T/list"
	[ "$(wc -l <"$T/list")" = 10 ]
	mkdir "$(index)"
	tool list | cmp - "$T/list"
	tool remove 1
	[ "$(tool list | wc -l)" = 9 ]
}
