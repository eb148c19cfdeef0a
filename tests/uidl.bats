#!/usr/bin/env bats
# Unique-ids as other servers give them: a client that left its mail here sees nothing new after a migration. What popa3d
# 1.0.3 and Dovecot 2.3 said is kept in tests/uidl; where they can be run they are asked again, about other mail.
load helper
load maildrop

PEERS=$BUILD/peers
DOVECOT=$PEERS/usr/lib/dovecot

setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-uidl.XXXXXX")
	chmod 755 "$T"
	mkdir "$T/state"
	BOX=$T/box
}

teardown() { unplace; }

# ids FORMAT: "<number> <id>" of each message in $BOX, by libspool. FORMAT as in enum spool_uidl.
ids() { SPOOL_TOOL_UIDL=$1 "$BUILD/tools/spool-tool" "mbox:$BOX" "$T/state" list | cut -d' ' -f1,3; }
HASH=0 POPA3D=1 DOVECOT_IDS=2 X_UIDL=3

# corpus KIND SEED: $BOX becomes that mailbox.
corpus() { python3 "$ROOT/tests/uidl_corpus.py" "$1" "$2" >"$BOX"; }

# first_of_twins: popa3d gives twins one id, where RFC 1939 section 7 wants two; ours has a number behind it.
first_of_twins() { sed 's/-[0-9]*$//'; }

listed() { tr -d '\r' | sed -nE '/^[0-9]+ [^ ]+$/p'; }

# ask_popa3d: its UIDL list of $BOX. It finds its user, its password and its folders in a world of its own.
ask_popa3d() {
	mkdir -p "$T/popa3d/mail" "$T/popa3d/pam"
	cp "$BOX" "$T/popa3d/mail/alice"
	touch -d '1 hour ago' "$T/popa3d/mail/alice" # or it would wait until the second is over
	printf 'root:x:0:0::/:/bin/sh\nalice:x:2:2::/:/bin/sh\npopa3d:x:3:3::/:/bin/false\n' >"$T/popa3d/passwd"
	printf 'root:x:0:\nalice:x:2:\npopa3d:x:3:\n' >"$T/popa3d/group"
	printf 'auth required pam_permit.so\naccount required pam_permit.so\n' >"$T/popa3d/pam/popa3d"
	# shellcheck disable=SC2016 # the inner shell's
	printf '%s\r\n' 'USER alice' 'PASS secret' UIDL QUIT | unshare -rm --propagation private sh -c '
		mount --bind "$1/mail" /var/mail && mount -t tmpfs none /var/lib && mkdir -p /var/lib/popa3d &&
		UID_WRAPPER=1 UID_WRAPPER_ROOT=1 NSS_WRAPPER_PASSWD=$1/passwd NSS_WRAPPER_GROUP=$1/group \
			PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$1/pam \
			LD_PRELOAD=libuid_wrapper.so:libnss_wrapper.so:libpam_wrapper.so "$2"
	' - "$T/popa3d" "$PEERS/usr/sbin/popa3d" 2>/dev/null | listed
}

# dovecot LINE...: a session with these commands about $T/dovecot/inbox, of somebody who is logged in; the replies.
dovecot() {
	mkdir -p "$T/dovecot/home" "$T/dovecot/run"
	cat >"$T/dovecot/conf" <<-CONF
		default_login_user = $OWNER
		default_internal_user = $OWNER
		base_dir = $T/dovecot/run
		mail_location = mbox:$T/dovecot/home/mail:INBOX=$T/dovecot/inbox
		mail_plugin_dir = $DOVECOT/modules
		libexec_dir = $DOVECOT
		mbox_write_locks = fcntl
		ssl = no
		first_valid_uid = 0
		first_valid_gid = 0
		stats_writer_socket_path =
	CONF
	chmod 600 "$T/dovecot/inbox"
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$T/dovecot"; fi
	printf '%s\r\n' "$@" | as_owner env -i PATH="$PATH" LD_LIBRARY_PATH="$DOVECOT" USER=alice HOME="$T/dovecot/home" \
		"$PEERS/usr/bin/doveconf" -c "$T/dovecot/conf" -f service=pop3 -e "$DOVECOT/pop3" 2>>"$T/dovecot.log"
}

# after_dovecot: Dovecot's UIDL list of $T/dovecot/inbox, and of ours as it left that, differ in nothing.
after_dovecot() {
	dovecot UIDL QUIT | listed >"$T/theirs"
	cat "$T/dovecot/inbox" >"$BOX" # ours in any case
	rm -f "$T"/state/*
	ids $DOVECOT_IDS >"$T/ours"
	expect_same "$T/theirs" "$T/ours"
}

need_popa3d() {
	[ -x "$PEERS/usr/sbin/popa3d" ] || skip "popa3d is not here"
	corpus popa3d 1
	[ -n "$(ask_popa3d || true)" ] || skip "popa3d can't be run here: it takes namespaces of one's own"
}

need_dovecot() {
	[ -x "$DOVECOT/pop3" ] || skip "Dovecot is not here"
	mkdir "$T/dovecot"
	messages 1 >"$T/dovecot/inbox"
	dovecot QUIT | grep -q '^+OK' || skip "Dovecot can't be run here: $(tail -n 1 "$T/dovecot.log")"
	rm -rf "$T/dovecot/home"
}

@test "popa3d's ids, as it gave them" {
	cp "$ROOT/tests/uidl/popa3d.mbox" "$BOX"
	ids $POPA3D | first_of_twins | diff "$ROOT/tests/uidl/popa3d.uidl" -
}

@test "popa3d's ids, asked now" {
	local seed
	need_popa3d
	for seed in $(seq 20 40); do
		corpus popa3d "$seed"
		ask_popa3d >"$T/theirs"
		[ "$(wc -l <"$T/theirs")" -ge 40 ]
		ids $POPA3D | first_of_twins >"$T/ours"
		expect_same "$T/theirs" "$T/ours" || { echo "seed $seed"; false; }
	done
}

@test "Dovecot's ids, as it gave them" {
	local name
	for name in dovecot dovecot-emptied; do
		rm -f "$T"/state/*
		cp "$ROOT/tests/uidl/$name.mbox" "$BOX"
		ids $DOVECOT_IDS | diff "$ROOT/tests/uidl/$name.uidl" -
	done
}

@test "Dovecot's ids, asked now: whatever was in the mailbox when it came" {
	local seed
	need_dovecot
	for seed in $(seq 100 120); do
		rm -rf "$T/dovecot/home"
		corpus dovecot "$seed"
		cp "$BOX" "$T/dovecot/inbox"
		after_dovecot || { echo "seed $seed"; false; }
		cat "$T/theirs" >>"$T/all"
	done
	[ "$(wc -l <"$T/all")" -gt 80 ]
}

@test "Dovecot's ids, asked now: over deletion, delivery and an emptied mailbox" {
	need_dovecot
	messages 5 >"$T/dovecot/inbox"
	after_dovecot
	dovecot 'DELE 1' 'DELE 4' QUIT >/dev/null
	after_dovecot
	messages 7 | tail -n 14 >>"$T/dovecot/inbox"
	after_dovecot
	dovecot 'DELE 1' 'DELE 2' 'DELE 3' 'DELE 4' 'DELE 5' QUIT >/dev/null
	grep -q '^X-IMAP: ' "$T/dovecot/inbox"
	after_dovecot
	messages 2 >>"$T/dovecot/inbox"
	after_dovecot
	[ "$(wc -l <"$T/ours")" = 2 ]
}

@test "Dovecot's ids stay when the message that holds their base goes, and new mail has hashes" {
	place <<<$'[pop3]\nuidl = dovecot'
	seed alice <"$ROOT/tests/uidl/dovecot.mbox"
	talk UIDL | listed | cut -d' ' -f2 >"$T/before"
	printf 'Subject: new\nX-UID: 1\nX-IMAPbase: 3 3\nX-IMAP: 3 3\n\nbody\n' >"$T/new"
	deliver alice "$T/new"
	talk 'DELE 1' QUIT | tail -n 1 | grep -q '^+OK'
	run ! grep -q 'X-IMAPbase' "$T/mail/alice"
	talk UIDL | listed | cut -d' ' -f2 >"$T/after"
	tail -n +2 "$T/before" | diff - <(head -n -1 "$T/after")
	tail -n 1 "$T/after" | grep -qxE '[0-9a-f]{32}'
}

@test "Dovecot's message of internal data is not listed, goes with the first message, and what it said stays" {
	place <<<$'[pop3]\nuidl = dovecot'
	seed alice <"$ROOT/tests/uidl/dovecot-emptied.mbox"
	talk UIDL | listed >"$T/before"
	[ "$(wc -l <"$T/before")" = 2 ]
	talk 'DELE 2' QUIT >/dev/null
	grep -q '^X-IMAP: ' "$T/mail/alice"
	head -n 1 "$T/before" | diff - <(talk UIDL | listed)
	seed alice <"$ROOT/tests/uidl/dovecot-emptied.mbox"
	talk 'DELE 1' QUIT >/dev/null
	run ! grep -q '^X-IMAP: ' "$T/mail/alice"
	[ "$(talk UIDL | listed | cut -d' ' -f2)" = "$(sed -n 's/^2 //p' "$T/before")" ]
}

@test "numbers that Dovecot never gave, gave twice or gave before have hashes" {
	perl -e 'my @uids = (3, 4, 4, 2, 9, 6, 7, 4294967296, "5 x", 0);
		for (0 .. $#uids) {
			print "From a\@b Tue Nov 24 13:00:00 2026\nReceived: $_\n", $_ ? "" : "X-IMAPbase: 255 0000000007\n",
				"X-UID: $uids[$_]\n\nbody\n\n" }' >"$BOX"
	ids $HASH >"$T/hash"
	ids $DOVECOT_IDS | diff <(sed -e 's/^1 .*/1 00000003000000ff/; s/^2 .*/2 00000004000000ff/' \
		-e 's/^6 .*/6 00000006000000ff/; s/^7 .*/7 00000007000000ff/' "$T/hash") -
}

@test "without X-IMAPbase no X-UID means anything; a base outlives the mailbox's first message" {
	printf 'From a@b Tue Nov 24 13:00:00 2026\nReceived: 1\nX-UID: 1\n\nbody\n\n' >"$BOX"
	ids $HASH | diff - <(ids $DOVECOT_IDS)
	sed 's/^X-UID/X-IMAPbase: 16 2\n&/' "$BOX" >"$T/with"
	cp "$T/with" "$BOX"
	[ "$(ids $DOVECOT_IDS)" = '1 0000000100000010' ]
	sed '/^X-IMAPbase/d' "$T/with" >"$BOX"
	[ "$(ids $DOVECOT_IDS)" = '1 0000000100000010' ]
	[ "$(cat "$T"/state/*.uidvalidity)" = '16 2' ]
}

@test "X-UIDL is believed where it is an id, told apart where it is another's" {
	local long
	long=$(printf 'x%.0s' $(seq 62))
	perl -e 'for my $i (0 .. $#ARGV) {
		print "From a\@b Tue Nov 24 13:00:00 2026\nReceived: $i\nX-UIDL: $ARGV[$i]\nX-UIDL: second\n\nbody\n\n" }' \
		'"$!(7!Q-x' same same " tabbed	" 'two words' '' "$long" "x$long" "$long" 'same-2' $'8-bit\xe4' $'nul\x01' \
		$'folded\n in two' $'\n folded' >"$BOX"
	ids $HASH >"$T/hash"
	{
		printf '%s\n' '1 "$!(7!Q-x' '2 same' '3 same-2' '4 tabbed'
		sed -n '5,6p' "$T/hash"
		echo "7 $long"
		sed -n '8p' "$T/hash"
		echo "9 $long-2"
		echo '10 same-2-2'
		sed -n '11,13p' "$T/hash"
		echo '14 folded'
	} >"$T/wanted"
	ids $X_UIDL >"$T/ours"
	expect_same "$T/wanted" "$T/ours"
}

@test "whatever the format and the mail: each id once, 1 to 70 octets of 0x21 to 0x7E, nothing written" {
	local seed format
	for seed in 1 2 3; do
		for format in $HASH $POPA3D $DOVECOT_IDS $X_UIDL; do
			{ python3 "$ROOT/tests/uidl_corpus.py" dovecot "$seed"; python3 "$ROOT/tests/uidl_corpus.py" popa3d "$seed"
				for _ in 1 2 3; do printf 'From a@b Tue Nov 24 13:00:00 2026\nX-UIDL: a-2\nX-UIDL: a\n\n'; done; } >"$BOX"
			cp "$BOX" "$T/copy"
			ids "$format" | cut -d' ' -f2- >"$T/ids"
			[ "$(wc -l <"$T/ids")" -gt 40 ]
			run ! env LC_ALL=C grep -qvxE '[!-~]{1,70}' "$T/ids"
			[ -z "$(sort "$T/ids" | uniq -d)" ]
			cmp "$BOX" "$T/copy"
		done
	done
}

# add N UID: a message with this X-UID arrives, through a program that lets that in.
add() { printf 'From a@b Tue Nov 24 13:00:00 2026\nReceived: %s\nX-UID: %s\nX-UIDL: %s\n\nbody\n\n' "$1" "$2" "$2" >>"$BOX"; }

@test "an index knows the same ids as the mailbox itself, in each format" {
	local format
	mkdir "$T/cache"
	for format in $HASH $POPA3D $DOVECOT_IDS $X_UIDL; do
		rm -f "$T"/state/* "$T"/cache/*
		cp "$ROOT/tests/uidl/dovecot-emptied.mbox" "$BOX"
		sed -i 's/^X-IMAP: .*/X-IMAP: 99 50/' "$BOX"
		# What lies behind the message that was the last one: 46, a lower number, one that was never given, 50.
		for uid in 46 45 60 50; do
			touch -d '1 minute ago' "$BOX" # an index is only kept of what may not change unseen
			SPOOL_TOOL_CACHE=$T/cache ids "$format" >/dev/null
			add "$uid" "$uid"
			SPOOL_TOOL_CACHE=$T/cache ids "$format" >"$T/indexed"
			ids "$format" >"$T/scanned"
			expect_same "$T/scanned" "$T/indexed"
		done
		case $format in "$DOVECOT_IDS") cut -d' ' -f2 "$T/indexed" >"$T/dovecot.ids" ;; esac
	done
	grep -c '00000063$' "$T/dovecot.ids" | grep -qx 4 # the two that were there, 46 and 50
}

@test "[pop3] uidl takes each format by its name" {
	local name
	for name in hash popa3d dovecot x-uidl; do
		place <<<$'[pop3]\nuidl = '"$name"
		printf 'From a@b Tue Nov 24 13:00:00 2026\nReceived: 1\nX-IMAPbase: 16 2\nX-UID: 1\nX-UIDL: me\n\nbody\n\n' |
			seed alice
		talk UIDL QUIT | listed
		unplace
	done >"$BATS_TEST_TMPDIR/ids"
	diff - "$BATS_TEST_TMPDIR/ids" <<-'END'
		1 6550e385f3ec7934d2d7b0e67469d28d
		1 85047e8b8991c29e
		1 0000000100000010
		1 me
	END
	T=
	place <<<$'[pop3]\nuidl = cyrus'
	run pop3 <<<''
	[ "$status" = 78 ]
}
