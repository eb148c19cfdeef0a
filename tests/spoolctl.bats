#!/usr/bin/env bats
# spoolctl: what it says of mailboxes, what it finds in damaged ones, and as whom it looks.
load helper
load maildrop

setup() { place; }
teardown() { unplace; }

spoolctl() { "$BUILD/spoolctl" --config "$CONF" "$@"; }

# hostile: a mailbox whose second message tries to command terminals and JSON parsers.
hostile() {
	messages 1
	printf 'From x@y Tue Nov 24 13:00:00 2026\nDate: Tue,\n 24 Nov 2026\nFrom: "\033[31mRed" <x@y>\nSubject: a\tb \xe4 \xc3\xa4 %s c\\d\r\nX: y\n\nbody\033c\n\n' \
		$'\u202e'
}

@test "list: number, octets, id, date, sender, subject; nothing that commands a terminal" {
	hostile | seed alice
	LC_ALL=C.UTF-8 spoolctl list alice >"$T/list"
	talk LIST QUIT | sed -nE 's/^([12] [0-9]+)$/\1/p' | diff - <(cut -d' ' -f1,2 "$T/list")
	talk UIDL QUIT | sed -nE 's/^[12] ([0-9a-f]+)$/\1/p' | diff - <(cut -d' ' -f3 "$T/list")
	cut -d' ' -f4- "$T/list" | diff - <(printf '%s\n' ' |  | message 1' \
		'Tue, 24 Nov 2026 | "\x1B[31mRed" <x@y> | a b \xE4 ä \xE2\x80\xAE c\\d')
	LC_ALL=C spoolctl list alice | grep -qF ' \xE4 \xC3\xA4 '
	seed bob </dev/null
	[ -z "$(spoolctl list bob)" ]
}

@test "list of a long header: only its begin, and none of the body" {
	{ messages 1 | head -n 1; printf 'Subject: %s\nNo colon\nFROM: me\nSubject: no\n\nDate: no\n\n' "$(printf 'x%.0s' $(seq 2000))"; } |
		seed alice
	[ "$(spoolctl list alice | cut -d' ' -f4-)" = " | me | $(printf 'x%.0s' $(seq 998))" ]
}

@test "--json: what a parser reads is what was there" {
	hostile | seed alice
	{ for command in list stat uidl check; do spoolctl --json $command alice; done; spoolctl --json show alice 2
		spoolctl --json --header show alice 2; } >"$T/json"
	[ "$(wc -l <"$T/json")" = 6 ]
	! LC_ALL=C grep -q '[^ -~]' "$T/json" || false
	python3 - "$T/json" "$T/mail/alice" <<-'PYTHON'
		import json, sys
		lists, stat, uidl, check, show, header = [json.loads(line) for line in open(sys.argv[1])]
		box = open(sys.argv[2], "rb").read()
		assert lists["messages"][1]["from"] == '"\x1b[31mRed" <x@y>', lists
		assert lists["messages"][1]["subject"] == "a b \ufffd \u00e4 \u202e c\\d", lists
		assert stat["messages"] == 2 and stat["size"] == len(box) and stat["lines"] == box.count(b"\n"), stat
		assert uidl["setting"] == "hash" and uidl["messages"][1]["hash"] == lists["messages"][1]["uidl"], uidl
		assert check["damages"] == 0 and [f["kind"] for f in check["findings"]] == ["crlf"], check
		assert show["text"] == box.split(b" 2026\n", 1)[1][:-1].decode(errors="replace"), show
		assert show["text"].startswith(header["header"]) and header["header"].endswith("y\n\n"), header
	PYTHON
}

@test "--json: a mailbox's name, too, may be no UTF-8" {
	local name
	name=$(printf 'a\xffb')
	printf 'From a@b Tue Nov 24 13:00:00 2026\nSubject: x\n\nhi\n\n' | seed "$name"
	for verb in list stat uidl check 'check --repair' "--to maildir:$T/mail/new convert"; do
		# shellcheck disable=SC2086
		spoolctl --json $verb "mbox:$T/mail/$name" | jq -e '.mailbox | endswith("/a\ufffdb")' >/dev/null
	done
}

@test "show: octet for octet; --header stops behind the empty line" {
	printf 'Subject: x\n\nFrom me\n>From you\n\0\377\nend' >"$T/message"
	{ tr '\0' '@' <"$T/message"; echo; } >"$T/plain" # SMTP takes no NUL
	deliver alice "$T/plain"
	spoolctl show alice 1 >"$T/shown"
	tail -c "$(wc -c <"$T/plain")" "$T/shown" | cmp - "$T/plain"
	spoolctl --header show alice 1 | cmp - <(sed '/^$/q' "$T/shown")
	{ messages 1 | head -n 1; cat "$T/message"; } | seed alice
	spoolctl show alice 1 | cmp - <(sed 's/^>From/From/' "$T/message") # as it was quoted
	run spoolctl show alice 2
	[ "$status" = 66 ]
	run -64 spoolctl show alice 0
	run -64 spoolctl show alice
	run -74 --separate-stderr sh -c '"$0" --config "$1" show alice 1 >/dev/full' "$BUILD/spoolctl" "$CONF"
}

@test "show: on a terminal nothing commands it" {
	hostile | seed alice
	python3 - "$BUILD/spoolctl" "$CONF" >"$T/seen" <<-'PYTHON'
		import os, pty, sys
		pty.spawn([sys.argv[1], "--config", sys.argv[2], "show", "alice", "2"], stdin_read=lambda fd: b"")
	PYTHON
	grep -qF '\x1Bc' "$T/seen"
	run ! grep -q $'\033' "$T/seen"
}

@test "stat: messages, octets, lines, padding, index and lock" {
	{ messages 1 | head -n 1; echo 'X-Pillarbox-Padding: xxx'; echo ' xx'; messages 3 | tail -n +2; } | seed alice
	touch -d '1 minute ago' "$T/mail/alice"
	spoolctl stat alice >"$T/before"
	printf '%s\n' "mbox:$T/mail/alice" '  messages  3' "  size      $(wc -c <"$T/mail/alice")" '  lines     20' \
		'  padding   29' '  index     none' '  dotlock   free' | diff - "$T/before"
	talk QUIT >/dev/null
	spoolctl stat alice | grep -qx '  index     current'
	messages 1 >>"$T/mail/alice"
	as_owner sh -c "echo $$ >'$T/mail/alice.lock'"
	spoolctl stat alice >"$T/after"
	grep -qx '  index     old' "$T/after"
	grep -qx '  dotlock   held' "$T/after"
	run spoolctl stat bob
	[ "$status" = 66 ]
}

@test "uidl: all formats side by side, and how many messages would be new" {
	printf '[pop3]\nuidl = popa3d\n' >>"$CONF"
	printf 'From a@b Tue Nov 24 13:00:00 2026\nReceived: %s\n\nbody\n\n' 1 2 3 |
		sed '1a X-IMAP: 16 9' | sed '/^Received: 2/a X-UID: 9\nX-UIDL: me' | seed alice
	spoolctl uidl alice >"$T/uidl"
	diff - "$T/uidl" <<-'END'
		# hash popa3d dovecot x-uidl
		1 6550e385f3ec7934d2d7b0e67469d28d 85047e8b8991c29e * -
		2 77f40079ffdde330dcd6b6a11178960d b649fd6878555229 0000000900000010 me
		3 cbca10ffd93d2eaebb61b3c713c116ac a514cb717d488707 - -
		# hash: 3 of 3 messages would be new to clients that know popa3d
		# dovecot: 2 of 2 messages would be new to clients that know popa3d
		# x-uidl: 3 of 3 messages would be new to clients that know popa3d
	END
}

# check_finds KIND OFFSET LINE: check of alice's mailbox finds that, and nothing else, and changes nothing.
check_finds() {
	local before
	before=$(stat -c '%i %s %y %z' "$T/mail/alice"; cksum <"$T/mail/alice")
	run --separate-stderr spoolctl --json check alice
	printf '%s: %s\n' "$1" "$output"
	[ -z "$stderr" ]
	python3 -c 'import json, sys
found = [(f["kind"], f.get("offset", 0), f.get("line", 0)) for f in json.loads(sys.argv[1])["findings"]]
assert found == [(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))], found' "$output" "$@"
	case $1 in
	no-from | nul | glued | cut) [ "$status" = 65 ] ;;
	*) [ "$status" = 0 ] ;;
	esac
	[ "$(stat -c '%i %s %y %z' "$T/mail/alice"; cksum <"$T/mail/alice")" = "$before" ]
	[ -z "$(find "$T/state" -name '*.session')" ]
}

@test "check: each damage, with its line and offset; nothing is changed" {
	local from=$'From a@b Tue Nov 24 13:00:00 2026\n' # 34 octets
	messages 3 | seed alice
	run -0 spoolctl check alice
	[ "$output" = "mbox:$T/mail/alice: 3 messages, 0 damages, 0 suspicions" ]
	printf 'Subject: x\n\nFrom me\n' | seed alice
	check_finds no-from 0 1
	{ printf '%sA: b\n\nabc' "$from"; head -c 5000 /dev/zero; printf 'x\n\n'; } | seed alice
	check_finds nul 43 4
	{ printf '%sA: b\n\nabc\n' "$from"; head -c 70000 /dev/zero; } | seed alice
	run spoolctl check alice
	[ "$status" = 65 ]
	[[ "${lines[0]}" == "mbox:$T/mail/alice:5: offset 44: damaged: NUL octets where data was lost (70000 octets); "* ]]
	[ "${lines[1]}" = "mbox:$T/mail/alice: 1 messages, 1 damages, 0 suspicions" ]
	{ printf '%sA: b\n\nhalf\n' "$from"; head -c 600 /dev/zero; printf '%sC: d\n\n' "$from"; } | seed alice
	run -65 spoolctl check alice # NULs hide no From_ line
	[[ "${lines[1]}" == "mbox:$T/mail/alice:5: offset 45: damaged: a message begins without an empty line "* ]]
	printf '%sA: b\n\nhalf of %sC: d\n\n%sD: e\n\n' "$from" "$from" "$from" | seed alice
	run -0 spoolctl check alice # a From_ line that begins within another line is nobody's
	printf '%sA: b\n\nhalf\n%sC: d\n\n' "$from" "$from" | seed alice
	check_finds glued 45 5
	printf '%sA: b\n\nhalf\n%smy love\n\n' "$from" "$from" | seed alice
	run -0 spoolctl check alice # text
	printf '%sA: b\n\nhal' "$from" | seed alice
	check_finds cut 40 4
}

@test "check: what is suspicious, and no damage" {
	local from=$'From a@b Tue Nov 24 13:00:00 2026\n' lock journal
	printf '%sA: b\n\nx\n\nFrom me: hello\nTo: you\n\nFrom me\nto you\n\n' "$from" | seed alice
	check_finds no-date 43 6
	printf '%sA: b\n\nx\r\n\n\r\n' "$from" | seed alice
	check_finds crlf 40 4
	messages 1 | sed 's/$/\r/' | seed alice
	run -0 spoolctl check alice
	messages 1 | seed alice
	lock=$T/mail/alice.lock
	as_owner sh -c "echo 999999999 >'$lock'"
	check_finds stale-lock 0 0
	rm "$lock"
	mkdir -p "$T/state/$(id -u "$OWNER")"
	journal=$T/state/$(id -u "$OWNER")/$(sed 's|/|%2F|g' <<<"$T/mail/alice").journal
	touch "$journal"
	chown -R "$OWNER" "$T/state/$(id -u "$OWNER")"
	check_finds unfinished 0 0
	[ -e "$journal" ]
}

@test "check: waits for who has locked the mailbox, and says when that takes too long" {
	printf '[limits]\nlock_timeout = 0\n' >>"$CONF"
	messages 1 | seed alice
	python3 - "$T/mail/alice" "$BUILD/spoolctl" "$CONF" <<-'PYTHON'
		import fcntl, subprocess, sys
		with open(sys.argv[1], "r+b") as file:
		    fcntl.lockf(file, fcntl.LOCK_EX)
		    run = subprocess.run([sys.argv[2], "--config", sys.argv[3], "check", "alice"], capture_output=True)
		    assert run.returncode == 75 and b"locked" in run.stderr, run
		    fcntl.lockf(file, fcntl.LOCK_UN)
		    run = subprocess.run([sys.argv[2], "--config", sys.argv[3], "check", "alice"], capture_output=True)
		    assert run.returncode == 0, run
	PYTHON
}

@test "a session has the mailbox: list says so, check and stat need not care" {
	messages 1 | seed alice
	mkfifo "$T/in"
	pop3 <"$T/in" >"$T/out" &
	local pop3=$!
	exec 7>"$T/in"
	printf 'USER alice\r\nPASS secret\r\nSTAT\r\n' >&7
	eventually grep -q '^+OK 1 ' "$T/out"
	run spoolctl list alice
	[ "$status" = 75 ]
	run -0 spoolctl check alice
	run -0 spoolctl stat alice
	exec 7>&-
	wait "$pop3"
}

@test "several mailboxes, users and locations; the first that fails decides" {
	messages 1 | seed alice
	messages 2 | seed bob
	[ "$(spoolctl list alice "mbox:$T/mail/bob" | wc -l)" = 3 ]
	printf 'x\n' | seed alice
	run spoolctl check bob alice nobody-here
	[ "$status" = 65 ]
	run spoolctl check nobody-here alice
	[ "$status" = 67 ]
}

@test "a user who stops or kills root's process holds nobody else up" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	local signal child
	messages 1 | seed alice
	messages 2 | seed bob
	as_owner sh -c "echo $$ >'$T/mail/alice.lock'"
	for signal in STOP TSTP KILL; do
		"$BUILD/spoolctl" --config "$CONF" check --repair alice bob >"$T/out" 2>"$T/err" &
		eventually pgrep -P $! -u "$OWNER"
		child=$(pgrep -P $! -u "$OWNER")
		as_owner kill -s "$signal" "$child"
		[ "$signal" != TSTP ] || as_owner kill -s KILL "$child" # it goes on
		status=0
		wait $! || status=$?
		[ "$status" = 70 ]
		grep -qx "spoolctl: alice: its process was killed: signal 9" "$T/err"
		grep -q "mbox:$T/mail/bob" "$T/out"
	done
}

@test "a state folder whose maker was killed before he gave it away is its owner's afterwards" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	messages 2 | seed alice
	mkdir -m 700 "$T/state/$(id -u "$OWNER")"
	[ "$(spoolctl list alice | wc -l)" = 2 ]
	[ "$(stat -c %U "$T/state/$(id -u "$OWNER")")" = "$OWNER" ]
}

@test "what is not the owner's mailbox is not shown, whoever asks" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	echo 'From secret Nov 24 13:00' >"$T/secret"
	chmod 600 "$T/secret"
	as_owner ln -s "$T/secret" "$T/mail/alice"
	for command in list stat uidl check; do
		run ! spoolctl $command alice
		[[ "$output" == *"symbolic link"* ]]
	done
	run ! spoolctl show alice 1
	as_owner rm "$T/mail/alice"
	chmod 755 "$T"
	cp "$T/secret" "$T/mail/alice" # root's
	for command in list check; do
		run -77 spoolctl $command alice
	done
	run -77 as_owner "$BUILD/spoolctl" --config "$CONF" check "mbox:$T/secret"
}

@test "root reads a mailbox as its owner, and can't read it otherwise" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	messages 1 | seed alice
	strace -f -e trace=openat,setresuid -o "$T/trace" "$BUILD/spoolctl" --config "$CONF" list alice
	local become opened
	become=$(grep -n "setresuid($(id -u "$OWNER")" "$T/trace" | head -n 1 | cut -d: -f1)
	opened=$(grep -n "\"$T/mail/alice\"" "$T/trace" | head -n 1 | cut -d: -f1)
	[ "$become" -lt "$opened" ]
}

@test "an ordinary user has no need of a name, nor a configuration" {
	local home=$T/home user=$OWNER
	[ "$(id -u "$user")" -ge 1000 ] || user=pillarbox-ci
	id "$user" >/dev/null 2>&1 || skip "no ordinary user here"
	mkdir "$home"
	mkdir -p "$home/.local/state/pillarbox/mail"
	messages 2 >"$home/.local/state/pillarbox/mail/$user"
	if [ "$(id -u)" = 0 ]; then chown -R "$user" "$home"; fi
	printf '[tls]\n' >"$T/empty.conf"
	OWNER=$user run -0 as_owner env -u XDG_STATE_HOME HOME="$home" "$BUILD/spoolctl" --config "$T/empty.conf" stat
	expect_line '  messages  2'
	OWNER=$user run -0 as_owner env -u XDG_STATE_HOME HOME="$home" "$BUILD/spoolctl" --config "$T/empty.conf" show 2
	expect_line 'This is message 2.'
	OWNER=$user run -77 as_owner env -u XDG_STATE_HOME HOME="$home" "$BUILD/spoolctl" --config "$T/empty.conf" list root
	[ "$output" = "spoolctl: root: another user's mailbox" ]
	OWNER=$user run -67 as_owner env -u XDG_STATE_HOME HOME="$home" "$BUILD/spoolctl" --config "$T/empty.conf" list nobody-here
}

@test "a Maildir: its messages" {
	local location=maildir:$T/mail/dir
	as_owner mkdir -p "$T/mail/dir/new" "$T/mail/dir/cur" "$T/mail/dir/tmp"
	printf 'Subject: one\n\nbody\n' >"$T/mail/dir/new/1.a.b"
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$T/mail/dir"; fi
	spoolctl list "$location" | grep -qE '^1 22 [^ ]+  \|  \| one$'
	[ "$(spoolctl show "$location" 1)" = $'Subject: one\n\nbody' ]
	spoolctl uidl "$location" | grep -qE '^1 '
	run -0 spoolctl check "$location"
	[ "$output" = "$location: 1 messages, 0 damages, 0 suspicions" ]
	run -0 spoolctl stat "$location"
	[ "${lines[1]}" = '  messages  1' ]
	[ "$(spoolctl list "$location//")" = "$(spoolctl list "$location")" ] # a shell's completion adds one
	rm "$T/mail/dir/new/1.a.b"
	[ "$(spoolctl --json stat "$location" | jq -c '[.messages, .oldest, .newest]')" = '[0,null,null]' ]
}

@test "root does not go where a user's link leads, when what is there is root's own" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	mkdir -p "$T/home" "$T/private/box"
	chown "$OWNER" "$T/home"
	messages 1 >"$T/private/in"
	chmod -R go= "$T/private"
	cp -p "$T/private/in" "$T/before"
	as_owner ln -s "$T/private" "$T/home/mail"
	run -77 spoolctl check --repair "mbox:$T/home/mail/in"
	run -77 spoolctl check --repair "maildir:$T/home/mail/box"
	run -77 spoolctl list "mbox:$T/home/mail/nothing"
	[[ $output == *": nothing is there, and "* ]]
	run -77 spoolctl --to "maildir:$T/private/new" convert "mbox:$T/home/mail/in"
	run -77 spoolctl --to "maildir:$T/home/mail/new" convert "mbox:$T/private/in"
	cmp "$T/before" "$T/private/in"
	[ "$(find "$T/private" -mindepth 1 -printf '%P\n' | sort | tr '\n' ' ')" = "box in " ]
	run -0 spoolctl --to "maildir:$T/private/new" convert "mbox:$T/private/in"
}

@test "what is not there is told, and nothing is made of it" {
	as_owner mkdir "$T/mail/folder"
	for command in list uidl stat check; do
		run -66 spoolctl $command alice
		[ "$output" = "spoolctl: mbox:$T/mail/alice: there is no mailbox" ]
	done
	for command in list uidl; do
		run -66 spoolctl $command "maildir:$T/mail/folder"
		[[ $output == *"is a folder, but no Maildir: "* ]]
	done
	run -66 spoolctl show "maildir:$T/mail/folder" 1
	[ -z "$(ls "$T/mail/folder")" ]
	messages 2 | seed alice
	run -66 spoolctl show alice 3
	[ "$output" = "spoolctl: mbox:$T/mail/alice: no message 3, only 2 are in it" ]
}

@test "what is no mailbox is told as that, not as something that may pass" {
	as_owner mkdir "$T/mail/folder"
	as_owner mkfifo "$T/mail/fifo"
	messages 1 | seed alice
	for command in list stat check; do
		for location in "mbox:$T/mail/folder" "mbox:$T/mail/fifo" "maildir:$T/mail/alice"; do
			run -65 spoolctl $command "$location"
			[[ $output == *"${location#*:}: is "* ]]
		done
	done
}

@test "a Maildir's new messages stay new, whoever of us looks at them; one that can't be read is named" {
	local box=$T/mail/dir
	as_owner mkdir -p "$box/new" "$box/cur" "$box/tmp"
	for n in 1 2; do printf 'Subject: %s\n\nbody\n' $n >"$box/new/$n.a.b"; done
	if [ "$(id -u)" = 0 ]; then chown -R "$OWNER" "$box"; fi
	for command in list uidl stat check; do spoolctl $command "maildir:$box" >/dev/null; done
	spoolctl show "maildir:$box" 1 >/dev/null
	[ "$(ls "$box/new" | wc -l)" = 2 ]
	[ -z "$(ls "$box/cur")" ]
	chmod 0 "$box/new/2.a.b"
	run -77 spoolctl show "maildir:$box" 2
	[ "$output" = "spoolctl: $box: open 2.a.b: Permission denied" ]
	printf 'Subject: 3\n\nbody\n' >"$box/new/3.a.b"
	if [ "$(id -u)" = 0 ]; then chown "$OWNER" "$box/new/3.a.b"; fi
	run -77 --separate-stderr spoolctl list "maildir:$box" # nor does it hide what is behind it
	[ "$(cut -d' ' -f1,4- <<<"$output")" = $'1  |  | 1\n2  |  | \n3  |  | 3' ]
	[ "$stderr" = "spoolctl: $box: open 2.a.b: Permission denied" ]
	run -77 --separate-stderr spoolctl --json list "maildir:$box"
	[ "$(jq -c '[.messages[].subject]' <<<"$output")" = '["1",null,"3"]' ]
}

@test "whatever is closed when it is started, nothing is printed into a mailbox" {
	for closed in '>&-' '2>&-' '>&- 2>&-' '<&- >&-' '<&- >&- 2>&-'; do
		messages 30 | seed alice
		cp "$T/mail/alice" "$T/before"
		printf '%0512d' 0 | tr 0 '\0' >>"$T/mail/alice" # a note is printed, while the mailbox is open
		for verb in list uidl 'check --repair'; do
			eval "spoolctl $verb alice $closed" >/dev/null 2>&1 || [ $? = 74 ]
			cmp "$T/mail/alice" "$T/before"
		done
		run -1 grep -ar -e 'spoolctl: ' -e suspicions -e '# hash' "$T/state" "$T/cache"
		rm -rf "$T/state"/*
	done
	run -74 sh -c '"$0" --config "$1" list alice >&-' "$BUILD/spoolctl" "$CONF"
}

@test "started with SIGCHLD ignored, or a limit on files: the status is the right one, what fails is told" {
	messages 30 | seed alice
	cp "$T/mail/alice" "$T/mail/bob"
	chown --reference="$T/mail/alice" "$T/mail/bob"
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$BUILD/spoolctl" --config "$CONF" list alice bob
	{ messages 1; printf '%020d' 0 | tr 0 '\0'; messages 3000; } | seed alice
	cp "$T/mail/alice" "$T/before"
	run -75 --separate-stderr bash -c 'ulimit -f 100; exec "$0" --config "$1" check --repair alice' "$BUILD/spoolctl" "$CONF"
	grep -q 'File too large' <<<"$stderr"
	cmp "$T/mail/alice" "$T/before"
	[ ! -e "$T/mail/alice.lock" ]
}

@test "wrong use" {
	messages 1 | seed alice
	for options in --repair '--from mbox:/x/%u' '--to mbox:/x/%u' --merge --header; do
		# shellcheck disable=SC2086 # an option and its value
		run -64 spoolctl $options list alice
		[ "$output" = "spoolctl: list: has no option ${options%% *}; see --help" ]
	done
	run -64 spoolctl --frob list
	[[ $output == "spoolctl: --frob: unknown option"* ]]
	run -64 spoolctl
	run -64 spoolctl frobnicate
	run -64 spoolctl list ../alice
	run -64 spoolctl list mbox:relative
	[[ $output == *"the path does not begin with '/'" ]]
	run -65 spoolctl list mbox:/tmp/
	for location in imap:/tmp imap:/tmp/nothing-here Maildir:/tmp; do
		run -78 spoolctl list "$location"
		[[ $output == *': a location begins with "mbox:" or "maildir:"' ]]
		run -78 spoolctl --to "$location" convert alice
		[[ $output == *': a location begins with "mbox:" or "maildir:"' ]]
	done
	run -64 spoolctl --to "maildir:$T/mail/new/" convert alice
	[[ $output == *"no '/' stands at the end" ]]
	run -67 spoolctl list nobody-here
	[ "$(id -u)" != 0 ] || run -64 spoolctl list
}

@test "completion in bash" {
	# shellcheck source=packaging/bash-completion/spoolctl
	. "$ROOT/packaging/bash-completion/spoolctl"
	complete_line() { COMP_LINE=$*; COMP_POINT=${#COMP_LINE}; _spoolctl; printf '%s\n' "${COMPREPLY[@]}"; }
	[ "$(complete_line spoolctl ch)" = check ]
	[ "$(complete_line spoolctl --config /etc/x st)" = stat ]
	[ "$(complete_line spoolctl --js)" = --json ]
	complete_line spoolctl list roo | grep -qx root
	# bash has put the cursor behind a location's colon
	mkdir "$T/mail/folder"
	[ "$(complete_line spoolctl check "mbox:$T/mail/fo")" = "$T/mail/folder" ]
	[ "$(complete_line spoolctl convert --to maildir:%)" = '%h/Maildir' ]
	[ "$(complete_line spoolctl convert --to md)" = '' ]
	[ "$(complete_line spoolctl --to maildir:/x conv)" = convert ]
}
