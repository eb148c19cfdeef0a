#!/usr/bin/env bats
# spoolctl check --repair: what it mends, what it leaves, where it puts what has no place in the mailbox.
load helper
load maildrop

F=$'From a@b Tue Nov 24 13:00:00 2026\n' # 34 octets

setup() { place; }
teardown() { unplace; }

spoolctl() { "$BUILD/spoolctl" --config "$CONF" "$@"; }

# damaged: a front without a header, a glued message, NULs, a last line that is cut off.
damaged() {
	printf 'junk\n\n%sA: b\n\nx\n%sC: d\n\nab' "$F" "$F"
	head -c 5000 /dev/zero
	printf 'cd\n\n%sE: f\n\nend' "$F"
}

# undo MAILBOX BESIDE: the old mailbox, by what spool(3) says of the file beside.
undo() {
	python3 - "$@" <<-'PYTHON'
		import sys
		new, told = [open(path, "rb").read() for path in sys.argv[1:]]
		old, at = b"", 0
		while told:
		    line, _, told = told.partition(b"\n")
		    if line.startswith(b"#"):
		        continue
		    word, offset, length = line.split()
		    keep, length = int(offset) - len(old), int(length)
		    old, at = old + new[at:at + keep], at + keep
		    if word == b"zeros":
		        old += bytes(length)
		        continue
		    octets, told = told[:length], told[length + 1:]
		    if word == b"taken":
		        old += octets
		    else:
		        assert new[at:at + length] == octets
		        at += length
		sys.stdout.buffer.write(old + new[at:])
	PYTHON
}

# stays: check finds nothing in alice's mailbox, and another repair changes nothing.
stays() {
	local before
	before=$(cksum <"$T/mail/alice")
	run -0 spoolctl check alice
	[[ "$output" == *" messages, 0 damages, "* ]]
	run -0 spoolctl check --repair alice
	[[ "$output" == *" 0 damages, 0 of them mended, "* ]]
	[ "$(cksum <"$T/mail/alice")" = "$before" ]
	[ -z "$(find "$T/state" "$T/mail" -name '*.mend*' -o -name '*.new' -o -name '*.lock')" ]
}

@test "check says what a repair would do, and the repair does it" {
	damaged | seed alice
	cp "$T/mail/alice" "$T/old"
	local at=mbox:$T/mail/alice
	run -65 spoolctl check alice
	diff - <(echo "$output") <<-END
		$at:1: offset 0: damaged: the mailbox does not begin with a From_ line (6 octets); --repair takes that out, to a file beside
		$at:7: offset 48: damaged: a message begins without an empty line in front of it; --repair puts it there
		$at:10: offset 90: damaged: NUL octets where data was lost (5000 octets); --repair takes that out, to a file beside
		$at:15: offset 5134: damaged: the last line has no end (3 octets); --repair ends it
		$at: 2 messages, 4 damages, 0 suspicions
	END
	cmp "$T/old" "$T/mail/alice"
	run -0 spoolctl check --repair alice
	diff - <(echo "$output") <<-END
		$at: what is taken out is in $T/mail/alice.damaged
		$at:1: offset 0: damaged: the mailbox does not begin with a From_ line (6 octets); taken out, to the file beside
		$at:7: offset 48: damaged: a message begins without an empty line in front of it; it was put there
		$at:10: offset 90: damaged: NUL octets where data was lost (5000 octets); taken out, to the file beside
		$at:15: offset 5134: damaged: the last line has no end (3 octets); it was ended
		$at: 3 messages, 4 damages, 4 of them mended, 0 suspicions
	END
	printf '%sA: b\n\nx\n\n%sC: d\n\nabcd\n\n%sE: f\n\nend\n\n' "$F" "$F" "$F" | cmp - "$T/mail/alice"
	[ "$(stat -c '%a %U' "$T/mail/alice.damaged")" = "600 $OWNER" ]
	undo "$T/mail/alice" "$T/mail/alice.damaged" | cmp - "$T/old"
	stays
	[ "$(find "$T/mail" -type f | wc -l)" = 2 ]
}

@test "others see the messages afterwards: Python, and a POP3 session" {
	damaged | seed alice
	spoolctl check --repair alice >/dev/null
	python3 - "$T/mail/alice" <<-'PYTHON'
		import mailbox, sys
		texts = [message.get_payload() for message in mailbox.mbox(sys.argv[1])]
		assert texts == ["x\n", "abcd\n", "end\n"], texts
	PYTHON
	talk STAT QUIT | grep -qx '+OK 3 38'
}

@test "--repair --json: what was found and done" {
	damaged | seed alice
	run -0 --separate-stderr spoolctl --json check --repair alice
	python3 - "$output" "$T/mail/alice" <<-'PYTHON'
		import json, sys
		said = json.loads(sys.argv[1])
		assert (said["messages"], said["damages"], said["mended"], said["suspicions"]) == (3, 4, 4, 0), said
		assert said["beside"] == sys.argv[2] + ".damaged" and said["notes"] == [], said
		assert [(f["kind"], f["mending"]) for f in said["findings"]] == [("no-from", "taken-out"),
		    ("glued", "empty-line"), ("nul", "taken-out"), ("cut", "line-end")], said
	PYTHON
}

@test "a header without a From_ line gets one, and so no file is needed" {
	printf 'Received: x\n\ty\nSubject: z\n\nbody\n\n%sA: b\n\n' "$F" | seed alice
	cp "$T/mail/alice" "$T/old"
	run -0 spoolctl check --repair alice
	[[ "${lines[0]}" == *"; a From_ line was put there" ]]
	grep -qE '^From MAILER-DAEMON ... ... .. ..:..:.. 20..$' "$T/mail/alice"
	tail -n +2 "$T/mail/alice" | cmp - "$T/old"
	[ "$(find "$T/mail" -type f | wc -l)" = 1 ]
	[ "$(spoolctl list alice | wc -l)" = 2 ]
	stays
}

@test "a file without any From_ line is perhaps no mailbox: it stays" {
	printf 'my notes\nand more of th' | seed alice
	cp "$T/mail/alice" "$T/old"
	run -65 spoolctl check --repair alice
	[[ "${lines[0]}" == *" does not begin with a From_ line; left as it is" ]]
	[[ "${lines[1]}" == *" has no end (14 octets); left as it is" ]]
	[[ "${lines[2]}" == *": 0 messages, 2 damages, 0 of them mended, 0 suspicions" ]]
	cmp "$T/old" "$T/mail/alice"
	[ "$(find "$T/mail" -type f | wc -l)" = 1 ]
}

@test "what is only suspicious stays, and is no failure" {
	printf '%sA: b\n\nx\r\n\nFrom me: hello\nTo: you\n\n' "$F" | seed alice
	cp "$T/mail/alice" "$T/old"
	run -0 spoolctl check --repair alice
	[[ "$output" == *"LF and in CRLF; left as it is"*"begin here; left as it is"*" 0 damages, 0 of them mended, 2 suspicions" ]]
	cmp "$T/old" "$T/mail/alice"
}

@test "a stale lock goes, an interrupted change is finished" {
	messages 3 | seed alice
	as_owner sh -c "echo 999999999 >'$T/mail/alice.lock'"
	mkdir -p "$T/state/$(id -u "$OWNER")"
	: >"$T/state/$(id -u "$OWNER")/$(sed 's|/|%2F|g' <<<"$T/mail/alice").mend"
	chown -R "$OWNER" "$T/state/$(id -u "$OWNER")"
	run -0 spoolctl check alice
	[[ "$output" == *"whoever opens the mailbox next mends that; --repair does that, too"* ]]
	run -0 --separate-stderr spoolctl check --repair alice
	[[ "$output" == *"mends that; done"*"nobody holds; the next delivery removes it; done"*" 0 damages, 0 of them mended, 2 suspicions" ]]
	[[ "$stderr" == *"an interrupted change can't be finished: the journal is damaged; the journal is now "*".mend.orphan" ]]
	[ ! -e "$T/mail/alice.lock" ]
	rm "$T/state/$(id -u "$OWNER")"/*.mend.orphan
	stays
}

@test "not while a session has the mailbox, nor while another program has locked it" {
	printf '[limits]\nlock_timeout = 0\n' >>"$CONF"
	damaged | seed alice
	cp "$T/mail/alice" "$T/old"
	as_owner sh -c "echo $$ >'$T/mail/alice.lock'"
	run -75 spoolctl check --repair alice
	[[ "$output" == *locked* ]]
	rm "$T/mail/alice.lock"
	messages 1 | seed bob
	mkfifo "$T/in"
	pop3 <"$T/in" >"$T/out" &
	local pop3=$!
	exec 7>"$T/in"
	printf 'USER bob\r\nPASS secret\r\nSTAT\r\n' >&7
	eventually grep -q '^+OK 1 ' "$T/out"
	run -75 spoolctl check --repair bob
	[[ "$output" == *"another session"* ]]
	exec 7>&-
	wait "$pop3"
	cmp "$T/old" "$T/mail/alice"
	[ ! -e "$T/mail/alice.damaged" ]
	run -0 spoolctl check --repair alice bob
}

@test "in a folder of root's: the dotlock by a helper, the file beside in the state folder" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	mkdir "$T/var"
	chgrp mail "$T/var"
	chmod 2775 "$T/var"
	sed -i "s|^mailbox = .*|mailbox = mbox:$T/var/%u|" "$CONF"
	damaged >"$T/var/alice"
	chown "$OWNER:mail" "$T/var/alice"
	chmod 660 "$T/var/alice"
	cp "$T/var/alice" "$T/old"
	echo 999999999 >"$T/var/alice.lock"
	chown "$OWNER" "$T/var/alice.lock"
	strace -f -e trace=linkat,unlinkat,pwrite64,ftruncate -o "$T/trace" "$BUILD/spoolctl" --config "$CONF" check --repair alice >"$T/said"
	grep -q 'nobody holds; the next delivery removes it; done$' "$T/said"
	[ "$(ls "$T/var")" = alice ]
	local taken changed released beside
	taken=$(grep -n 'linkat(.*"alice.lock"' "$T/trace" | tail -n 1 | cut -d: -f1)
	changed=$(grep -n 'ftruncate(' "$T/trace" | tail -n 1 | cut -d: -f1)
	released=$(grep -n 'unlinkat(.*"alice.lock"' "$T/trace" | tail -n 1 | cut -d: -f1)
	[ "$taken" -lt "$changed" ] && [ "$changed" -lt "$released" ]
	beside=$(sed -n 's/^.*: what is taken out is in //p' "$T/said")
	[[ "$beside" == "$T/state/$(id -u "$OWNER")/"*.damaged ]]
	[ "$(stat -c '%a %U' "$beside")" = "600 $OWNER" ]
	undo "$T/var/alice" "$beside" | cmp - "$T/old"
	[ "$(stat -c '%a %U %G' "$T/var/alice")" = "660 $OWNER mail" ]
}

@test "the disk has no room for the journal: nothing is changed, nothing is left" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	unshare -m true 2>/dev/null || skip "may not mount"
	{ damaged; head -c 300000 /dev/zero | tr '\0' y; } | seed alice
	cp "$T/mail/alice" "$T/old"
	run -75 unshare -m sh -c 'mount -t tmpfs -o size=64k,mode=755 none "$1/state" && exec "$2" --config "$3" check --repair alice' \
		sh "$T" "$BUILD/spoolctl" "$CONF"
	[[ "$output" == *".mend: repair: No space left on device"* ]]
	cmp "$T/old" "$T/mail/alice"
	[ ! -e "$T/mail/alice.damaged" ]
}

@test "only check repairs, and only what there is" {
	run -64 spoolctl stat --repair alice
	run -66 spoolctl check --repair alice
	[ -z "$(ls "$T/mail")" ]
}

# maildir: a Maildir of alice's with one file for each thing that can be wrong, and one where nothing is.
maildir() {
	local new=$T/mail/dir/new cur=$T/mail/dir/cur
	DIR=maildir:$T/mail/dir
	as_owner mkdir -p "$new" "$cur"
	printf 'A: b\n\nx\n' >"$cur/1700000000.good,S=8,W=11:2,S"
	printf 'A: b\n\nx\n' >"$new/1700000001.size,S=99,W=11"
	printf 'A: b\n\nx\n' >"$new/1700000002.wire,W=5,S=8"
	printf 'A: b\n\nx\n' >"$new/1700000003.twin"
	printf 'A: b\n\n%5000s\n' y >"$cur/1700000003.twin:2,RS"
	: >"$new/1700000004.empty"
	{ printf 'A: b\n\n'; head -c 16 /dev/zero; } >"$new/1700000005.nul"
	printf 'no header\n' >"$new/1700000006.text"
	ln -s nowhere "$new/link"
	chown -Rh "$OWNER" "$T/mail/dir"
}

@test "a Maildir: stat" {
	maildir
	spoolctl stat "$DIR" | diff - <(printf '%s\n' "$DIR" '  messages  8' '  size      5071' '  new       6' '  cur       2' \
		'  tmp       0' '  oldest    2023-11-14T22:13:20Z' '  newest    2023-11-14T22:13:26Z')
	[ ! -e "$T/mail/dir/tmp" ]
	spoolctl --json stat "$DIR" | python3 -c 'import json, sys
said = json.load(sys.stdin)
assert (said["messages"], said["size"], said["new"], said["cur"], said["oldest"]) == (8, 5071, 6, 2, 1700000000), said'
}

# kinds [--repair]: each finding's kind, file, new name.
kinds() {
	spoolctl --json check "$@" "$DIR" | python3 -c 'import json, sys
for f in json.load(sys.stdin)["findings"]:
    print(f["kind"], f.get("file", "-"), f.get("renamed", f["mending"]))'
}

@test "a Maildir: check finds it, and changes nothing; a repair renames" {
	maildir
	local before
	before=$(find "$T/mail/dir" -printf '%p %i %s %C@\n' | sort)
	run -65 spoolctl check "$DIR"
	[ "${lines[-1]}" = "$DIR: 8 messages, 4 damages, 4 suspicions" ]
	kinds >"$T/kinds"
	diff - "$T/kinds" <<-'END'
		strange new/link none
		no-folder tmp by-opening
		size new/1700000001.size,S=99,W=11 new/1700000001.size,S=8,W=11
		size new/1700000002.wire,W=5,S=8 new/1700000002.wire,W=11,S=8
		twin cur/1700000003.twin:2,RS none
		empty new/1700000004.empty none
		nul new/1700000005.nul none
		no-header new/1700000006.text none
	END
	[ "$(find "$T/mail/dir" -printf '%p %i %s %C@\n' | sort)" = "$before" ]
	kinds --repair | cmp - "$T/kinds"
	[ -d "$T/mail/dir/tmp" ]
	[ "$(cat "$T/mail/dir/new/1700000001.size,S=8,W=11")" = $'A: b\n\nx' ]
	[ "$(find "$T/mail/dir" -type f | wc -l)" = 8 ]
	kinds >"$T/kinds"
	run ! grep -E '^(size|no-folder) ' "$T/kinds"
	spoolctl list "$DIR" | grep -q '^2 11 1700000001.size,S=8,W=11 '
}

@test "a Maildir: others' files, unreadable ones, what lies in tmp, a name that is taken" {
	maildir
	rm "$T/mail/dir/new"/*
	as_owner mkdir "$T/mail/dir/tmp"
	as_owner touch -d '2 days ago' "$T/mail/dir/tmp/old"
	as_owner touch "$T/mail/dir/tmp/young"
	as_owner sh -c "printf 'A: b\n' >'$T/mail/dir/new/1.closed'; chmod 0 '$T/mail/dir/new/1.closed'"
	as_owner sh -c "printf 'A: b\n' >'$T/mail/dir/new/2.x,S=1'; printf 'A: b\n' >'$T/mail/dir/new/2.x,S=5'"
	if [ "$(id -u)" = 0 ]; then echo A: b >"$T/mail/dir/new/3.foreign"; fi
	kinds --repair >"$T/kinds"
	{ if [ "$(id -u)" = 0 ]; then echo foreign new/3.foreign none; fi
		printf '%s\n' 'unreadable new/1.closed none' 'size new/2.x,S=1 none'; } | diff - "$T/kinds"
	[ "$(find "$T/mail/dir/new" "$T/mail/dir/tmp" -type f | wc -l)" = $((5 + ($(id -u) == 0))) ]
}

@test "a Maildir: an interrupted removal is found, and finished" {
	maildir
	printf torn >"$T/removal"
	as_owner mkdir -p "$T/mail/dir/tmp"
	mkdir -p "$T/state/$(id -u "$OWNER")"
	cp "$T/removal" "$T/state/$(id -u "$OWNER")/$(sed 's|/|%2F|g' <<<"$T/mail/dir").removal"
	chown -R "$OWNER" "$T/state/$(id -u "$OWNER")"
	kinds | grep -qx 'unfinished - by-opening'
	kinds --repair 2>/dev/null | grep -qx 'unfinished - by-opening'
	run ! grep -q unfinished <(kinds)
}
