#!/usr/bin/env bats
# Removals that cut blocks out of the mailbox: killed or failed at every system call, torn, and read by others.
# shellcheck disable=SC2030,SC2031
load helper
load faults

setup() {
	faults_setup "${TMPDIR:-/var/tmp}"
	truncate -s 64k "$T/probe"
	fallocate -c -o 0 -l 32k "$T/probe" 2>/dev/null || skip "nothing can be cut out of files in ${TMPDIR:-/var/tmp}"
	: >"$T/message"
}

teardown() { rm -rf "$T"; }

cut_journal() { echo "$T/state/${BOX//\//%2F}.cut"; }

# cuts N...: removing these cuts blocks out.
cuts() {
	restore
	strace -qq -o "$T/trace" -e trace=fallocate "$TOOL" "mbox:$BOX" "$T/state" remove "$@"
	grep -q 'COLLAPSE_RANGE.*= 0$' "$T/trace"
}

# bats test_tags=sweep
@test "cutting out the first message, killed at every call" {
	make_box 12 50000
	cuts 1
	removal 1
}

# bats test_tags=sweep
@test "cutting out many messages and the last ones, killed at every call" {
	make_box 30 50000
	cuts 2 4 6 8 10 12 20 22 29 30
	removal 2 4 6 8 10 12 20 22 29 30
}

# bats test_tags=sweep
@test "a small message in a large mailbox becomes padding, killed at every call" {
	make_box 20 50000
	perl -0777 -pe 's/^(From .*\nMessage-ID: <3\@x>\n)(?:.*\n)*?\n(?=From )/$1\nshort\n\n/m' "$T/want/before" >"$T/short"
	mv "$T/short" "$T/want/before"
	restore
	tool remove 3
	grep -q '^X-Pillarbox-Padding: x' "$BOX"
	removal 3
}

# bats test_tags=sweep
@test "padding goes with its message, and with what is removed in front of it; killed at every call" {
	make_box 20 50000
	tool remove 1 3 5
	[ "$(grep -c '^X-Pillarbox-Padding: x' "$BOX")" = 3 ]
	unpadded "$BOX" >"$T/want/plain"
	cp "$BOX" "$T/want/before"
	# 1 is removed, and 3 in front of a padded one; 2 takes its own padding with it.
	want_without 1 2 3
	unpadded "$T/want/after" >"$T/want/after.plain"
	points "$CALLS" remove 1 2 3 >"$T/points"
	while read -r call n <&3; do
		restore
		traced "$call" signal=KILL "$n" remove 1 2 3 || true
		is_one_of "$T/want/plain" "$T/want/after.plain" || { echo "killed at $call $n"; return 1; }
	done 3<"$T/points"
}

# bats test_tags=sweep
@test "cutting with a failing call: success is success, else as before or finished later" {
	local error
	make_box 12 50000
	want_without 2 5 8
	for error in EIO ENOSPC EINTR; do fail_everywhere "$error" remove 2 5 8; done
	want_without 2 11 12
	fail_everywhere EIO remove 2 11 12
}

@test "where cutting is refused after all the rest is padding, or all is moved" {
	local n
	make_box 12 50000
	want_without 2 5 8
	for n in 2 3 4; do
		restore
		traced fallocate error=EINVAL "$n" remove 2 5 8
		is_one_of "$T/want/after"
	done
	restore
	traced fallocate error=EOPNOTSUPP 1+ remove 2 5 8 || true
	is_one_of "$T/want/before" "$T/want/after"
}

# killed_at CALL N remove...: and what others do then.
killed_at() {
	restore
	traced "$1" signal=KILL "$2" "${@:3}" || true
}

@test "others append to a mailbox that is half cut: they keep what they brought" {
	local call n
	make_box 12 50000
	want_without 2 5 11 12
	printf '%s\n' 'From x@y Tue Nov 24 13:00:00 2026' 'Message-ID: <foreign@x>' '' 'hello' '' >"$T/foreign"
	cat "$T/want/before" "$T/foreign" >"$T/want/before+"
	cat "$T/want/after" "$T/foreign" >"$T/want/after+"
	points "$CHANGES" remove 2 5 11 12 >"$T/points"
	while read -r call n <&3; do
		killed_at "$call" "$n" remove 2 5 11 12
		cat "$T/foreign" >>"$BOX"
		is_one_of "$T/want/before+" "$T/want/after+" || { echo "killed at $call $n"; return 1; }
	done 3<"$T/points"
}

@test "others rewrite a mailbox that is half cut: the journal is put aside and nothing touched" {
	local n
	make_box 12 50000
	for n in 2 3 4; do
		killed_at fallocate "$n" remove 2 5 8
		[ -e "$(cut_journal)" ]
		perl -0777 -pe 's/(Message-ID: <9\@x>\n)/$1Status: RO\n/' "$BOX" >"$T/new"
		cat "$T/new" >"$BOX"
		tool list 2>"$T/notes" >/dev/null
		cmp "$BOX" "$T/new"
		[ ! -e "$(cut_journal)" ]
		grep -q "^note: $BOX: .*box\.cut\.orphan" "$T/notes"
	done
}

@test "at each instant others find every kept message, From_ line, header and text" {
	local call n
	make_box 12 50000
	tool remove 1 6
	cp "$BOX" "$T/want/before"
	points "$CHANGES" remove 2 4 6 >"$T/points"
	while read -r call n <&3; do
		killed_at "$call" "$n" remove 2 4 6
		python3 - "$BOX" "$T/want/before" 1 3 5 7 8 9 10 <<-'END' || { echo "killed at $call $n"; return 1; }
			import mailbox, sys
			def texts(path):
			    box = mailbox.mbox(path, create=False)
			    return [(m["Message-ID"], m["Subject"], m.get_payload()) for m in box]
			now, before = texts(sys.argv[1]), texts(sys.argv[2])
			lost = [before[int(n) - 1][0] for n in sys.argv[3:] if before[int(n) - 1] not in now]
			sys.exit(f"lost: {lost}" if lost else 0)
		END
	done 3<"$T/points"
}

@test "a damaged journal is put aside" {
	make_box 12 50000
	killed_at fallocate 3 remove 2 5 8
	cp "$BOX" "$T/half"
	printf x | dd of="$(cut_journal)" bs=1 seek=100 conv=notrunc status=none
	tool list 2>"$T/notes" >/dev/null
	cmp "$BOX" "$T/half"
	grep -q '^note: .*the journal is damaged' "$T/notes"
}

# interrupted WHERE: the cut that was made last, as the power may have interrupted it: in blocks behind its place.
interrupted() {
	local at len size
	read -r at len < <(sed -n 's/.*COLLAPSE_RANGE, \([0-9]*\), \([0-9]*\)) *= 0$/\1 \2/p' "$T/trace" | tail -n 1)
	size=$(stat -c %s "$BOX")
	if [ "$1" = end ]; then
		truncate -s $((size + len)) "$BOX"
	elif [ $((at + $1 * 4096)) -lt "$size" ]; then
		fallocate -i -o $((at + $1 * 4096)) -l "$len" "$BOX"
	fi
}

@test "a cut that the power interrupted inside of the file system is finished" {
	local n where
	make_box 12 50000
	want_without 2 5 8 12
	fallocate -i -o 4096 -l 4096 "$BOX" 2>/dev/null || skip "no holes can be put into files"
	for n in 3 4 5; do # two cuts of three, or all of them, are made
		for where in 0 1 2 10 12 13 30 40 60 80 end; do
			restore
			strace -qq -o "$T/trace" -e trace=fallocate,ftruncate -e "inject=fallocate:signal=KILL:when=$n" \
				-e inject=ftruncate:signal=KILL "$TOOL" "mbox:$BOX" "$T/state" remove 2 5 8 12 2>/dev/null || true
			[ -e "$(cut_journal)" ]
			interrupted "$where"
			is_one_of "$T/want/after" || { echo "at $n, $where"; return 1; }
		done
	done
}

@test "zeros up to a block's border, of a mailbox that was being shortened, are cut off" {
	local size
	for n in 400 5000; do
		make_box 12 50000
		perl -0777 -pi -e 's/^(From .*\nMessage-ID: <12\@x>\n)(?:.*\n)*\z/$1\n/m' "$T/want/before"
		perl -e 'print "x" x 63, "\n" for 1 .. $ARGV[0] / 64; print "\n"' "$n" >>"$T/want/before"
		want_without 2 12
		restore
		killed_at ftruncate 1 remove 2 12
		[ -e "$(cut_journal)" ]
		size=$(unpadded "$BOX" | python3 -c 'import sys; print(sys.stdin.buffer.read().rindex(b"From a@b"))')
		size=$((size + $(stat -c %s "$BOX") - $(unpadded "$BOX" | wc -c)))
		zeroed "$size"
		is_one_of "$T/want/after" || { echo "$n"; return 1; }
	done
}
