#!/usr/bin/env bats
# spoolctl convert: what becomes of messages, marks, dates and ids; what is refused; killed, hindered, run again; a live
# host that changes over. tests/faults does it at each system call and with the power cut.
load helper
load maildrop

setup() {
	place
	# Several of them, so that the order and the counts say something.
	OLD=mbox:$T/mail/%u NEW=maildir:$T/box/%u
	mkdir "$T/box"
	if [ "$(id -u)" = 0 ]; then chown "$OWNER" "$T/box"; fi
}

teardown() {
	[ ! -d "$T/small" ] || umount "$T/small" 2>/dev/null || true
	unplace
}

spoolctl() { "$BUILD/spoolctl" --config "$CONF" "$@"; }
corpus() { python3 "$ROOT/tests/convert_corpus.py" "$@"; }

# switch_to LOCATION: from now on that is where mailboxes are.
switch_to() { sed -i "s|^mailbox = .*|mailbox = $1|" "$CONF"; }

# made KIND SEED COUNT PATH: a mailbox of the corpus, its owner's.
made() {
	corpus "$@"
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$4"; fi
	chmod -R go= "$4"
}

# state PATH: all that can be seen of it from outside.
state() { find "$1" -mindepth 1 -printf '%P %i %s %T@ %m\n' | sort; find "$1" -type f -exec cksum {} + | sort; }

# seen: all that a POP3 client can get of alice's mailbox.
seen() {
	local count commands
	count=$(talk STAT QUIT | sed -nE 's/^\+OK ([0-9]+) [0-9]+$/\1/p')
	mapfile -t commands < <(seq -f 'RETR %g' "$count")
	talk STAT LIST UIDL "${commands[@]}" QUIT
}

@test "mbox to Maildir: a POP3 client sees no difference, whatever the setting of uidl; the source stays as it is" {
	for uidl in hash popa3d dovecot x-uidl; do
		rm -rf "$T/box/alice" "$T/state"/*
		sed -i '/^\[pop3\]/,$d' "$CONF"
		printf '[pop3]\nuidl = %s\n' "$uidl" >>"$CONF"
		switch_to "$OLD"
		{ printf 'From a@b Tue Nov 24 13:00:00 2026\nX-IMAPbase: 16 9\nX-UID: 3\nX-UIDL: %s\nReceived: x\n\nFrom y\n\n' 'a/b:c,d%e'
		  printf 'From a@b Tue Nov 24 13:00:00 2026\nX-UID: 4\nX-UIDL: abc\nReceived: x\nStatus: RO\n\nbody%s\n\n' 1 2
		  corpus mbox 7 20 /dev/stdout; } | seed alice
		state "$T/mail" >"$T/before"
		spoolctl --to "$NEW" convert alice >"$T/said"
		state "$T/mail" | diff "$T/before" -
		grep -qE ': 23 messages, [0-9]+ octets, verified; 23 converted now$' "$T/said"
		[ "$(grep -c '^  [0-9]' "$T/said")" = 2 ] # what is to be done next
		tail -n 1 "$T/said" | grep -qxF "       spoolctl --config '$CONF' convert --from '$OLD' alice"
		talk 'RETR 1' QUIT >/dev/null
		seen >"$T/old"
		switch_to "$NEW"
		seen >"$T/new"
		[ "$(grep -c '^Subject' "$T/new")" = 20 ]
		expect_same "$T/old" "$T/new"
	done
}

@test "mbox to Maildir and back: each message is the same, octet for octet, and so are its id, date and marks" {
	for seed in 1 2 3 4 5; do
		rm -rf "$T/box" "$T/mail/alice" "$T/state"/*
		made mbox $seed 60 "$T/mail/alice"
		spoolctl --to "maildir:$T/mail/there" convert "mbox:$T/mail/alice" >/dev/null
		corpus like "$T/mail/alice" "$T/mail/there"
		spoolctl --json --to "mbox:$T/mail/back" convert "maildir:$T/mail/there" >"$T/said"
		[ "$(jq -c '[.messages, .converted, .changed, .new, .removed, .arrived]' "$T/said")" = '[60,60,0,0,0,0]' ]
		corpus same "$T/mail/alice" "$T/mail/back"
		corpus like "$T/mail/back" "$T/mail/there"
		diff <(spoolctl list "mbox:$T/mail/alice" | cut -d' ' -f1-3) <(spoolctl list "mbox:$T/mail/back" | cut -d' ' -f1-3)
		# The sender, if the message has it.
		[ "$(grep -ac '^Return-Path: ' "$T/mail/back")" = "$(grep -acE '^From s[0-9]+@example.net ' "$T/mail/back")" ]
		rm -rf "$T/mail/there" "$T/mail/back"
	done
}

@test "Maildir to mbox: names decide what is marked, headers from outside do not; order, dates and octets stay" {
	for seed in 1 2 3 4 5; do
		rm -rf "$T/mail"/* "$T/state"/*
		made maildir $seed 60 "$T/mail/alice"
		state "$T/mail/alice" >"$T/before"
		spoolctl --json --to "mbox:$T/mail/there" convert "maildir:$T/mail/alice" >"$T/said"
		state "$T/mail/alice" | diff "$T/before" -
		[ "$(jq -c '[.messages, .converted]' "$T/said")" = '[60,60]' ]
		# X-UID and its kin belong to the programs that read an mbox.
		run ! grep -qa '^X-UID: 7' "$T/mail/there"
		run ! grep -qa '^X-IMAPbase' "$T/mail/there"
		find "$T/mail/alice" -type f -exec sed -i '/^X-IMAPbase: 1 1$/d; /^X-UID: 7$/d' {} +
		python3 - "$T/mail/alice" <<-'PYTHON'
			import os, re, sys
			for folder in ("new", "cur"):
			    for name in os.listdir(sys.argv[1] + "/" + folder):
			        number = int(re.search(r"M(\d+)", name)[1])
			        os.utime(sys.argv[1] + "/" + folder + "/" + name, (1400000000 + number,) * 2)
		PYTHON
		corpus like "$T/mail/there" "$T/mail/alice"
		run -0 spoolctl check "mbox:$T/mail/there"
	done
}

@test "Maildir to mbox: a message that begins with white space stays whole, there and back" {
	mkdir -p "$T/box/alice"/{new,cur,tmp}
	printf ' the first line of it\n\nbody\n' >"$T/box/alice/cur/1.a.h:2,S"
	printf '\tanother\nX-Pillarbox-Padding: xxxx\n\nbody\n' >"$T/box/alice/new/2.a.h"
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$T/box"; fi
	for uidl in hash x-uidl; do
		printf '[pop3]\nuidl = %s\n' "$uidl" >"$T/more"
		sed '/^\[pop3\]/,$d' "$CONF" | cat - "$T/more" >"$T/conf"
		"$BUILD/spoolctl" --config "$T/conf" --json --to "mbox:$T/mail/$uidl" convert "maildir:$T/box/alice" >"$T/said"
		[ "$(jq -c '[.messages, .converted, .removed]' "$T/said")" = '[2,2,0]' ]
		"$BUILD/spoolctl" --config "$T/conf" --to "maildir:$T/mail/back-$uidl" convert "mbox:$T/mail/$uidl" >/dev/null
		diff <(cat "$T/box/alice"/*/* | sort) <(cat "$T/mail/back-$uidl"/*/* | sort)
	done
}

@test "Python's mailbox finds the same marks in both" {
	{ messages 1; printf 'From a@b Tue Nov 24 13:00:00 2026\nReceived: x\nStatus: RO\nX-Status: AF\n\nFrom y\n\n'
	  printf 'From a@b Tue Nov 24 13:00:00 2026\nStatus: O\n\nz\n\n'; } | seed alice
	spoolctl --to "$NEW" convert alice >/dev/null
	spoolctl --to "mbox:$T/mail/back" convert "maildir:$T/box/alice" >/dev/null
	python3 - "$T" <<-'PYTHON'
		import mailbox, sys
		there = mailbox.Maildir(sys.argv[1] + "/box/alice", create=False)
		found = sorted((message.get_subdir(), message.get_flags(), key) for key, message in there.items())
		assert [row[:2] for row in found] == [("cur", ""), ("cur", "FRS"), ("new", "")], found
		box = list(mailbox.mbox(sys.argv[1] + "/mail/back", create=False))
		assert [message.get_flags() for message in box] == ["", "ROAF", "O"], [message.get_flags() for message in box]
		assert box[1].get_from() == "MAILER-DAEMON Tue Nov 24 13:00:00 2026", box[1].get_from()
		assert box[0].get_from() == "MAILER-DAEMON Mon Jan  1 00:00:00 2024", box[0].get_from()
	PYTHON
}

@test "Maildir to mbox: the ids stay under uidl = x-uidl, and else it is told how many change" {
	switch_to "$NEW"
	for n in 1 2 3; do
		printf 'Subject: %s\nX-UIDL: not-this\n\nFrom here\n' $n >"$T/message"
		deliver alice "$T/message"
	done
	as_owner mv "$T/box/alice/new/$(ls "$T/box/alice/new" | head -n 1)" "$T/box/alice/cur/1000000001.short:2,"
	spoolctl --json --to "mbox:$T/mail/hashed" convert alice >"$T/said"
	[ "$(jq -c '[.messages, .changed, .new]' "$T/said")" = '[3,1,3]' ]
	grep -qa '^Status: O$' "$T/mail/hashed"
	spoolctl --to "mbox:$T/mail/again" convert alice | grep -qx '  3 have another unique id there: POP3 clients fetch them again'
	printf '[pop3]\nuidl = x-uidl\n' >>"$CONF"
	talk UIDL QUIT | grep -E '^[0-9] ' >"$T/old"
	spoolctl --json --to "mbox:$T/mail/alice" convert alice >"$T/said"
	switch_to "$OLD"
	talk UIDL QUIT | grep -E '^[0-9] ' >"$T/new"
	# What fits: of the 70 characters some are for a number that tells twins apart.
	[ "$(jq .new "$T/said")" = "$(awk 'length($2) > 62 { n++ } END { print n + 0 }' "$T/old")" ]
	awk 'length($2) <= 62' "$T/old" >"$T/fit"
	[ -s "$T/fit" ]
	awk 'NR == FNR { fit[$1] = 1; next } fit[$1]' "$T/fit" "$T/new" | diff "$T/fit" -
}

@test "a Maildir's ids are its messages' own: of two that name the same one, one has another" {
	as_owner mkdir -p "$T/box/alice/new" "$T/box/alice/cur" "$T/box/alice/tmp"
	for name in 1000000001.a,U=x 1000000002.b,U=x 1000000003.x 1000000004.c,U=1000000003.x 1000000005.d,U=%2F%3a \
		1000000006.e,U=%2F%3A%25%2C 1000000007.f,U= 1000000008.g,U=%20; do
		echo "Subject: $name" | as_owner tee "$T/box/alice/new/$name" >/dev/null
	done
	switch_to "$NEW"
	talk UIDL QUIT | sed -nE 's/^[0-9] //p' | sed -E 's/^[0-9a-f]{32}$/hash/' | diff - <(printf '%s\n' \
		x hash 1000000003.x hash 1000000005.d,U=%2F%3a '/:%,' 1000000007.f,U= 1000000008.g,U=%20)
}

# killed_until_done ARGUMENT...: spoolctl, killed after a while, and a while longer each time, until it comes through.
killed_until_done() {
	python3 - "$BUILD/spoolctl" --config "$CONF" --json "$@" >"$T/said" <<-'PYTHON'
		import random, subprocess, sys
		for kills in range(1000):
		    run = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
		    try:
		        said = run.communicate(timeout=random.random() * .01 * kills)[0]
		        break
		    except subprocess.TimeoutExpired:
		        run.kill()
		        run.communicate()
		assert run.returncode == 0 and kills > 3, (run.returncode, kills)
		print(said.decode())
	PYTHON
}

@test "killed at any moment and run again: each message once, both ways" {
	made mbox 11 600 "$T/mail/alice"
	killed_until_done --to "maildir:$T/mail/there" convert "mbox:$T/mail/alice"
	corpus like "$T/mail/alice" "$T/mail/there"
	killed_until_done --to "mbox:$T/mail/back" convert "maildir:$T/mail/there"
	corpus same "$T/mail/alice" "$T/mail/back"
	[ "$(jq -c '[.messages, .removed, .new]' "$T/said")" = '[600,0,0]' ]
}

@test "a live host changes over: convert, switch, convert; nothing is lost, doubled, or comes back" {
	messages 5 | seed alice
	spoolctl --to "$NEW" convert alice >"$T/said"
	grep -qF "mailbox = $NEW" "$T/said"
	grep -qF "spoolctl --config '$CONF' convert --from '$OLD' alice" "$T/said"
	printf 'Subject: 6\n\nlate, into the old one\n' >"$T/message"
	deliver alice "$T/message"
	switch_to "$NEW"
	printf 'Subject: 7\n\ninto the new one\n' >"$T/message"
	deliver alice "$T/message"
	talk 'DELE 2' 'RETR 3' QUIT >/dev/null
	spoolctl --json --from "$OLD" convert alice >"$T/said"
	[ "$(jq -c '[.messages, .converted, .removed, .changed, .arrived]' "$T/said")" = '[6,1,1,0,0]' ]
	spoolctl --from "$OLD" convert alice | grep -qx '  1 were converted before, and have been removed there since'
	corpus numbers "$T/box/alice" | diff - <(printf '%s\n' 1 3 4 5 6 7)
	corpus numbers "$T/mail/alice" | diff - <(seq 6)
	# and back, to a mailbox that has mail already, as it was taken from there
	spoolctl --json --to "mbox:$T/mail/back" convert alice >/dev/null
	corpus numbers "$T/mail/back" | diff - <(printf '%s\n' 1 3 4 5 6 7)
}

@test "a message that is marked in the source meanwhile is not another one" {
	messages 3 | seed alice
	spoolctl --to "$NEW" convert alice >/dev/null
	messages 3 | sed '/^Message-ID/a Status: RO' | seed alice
	spoolctl --json --to "$NEW" convert alice >"$T/said"
	[ "$(jq -c '[.messages, .converted, .changed]' "$T/said")" = '[3,0,3]' ]
}

@test "deliveries into both go on while it runs" {
	made mbox 3 400 "$T/mail/alice"
	sed "s|^mailbox = .*|mailbox = $NEW|" "$CONF" >"$T/new.conf"
	printf 'Subject: 9001\n\nx\n' >"$T/first"
	printf 'Subject: 9002\n\nx\n' >"$T/second"
	(for _ in 1 2 3 4 5 6; do deliver alice "$T/first"; CONF=$T/new.conf deliver alice "$T/second"; done) 3>&- &
	local deliverer=$!
	spoolctl --merge --to "$NEW" convert alice >"$T/said"
	wait "$deliverer"
	spoolctl --to "$NEW" convert alice >"$T/said"
	grep -q ': 406 messages, ' "$T/said"
	corpus numbers "$T/box/alice" | sort -n | uniq -c | awk '$2 > 9000 { print $1, $2 }' | diff - <(printf '6 9001\n6 9002\n')
	[ "$(corpus numbers "$T/box/alice" | wc -l)" = 412 ]
	corpus numbers "$T/box/alice" | awk '$1 < 9000' | diff - <(seq 400)
}

@test "mail that is not from there is not mixed with what is, unless one says so" {
	messages 3 | seed alice
	messages 2 | seed bob
	spoolctl --to "maildir:$T/box/one" convert "mbox:$T/mail/alice" >/dev/null
	run -73 spoolctl --to "maildir:$T/box/one" convert "mbox:$T/mail/bob"
	[[ $output == *"has 3 messages, and they are not from a conversion of mbox:$T/mail/bob: --merge converts nevertheless" ]]
	[ "$(ls "$T/box/one/new" | wc -l)" = 3 ]
	spoolctl --json --merge --to "maildir:$T/box/one" convert "mbox:$T/mail/bob" >"$T/said"
	[ "$(jq -c '[.messages, .converted]' "$T/said")" = '[2,0]' ] # two that are there already
	spoolctl --to "maildir:$T/box/one" convert "mbox:$T/mail/alice" >/dev/null
	# another folder of that name is not what was converted to
	rm -rf "$T/box/one"
	spoolctl --json --to "maildir:$T/box/one" convert "mbox:$T/mail/alice" >"$T/said"
	[ "$(jq -c '[.messages, .converted, .removed]' "$T/said")" = '[3,3,0]' ]
}

@test "a destination that was removed and made anew has nothing yet, even if it got the old one's inode" {
	local inode
	messages 3 | seed alice
	spoolctl --to "$NEW" convert alice >/dev/null
	inode=$(stat -c %i "$T/box/alice")
	for _ in $(seq 200); do
		rm -rf "$T/box/alice"
		as_owner mkdir -m 700 "$T/box/alice"
		[ "$(stat -c %i "$T/box/alice")" != "$inode" ] || break
	done
	[ "$(stat -c %i "$T/box/alice")" = "$inode" ] || skip "this file system does not use an inode twice"
	[ "$(stat -c %W "$T/box/alice")" != 0 ] || skip "this file system keeps no time of birth"
	spoolctl --to "$NEW" convert alice >"$T/said"
	grep -q ': 3 messages, .*; 3 converted now$' "$T/said"
	[ "$(find "$T/box/alice" -type f | wc -l)" = 3 ]
}

@test "what can't be converted is refused, with the reason, and nothing is made" {
	messages 3 | seed alice
	run -66 spoolctl --to "$NEW" convert bob
	[[ $output == *"there is no mailbox"* ]]
	run -69 spoolctl --to "mbox:$T/box/%u" convert alice
	run ! spoolctl --to "maildir:$T/mail/%u" convert alice
	[[ $output == *"the same as"* ]]
	run -64 spoolctl convert alice
	run -64 spoolctl --to 'maildir:%x' convert alice
	run -64 spoolctl --from "$OLD" convert "mbox:$T/mail/alice"
	run -78 spoolctl --to "nothing:$T/box/%u" convert alice
	run -67 spoolctl --to "$NEW" convert nobody-here
	[ -z "$(ls "$T/box")" ]
	echo 'not an mbox' | seed alice
	run -65 spoolctl --to "$NEW" convert alice
	messages 3 | seed alice
	as_owner ln -s "$T/mail" "$T/box/alice"
	run ! spoolctl --to "$NEW" convert alice
	[[ $output == *"symbolic link"* ]]
}

@test "one at a time: neither two conversions nor a conversion and a session" {
	made mbox 5 20 "$T/mail/alice"
	mkfifo "$T/in"
	pop3 <"$T/in" >"$T/out" 3>&- &
	local pop3=$!
	exec 7>"$T/in"
	printf 'USER alice\r\nPASS secret\r\nSTAT\r\n' >&7
	eventually grep -q '^+OK 20 ' "$T/out"
	run -75 spoolctl --to "$NEW" convert alice
	[[ $output == *"another session has this mailbox"* ]]
	[[ $output == *"goes on where it stopped"* ]]
	[ -z "$(ls "$T/box")" ]
	exec 7>&-
	wait "$pop3"
	spoolctl --to "$NEW" convert alice >/dev/null
	switch_to "$NEW"
	: >"$T/out"
	pop3 <"$T/in" >"$T/out" 3>&- &
	pop3=$!
	exec 7>"$T/in"
	printf 'USER alice\r\nPASS secret\r\nSTAT\r\n' >&7
	eventually grep -q '^+OK 20 ' "$T/out"
	run -75 spoolctl --from "$OLD" convert alice
	exec 7>&-
	wait "$pop3"
	spoolctl --from "$OLD" convert alice >/dev/null
}

@test "several at once: each is told, and the first that fails decides" {
	messages 3 | seed alice
	messages 2 | seed bob
	run --separate-stderr spoolctl --to "$NEW" convert alice nobody-here bob
	[ "$status" = 67 ]
	[ "$(grep -c ' verified; ' <<<"$output")" = 2 ]
	expect_line 'Not all was converted, see above\..*'
	spoolctl --json --to "$NEW" convert alice bob >"$T/said"
	[ "$(jq -c '[.mailbox, .to, .messages]' "$T/said" | tail -n 1)" = "[\"mbox:$T/mail/bob\",\"maildir:$T/box/bob\",2]" ]
	[ "$(wc -l <"$T/said")" = 2 ]
}

@test "the disk is full: that is said, the source stays, and it goes on when there is room" {
	[ "$(id -u)" = 0 ] || skip "only root can make a small disk"
	mkdir "$T/small"
	mount -t tmpfs -o size=200k tmpfs "$T/small" || skip "may not mount"
	chown "$OWNER" "$T/small"
	perl -e 'print "From a\@b Tue Nov 24 13:00:00 2026\nSubject: $_\n\n", "x" x 70, "\n" x 1, ("y" x 70 . "\n") x 300, "\n" for 1 .. 20' | seed alice
	state "$T/mail" >"$T/before"
	run -75 spoolctl --to "maildir:$T/small/%u" convert alice
	[[ $output == *"No space left"* ]]
	state "$T/mail" | diff "$T/before" -
	[ "$(find "$T/small/alice/new" "$T/small/alice/cur" -type f | wc -l)" -lt 20 ]
	[ -z "$(ls "$T/small/alice/tmp")" ]
	mount -o remount,size=4M "$T/small"
	spoolctl --to "maildir:$T/small/%u" convert alice | grep -q ': 20 messages, '
	corpus like "$T/mail/alice" "$T/small/alice"
	# and an mbox there
	mount -o remount,size=600k "$T/small"
	run -75 spoolctl --to "mbox:$T/small/back" convert "maildir:$T/small/alice"
	[[ $output == *"No space left"* ]]
	mount -o remount,size=4M "$T/small"
	spoolctl --to "mbox:$T/small/back" convert "maildir:$T/small/alice" | grep -q ': 20 messages, '
	corpus same "$T/mail/alice" "$T/small/back"
	umount "$T/small"
}

@test "root makes it for its owner, in his home or where only root may" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	messages 3 | seed alice
	mkdir "$T/home" "$T/spool"
	chown "$OWNER" "$T/home"
	chmod 700 "$T/home"
	spoolctl --to "maildir:$T/home/mail/%u" convert alice >/dev/null
	[ -z "$(find "$T/home" ! -user "$OWNER")" ]
	[ "$(stat -c %a "$T/home/mail/alice" "$T/home/mail/alice/new" "$T/home/mail" | sort -u)" = 700 ]
	[ "$(find "$T/home/mail/alice" -type f -printf '%m\n' | sort -u)" = 600 ]
	chown root:mail "$T/spool"
	chmod 2775 "$T/spool"
	switch_to "maildir:$T/home/mail/%u"
	spoolctl --to "mbox:$T/spool/%u" convert alice >/dev/null
	[ "$(stat -c %U "$T/spool/alice")" = "$OWNER" ]
	[ "$(ls "$T/spool")" = alice ] # and no lock file
	switch_to "$OLD"
	run -69 spoolctl --to "mbox:$T/spool/other-%u" convert alice
	[ "$(ls "$T/spool")" = alice ]
	switch_to "maildir:$T/home/mail/%u"
	corpus same "$T/mail/alice" "$T/spool/alice"
}

# dovecot KIND PATH LINE...: a session of Dovecot's about that mailbox.
dovecot() {
	local peers=$BUILD/peers lib=$BUILD/peers/usr/lib/dovecot
	mkdir -p "$T/dovecot/home" "$T/dovecot/run"
	cat >"$T/dovecot/conf" <<-CONF
		default_login_user = $OWNER
		default_internal_user = $OWNER
		base_dir = $T/dovecot/run
		mail_location = $1:$2
		mail_plugin_dir = $lib/modules
		libexec_dir = $lib
		ssl = no
		first_valid_uid = 0
		first_valid_gid = 0
		stats_writer_socket_path =
	CONF
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$T/dovecot"; fi
	printf '%s\r\n' "${@:3}" | as_owner env -i PATH="$PATH" LD_LIBRARY_PATH="$lib" USER=alice HOME="$T/dovecot/home" \
		"$peers/usr/bin/doveconf" -c "$T/dovecot/conf" -f service=pop3 -e "$lib/pop3" 2>>"$T/dovecot.log" | tr -d '\r'
}

@test "Dovecot reads what was made: as many messages, the same octets, in the same order" {
	[ -x "$BUILD/peers/usr/bin/doveconf" ] || skip "Dovecot is not here"
	for n in $(seq 30); do
		printf 'From a@b Tue Nov 24 13:00:%02d 2026\nReceived: x\nSubject: %s\n\nbody %s\n\n' $((n * 7 % 60)) "$n" "$n"
	done | seed alice
	spoolctl --to "$NEW" convert alice >/dev/null
	dovecot maildir "$T/box/alice" STAT LIST 'RETR 1' 'RETR 17' 'RETR 30' QUIT >"$T/theirs"
	grep -q '^+OK' "$T/theirs" || skip "Dovecot can't be run here: $(tail -n 1 "$T/dovecot.log")"
	grep -E '^(Subject|[0-9]+ [0-9]+$)' "$T/theirs" >"$T/want"
	switch_to "$NEW"
	talk LIST 'RETR 1' 'RETR 17' 'RETR 30' QUIT | grep -E '^(Subject|[0-9]+ [0-9]+$)' | diff "$T/want" -
	[ "$(wc -l <"$T/want")" = 33 ]
	[ "$(talk UIDL QUIT | grep -cE '^[0-9]+ [0-9a-f]{32}$')" = 30 ] # Dovecot has renamed none
}

@test "one that goes on has the list of what was converted on disk before it brings in more" {
	local tool="$BUILD/tools/spool-tool" folder=$T/again
	strace -qq -o /dev/null true || skip "needs strace, and the right to trace"
	mkdir -p "$folder/state" "$folder/from/"{new,cur,tmp}
	printf 'Subject: 1\n\none\n' >"$folder/from/new/1.M1P1.elsewhere"
	"$tool" "mbox:$folder/box" "$folder/state" convert "maildir:$folder/from"
	printf 'Subject: 2\n\ntwo\n' >"$folder/from/new/2.M1P1.elsewhere"
	strace -y -qq -o "$T/trace" -e trace=fsync,pwrite64 \
		"$tool" "mbox:$folder/box" "$folder/state" convert "maildir:$folder/from"
	sed -n -e 's|^fsync(.*box\.convert-[0-9a-f]*>.*|list|p' -e "s|^fsync(.*<$folder/state>.*|folder|p" \
		-e "s|^pwrite64(.*<$folder/box>.*|message|p" "$T/trace" | head -n 3 >"$T/order"
	diff <(printf 'list\nfolder\nmessage\n') "$T/order"
}
