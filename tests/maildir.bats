#!/usr/bin/env bats
# A Maildir as other programs meet it, and as they leave it: names, what is no message, what moves meanwhile; sessions
# on it as root and as a user; two hosts on one Maildir. (What every store has to do is in tests/contract.)
load helper
load maildrop

setup() {
	TOOL=$BUILD/tools/spool-tool
	place
	BOX=$T/mail/alice
	sed -i "s|^mailbox = .*|mailbox = maildir:$T/mail/%u|" "$CONF"
	# What the tests do by hand is done by the user whose mailbox it is.
	mkdir "$T/tool-state"
	if [ "$(id -u)" = 0 ]; then chown "$OWNER" "$T/tool-state"; fi
}

teardown() { unplace; }

tool() { as_owner "$TOOL" "maildir:$BOX" "$T/tool-state" "$@"; }

# maildir: an empty one, made without any program of ours.
maildir() { as_owner mkdir -p "$BOX/new" "$BOX/cur" "$BOX/tmp"; }

# put NAME TEXT: a message of the owner's, LF line ends as in TEXT.
put() { printf "$2" | as_owner tee "$BOX/$1" >/dev/null; }

# names FOLDER: what is in it.
names() { (cd "$BOX/$1" && find . -mindepth 1 | sed 's|^\./||' | sort); }

# uidls: of the whole list, in its order.
uidls() { tool list | cut -d ' ' -f 3; }

@test "maildir: a delivery's folders, file, name and octets" {
	printf 'Subject: x\r\nStatus: RO\r\n\r\nFrom me\r\n>From you\r\nend' >"$T/message"
	tool deliver a@b c@d <"$T/message"
	[ "$(stat -c '%a %U' "$BOX" "$BOX/new" "$BOX/cur" "$BOX/tmp" | sort -u)" = "700 $OWNER" ]
	[ -z "$(names tmp)$(names cur)" ]
	name=$(names new)
	[[ $name =~ ^[0-9]+\.M[0-9]{6}P[0-9]+Q1R[0-9a-f]{8}\.[^,/:]+,S=([0-9]+),W=([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" = "$(stat -c %s "$BOX/new/$name")" ]
	[ "${BASH_REMATCH[2]}" = "$(sed 's/$/\r/' "$BOX/new/$name" | wc -c)" ]
	[ "$(stat -c %a "$BOX/new/$name")" = 600 ]
	diff "$BOX/new/$name" - <<-'END'
		Return-Path: <a@b>
		Delivered-To: c@d
		Subject: x

		From me
		>From you
		end
	END
	[ "$(uidls)" = "$name" ]
}

@test "maildir: Python's mailbox reads what was delivered, and we read what it adds and moves" {
	printf 'Subject: ours\n\nbody\n' >"$T/message"
	tool deliver a@b c@d <"$T/message"
	python3 - "$BOX" <<-'PYTHON'
		import mailbox, sys
		box = mailbox.Maildir(sys.argv[1], create=False)
		[(key, message)] = box.items()
		assert message["subject"] == "ours" and message.get_subdir() == "new", message.as_string()
		message.set_subdir("cur")
		message.add_flag("F")
		box[key] = message
		box.add("Subject: theirs\n\nbody\n")
	PYTHON
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$BOX"; fi
	[ "$(tool list | wc -l)" = 2 ]
	for n in 1 2; do tool cat $n | grep '^Subject'; done | sort | diff - <(printf 'Subject: ours\nSubject: theirs\n')
}

@test "maildir: foreign names are messages, in the order of their times" {
	maildir
	put cur/1000000003.V1.x:2,FRS 'Subject: 3\n\n'
	put new/1000000001.M5P1.x 'Subject: 1\n\n'
	put new/1000000001.M40P1.x 'Subject: 2\n\n'
	put cur/1000000004.x:1,other 'Subject: 4\n\n'
	put new/1000000005.x,S=1,W=2 'Subject: 5\n\n'
	put cur/nothing-of-a-time 'Subject: 0\n\n'
	put cur/99999999999999999999999999.x 'Subject: also 0\n\n'
	[ "$(tool list | wc -l)" = 7 ]
	for n in $(seq 7); do tool cat "$n"; done | sed -n 's/^Subject: //p' | diff - <(printf '%s\n' 'also 0' 0 1 2 3 4 5)
	diff <(uidls) - <<-'END'
		99999999999999999999999999.x
		nothing-of-a-time
		1000000001.M5P1.x
		1000000001.M40P1.x
		1000000003.V1.x
		1000000004.x
		1000000005.x,S=1,W=2
	END
	[ "$(tool list | cut -d ' ' -f 2 | sort -u)" = "$(printf '14\n19')" ]
}

@test "maildir: names that can't be said are said as hashes, which stay" {
	local long
	long=1000000001.$(printf 'x%.0s' $(seq 60))
	maildir
	put "new/$long" 'a\n'
	put "new/$(printf '1000000002.\nnewline')" 'a\n'
	put "new/$(printf '1000000003.\303\244')" 'a\n'
	put 'new/1000000004. space' 'a\n'
	put "new/${long:0:70}" 'a\n'
	[ "$(uidls | grep -cE '^[0-9a-f]{32}$')" = 4 ]
	[ "$(uidls | grep -cx "${long:0:70}")" = 1 ]
	[ "$(uidls | sort -u | wc -l)" = 5 ]
	uidls >"$T/before"
	as_owner mv "$BOX/new/1000000004. space" "$BOX/cur/1000000004. space:2,S"
	as_owner mv "$BOX/new/$long" "$BOX/cur/$long:2,"
	uidls | diff "$T/before" -
	tool remove 1 2 3 4 5
	[ -z "$(names new)$(names cur)" ]
}

@test "maildir: what is no message is not shown, followed, waited for or removed" {
	maildir
	put cur/1000000001.x:2, 'Subject: 1\n\n'
	put cur/.hidden 'no\n'
	put new/.nfs0001 'no\n'
	put cur/:2,S 'no\n'
	put tmp/1000000000.x 'no\n'
	printf 'secret\n' >"$T/secret"
	as_owner ln -s "$T/secret" "$BOX/new/1000000002.link"
	as_owner mkfifo "$BOX/new/1000000003.fifo"
	as_owner mkdir "$BOX/cur/1000000004.folder" "$BOX/.Sent"
	if [ "$(id -u)" = 0 ]; then
		mknod "$BOX/cur/1000000005.device" c 1 5
		printf 'not theirs\n' >"$BOX/new/1000000006.root"
	fi
	names new >"$T/new"
	names cur | grep -v x:2 >"$T/cur"
	run -0 tool list
	[[ $output == *"left alone: "* ]]
	[ "$(uidls 2>/dev/null)" = 1000000001.x ]
	tool remove 1 2>/dev/null
	names new | diff "$T/new" -
	names cur | diff "$T/cur" -
	[ "$(cat "$T/secret")" = secret ]
}

@test "maildir: one file of two names is one message, two files of one name are two" {
	maildir
	put new/1000000001.x 'Subject: 1\n\n'
	as_owner ln "$BOX/new/1000000001.x" "$BOX/cur/1000000001.x:2,S"
	[ "$(uidls)" = 1000000001.x ]
	put new/1000000002.x 'Subject: 2a\n\n'
	put cur/1000000002.x:2, 'Subject: 2b\n\n'
	[ "$(uidls | sort -u | wc -l)" = 3 ]
	tool remove 1
	[ "$(tool list | wc -l)" = 2 ]
	for n in 1 2; do tool cat $n; done | grep -c '^Subject: 2[ab]' | grep -qx 2
	kept=$(tool cat 2)
	tool remove 1
	[ "$(tool cat 1)" = "$kept" ]
	[ "$(tool list | wc -l)" = 1 ]
}

@test "maildir: a removal's list finds nothing outside new and cur" {
	maildir
	put cur/1000000001.x:2, 'a\n'
	put precious 'a\n'
	local list="$T/tool-state/${BOX//\//%2F}.removal"
	printf 'garbage' | as_owner tee "$list" >/dev/null
	run -0 tool list
	[[ $output == *damaged* ]]
	[ ! -e "$list" ]
	[ -e "$BOX/precious" ]
	[ "$(tool list | wc -l)" = 1 ]
}

@test "maildir: LIST believes a name only if it can be true; RETR always tells what it sends" {
	maildir
	put new/1000000001.x,S=10,W=12 'A: b\n\nbody' # true but for the end of the last line: 10 octets, 14 sent
	put new/1000000002.x,S=11,W=11 'A: b\n\nbody\n' # 14
	put new/1000000003.x,S=11,W=99 'A: b\n\nbody\n' # can't be
	put new/1000000004.x,W=14 'A: b\n\nbody\n'
	put new/1000000005.x,S=9,W=14 'A: b\n\nbody\n'
	put new/1000000006.x,S=11,W=14 'A: b\n\nbody\n'
	tool list | cut -d ' ' -f 2 | diff - <(printf '%s\n' 12 11 14 14 14 14)
	for n in 1 2 3 4 5 6; do
		talk "RETR $n" QUIT >"$T/said"
		grep -qE '^\+OK 14( |$)' "$T/said" || { cat "$T/said"; return 1; }
	done
}

@test "maildir: through the whole stack, and what a session has fetched goes to cur" {
	for n in 1 2 3; do
		printf 'Subject: %s\n\n.\nFrom here\n' $n >"$T/message"
		deliver alice "$T/message"
	done
	[ "$(names new | wc -l)" = 3 ]
	talk STAT LIST UIDL QUIT >"$T/said"
	[ "$(names new | wc -l)" = 3 ] # looked at from afar
	talk 'RETR 1' 'TOP 2 0' QUIT >"$T/said"
	grep -qx 'Subject: 1' "$T/said"
	grep -qx 'From here' "$T/said"
	[ "$(names new | wc -l)" = 1 ]
	[ "$(names cur | grep -c ':2,$')" = 2 ]
	talk 'RETR 3' >"$T/said" # and no QUIT
	[ "$(names cur | grep -c ':2,$')" = 3 ]
	talk 'DELE 1' 'DELE 3' >"$T/said"
	[ "$(names cur | wc -l)" = 3 ]
	talk 'DELE 1' 'DELE 3' QUIT >"$T/said"
	[ "$(tail -n 1 "$T/said" | cut -c 1-3)" = +OK ]
	[ "$(cat "$BOX"/cur/* | grep '^Subject')" = 'Subject: 2' ]
	[ -z "$(names tmp)" ]
	[ "$(find "$BOX" ! -user "$OWNER")" = '' ]
}

# pop3_talk TEXT: say it to the session that is open, and read the first line of the reply into $reply.
pop3_talk() {
	printf '%s\r\n' "$1" >&"${SESSION[1]}"
	IFS= read -r -t 20 reply <&"${SESSION[0]}"
}

@test "maildir: a session finds what other programs move, mark and remove meanwhile" {
	maildir
	for n in 1 2 3 4; do put new/100000000$n.x "Subject: $n\n\n"; done
	coproc SESSION { pop3 3>&-; }
	IFS= read -r -t 20 reply <&"${SESSION[0]}"
	pop3_talk 'USER alice'
	pop3_talk 'PASS secret'
	[[ $reply == +OK* ]]
	as_owner mv "$BOX/new/1000000001.x" "$BOX/cur/1000000001.x:2,"
	as_owner mv "$BOX/new/1000000002.x" "$BOX/cur/1000000002.x:2,RS"
	as_owner rm "$BOX/new/1000000003.x"
	pop3_talk 'TOP 1 0'
	[[ $reply == +OK* ]]
	while IFS= read -r -t 20 line <&"${SESSION[0]}" && [ "$line" != $'.\r' ]; do :; done
	as_owner mv "$BOX/cur/1000000001.x:2," "$BOX/cur/1000000001.x:2,F"
	pop3_talk 'RETR 1'
	[[ $reply == +OK* ]]
	while IFS= read -r -t 20 line <&"${SESSION[0]}" && [ "$line" != $'.\r' ]; do :; done
	pop3_talk 'RETR 3'
	[[ $reply == -ERR* ]]
	for n in 1 2 3; do
		pop3_talk "DELE $n"
		[[ $reply == +OK* ]]
	done
	as_owner mv "$BOX/cur/1000000002.x:2,RS" "$BOX/cur/1000000002.x:2,S"
	put new/1000000009.x 'Subject: 9\n\n'
	pop3_talk QUIT
	[[ $reply == +OK* ]]
	wait "$SESSION_PID" || true
	[ "$(names new)" = "$(printf '1000000004.x\n1000000009.x')" ]
	[ -z "$(names cur)" ]
}

@test "maildir: made by root's hand where only root may, and used by its owner" {
	[ "$(id -u)" = 0 ] || skip 'only root can be asked for that'
	chown root:mail "$T/mail"
	chmod 2775 "$T/mail"
	printf 'Subject: x\n\nhello\n' >"$T/message"
	deliver alice "$T/message"
	[ "$(stat -c '%a %U' "$BOX" "$BOX/new" "$BOX/cur" "$BOX/tmp" | sort -u)" = "700 $OWNER" ]
	talk 'RETR 1' 'DELE 1' QUIT >"$T/said"
	grep -qx hello "$T/said"
	[ -z "$(names new)$(names cur)" ]
}

@test "maildir: an mbox where a Maildir is to be is refused and left alone" {
	messages 2 | seed alice
	cp "$BOX" "$T/before"
	printf 'Subject: x\n\nhello\n' >"$T/message"
	run ! deliver alice "$T/message"
	talk QUIT >"$T/said"
	grep -q '^-ERR' "$T/said"
	cmp "$BOX" "$T/before"
	expect_log 'is not a folder, so no Maildir'
}

# on_host NAME COMMAND...: on another host, as far as one kernel can be two: mounts and a name of its own.
on_host() {
	unshare --mount --uts --propagation private "$BASH" -c 'echo "$0" >/proc/sys/kernel/hostname && mount --bind "$1" "$1" && shift && exec "$@"' \
		"$1" "$BOX" "${@:2}"
}

# one_host: what each host runs, as a script: deliver 60 messages from FIRST on, and list and read meanwhile. What is
# listed has ids of its own; what is read is whole, or another host has moved it out of the way.
one_host() {
	cat <<-'SCRIPT'
		set -eu
		tool() { "$TOOL" "maildir:$BOX" "$STATE" "$@"; }
		(
			for n in $(seq "$FIRST" $((FIRST + 59))); do
				printf 'Subject: %s\n\nbody\n' "$n" >"$STATE.message"
				tool deliver a@b c@d <"$STATE.message"
			done
		) &
		deliverer=$!
		for round in $(seq 25); do
			tool list >"$STATE.list"
			[ -z "$(cut -d ' ' -f 3 "$STATE.list" | sort | uniq -d)" ]
			count=$(wc -l <"$STATE.list")
			[ "$count" -ge 1 ] || continue
			tool cat $((1 + RANDOM % count)) | tail -n 1 | grep -qx body
		done
		wait "$deliverer"
	SCRIPT
}

# host NAME STATE FIRST: that, on a host of this name.
host() { on_host "$1" env TOOL="$TOOL" BOX="$BOX" STATE="$T/$2" FIRST="$3" "$BASH" "$T/host"; }

@test "maildir: two hosts on one Maildir deliver and read at once: every message exactly once" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	unshare --mount --uts true || skip 'may not make namespaces'
	local pids=()
	mkdir -p "$BOX/new" "$BOX/cur" "$BOX/tmp" "$T/one" "$T/two"
	one_host >"$T/host"
	host 'mail/one:a,b' one 1 3>&- &
	pids+=($!)
	host two.example.org two 61 3>&- &
	pids+=($!)
	for n in "${pids[@]}"; do wait "$n"; done
	cat "$BOX"/new/* "$BOX"/cur/* 2>/dev/null | sed -n 's/^Subject: //p' | sort -n | diff - <(seq 120)
	[ "$({ names new; names cur; } | grep -c '\.mail\\057one\\072a\\054b,S=')" = 60 ]
	[ "$({ names new; names cur; } | grep -c '\.two\.example\.org,S=')" = 60 ]
	[ -z "$(names tmp)" ]
	# and each of two sessions that remove at once gets rid of its own
	"$TOOL" "maildir:$BOX" "$T/one" list >"$T/list"
	on_host one "$TOOL" "maildir:$BOX" "$T/one" remove $(seq 1 2 119) 3>&- &
	pids=($!)
	on_host two "$TOOL" "maildir:$BOX" "$T/two" list >/dev/null
	wait "${pids[0]}"
	"$TOOL" "maildir:$BOX" "$T/two" list | cut -d ' ' -f 3 |
		diff - <(awk 'NR % 2 == 0 { print $3 }' "$T/list")
}
