#!/usr/bin/env bats
# libspool when it is killed, or the system fails it, at every system call: nothing lost, nothing twice, and the next
# one to open the mailbox mends it. Needs strace.
# shellcheck disable=SC2030,SC2031
load helper
load faults

# Where nothing can be cut out of a file, so that all goes through the journal: see spool_cut.bats for the other way.
setup() {
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "needs a tmpfs"
	faults_setup /dev/shm
}

teardown() { rm -rf "$T"; }

# bats test_tags=sweep
@test "delivery killed at every call: absent, or there once and whole" {
	delivery_of 300
	kill_everywhere deliver a@b c@d
}

# bats test_tags=sweep
@test "delivery of a large message killed at every call" {
	delivery_of 900000
	kill_everywhere deliver a@b c@d
}

# bats test_tags=sweep
@test "delivery into a new mailbox killed at every call" {
	delivery_of 300
	: >"$T/want/before"
	restore
	tool deliver a@b c@d <"$T/message"
	cp "$BOX" "$T/want/after"
	kill_everywhere deliver a@b c@d
}

# bats test_tags=sweep
@test "removal of the first message killed at every call" {
	make_box 5 300
	removal 1
}

# bats test_tags=sweep
@test "removal in the middle killed at every call" {
	make_box 5 300
	removal 3
}

# bats test_tags=sweep
@test "removal of every second message killed at every call" {
	make_box 9 300
	removal 1 3 5 7 9
}

# bats test_tags=sweep
@test "removal of the last and of all messages killed at every call" {
	make_box 5 300
	removal 4 5
	removal 1 2 3 4 5
}

# bats test_tags=sweep
@test "removal in several pieces killed at every call" {
	make_box 30 50000
	removal 1
	removal 2 4 6 8 10 12 20 22 30
}

# half_moved N verb...: kill the removal before its Nth write, and keep what is left in $T/want/half.
half_moved() {
	restore
	traced pwrite64 signal=KILL "$1" "${@:2}" || true
	[ -e "$(journal)" ]
	[ -z "${FOREIGN:-}" ] || cat "$T/foreign" >>"$BOX"
	rm -rf "$T/want/state"
	cp -r "$T/state" "$T/want/state"
	cp "$BOX" "$T/want/half"
}

# The journal names the inode: write the half-moved file back into it.
half_restore() {
	rm -rf "$T/state" "$BOX.lock"
	cp -r "$T/want/state" "$T/state"
	cat "$T/want/half" >"$BOX"
}

# kill_finishing: before each call of the run that finishes the removal.
kill_finishing() {
	local call n rc
	half_restore
	points "$CALLS" list </dev/null >"$T/points"
	is_one_of "$T/want/after"
	while read -r call n <&3; do
		half_restore
		rc=0
		traced "$call" signal=KILL "$n" list >/dev/null || rc=$?
		{ [ "$rc" = 137 ] && is_one_of "$T/want/after"; } || { echo "killed at $call $n: $rc"; return 1; }
	done 3<"$T/points"
}

# bats test_tags=sweep
@test "a removal that was killed is finished, also if that is killed at every call" {
	local n
	make_box 30 50000
	want_without 2 3 9 20
	for n in 4 6 9; do
		half_moved "$n" remove 2 3 9 20
		kill_finishing
	done
}

foreign_message() {
	printf '%s\n' 'From x@y Tue Nov 24 13:00:00 2026' 'Message-ID: <foreign@x>' '' 'hello' '' >"$T/foreign"
}

@test "what others append to a half-moved mailbox is kept" {
	local call n
	make_box 30 50000
	want_without 1 9 20
	foreign_message
	cat "$T/want/before" "$T/foreign" >"$T/want/before+"
	cat "$T/want/after" "$T/foreign" >"$T/want/after+"
	points "$CHANGES" remove 1 9 20 >"$T/points"
	while read -r call n <&3; do
		restore
		traced "$call" signal=KILL "$n" remove 1 9 20 || true
		cat "$T/foreign" >>"$BOX"
		is_one_of "$T/want/before+" "$T/want/after+" || { echo "killed at $call $n"; return 1; }
	done 3<"$T/points"
}

# bats test_tags=sweep
@test "finishing with what others appended, killed at every call" {
	make_box 30 50000
	want_without 1 9 20
	foreign_message
	cat "$T/foreign" >>"$T/want/after"
	FOREIGN=1 half_moved 6 remove 1 9 20
	kill_finishing
}

@test "torn writes of a removal are mended, in the mailbox and in the journal" {
	local n call size offset
	make_box 30 50000
	want_without 1 9
	for n in 4 5 6 7 8 9; do
		restore
		strace -y -qq -o "$T/trace" -e trace=pwrite64 -e "inject=pwrite64:signal=KILL:when=$n" \
			"$TOOL" "mbox:$BOX" "$T/state" remove 1 9 2>/dev/null || true
		# The call that did not happen happens by half: zeros where the piece was to go.
		call=$(tail -n 2 "$T/trace" | grep '= ?$')
		size=$(sed 's/.*, \([0-9]*\), [0-9]*) *= ?$/\1/' <<<"$call")
		offset=$(sed 's/.*, \([0-9]*\)) *= ?$/\1/' <<<"$call")
		if [[ $call == *journal* ]]; then file=$(journal); else file=$BOX; fi
		head -c $((size / 2)) /dev/zero | dd of="$file" bs=64k oflag=seek_bytes seek="$offset" conv=notrunc status=none
		is_one_of "$T/want/after" || { echo "torn at $n: $call"; return 1; }
	done
}

@test "half a message, as a killed write leaves it, is taken back; a whole one stays" {
	local n size old
	delivery_of 20000
	old=$(stat -c %s "$T/want/before")
	size=$(stat -c %s "$T/want/after")
	for n in 1 5 40 60 300 4096 $((size - old - 1)) $((size - old)); do
		restore
		traced pwrite64 signal=KILL 2 deliver a@b c@d <"$T/message" || true
		cmp "$BOX" "$T/want/before"
		tail -c +$((old + 1)) "$T/want/after" | head -c "$n" >>"$BOX"
		if [ "$n" = $((size - old)) ]; then is_one_of "$T/want/after"; else is_one_of "$T/want/before"; fi
	done
}

@test "half a message behind which others have appended stays, and so does what they brought" {
	delivery_of 20000
	traced pwrite64 signal=KILL 2 deliver a@b c@d <"$T/message" || true
	tail -c +$(($(stat -c %s "$T/want/before") + 1)) "$T/want/after" | head -c 5000 >>"$BOX"
	printf '\nFrom x@y Tue Nov 24 13:00:00 2026\nMessage-ID: <foreign@x>\n\nhello\n\n' >>"$BOX"
	cp "$BOX" "$T/want/both"
	is_one_of "$T/want/both"
	# Nor is anything taken back if somebody has rewritten the mailbox meanwhile.
	restore
	traced pwrite64 signal=KILL 2 deliver a@b c@d <"$T/message" || true
	head -c 6000 /dev/zero | tr '\0' x >>"$BOX"
	cp "$BOX" "$T/want/both"
	is_one_of "$T/want/both"
}

# bats test_tags=sweep
@test "delivery with a failing call: success is success, failure is as before" {
	local error n
	delivery_of 300
	for error in EIO ENOSPC; do fail_everywhere "$error" deliver a@b c@d; done
	delivery_of 600000
	fail_everywhere ENOSPC deliver a@b c@d
}

@test "delivery that can't write: 4.3.1, nothing changed; if it can't truncate either, the next one does" {
	delivery_of 900000
	run -1 strace -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:error=ENOSPC:when=3+ \
		"$TOOL" "mbox:$BOX" "$T/state" deliver a@b c@d <"$T/message"
	[[ $output == *"class 1, 4.3.1, "* ]]
	cmp "$BOX" "$T/want/before"
	restore
	run -1 strace -qq -o /dev/null -e trace=pwrite64,ftruncate -e inject=pwrite64:error=EDQUOT:when=3+ \
		-e inject=ftruncate:error=EIO "$TOOL" "mbox:$BOX" "$T/state" deliver a@b c@d <"$T/message"
	[[ $output == *"class 1, 4.2.2, "* ]]
	run ! cmp -s "$BOX" "$T/want/before"
	is_one_of "$T/want/before"
}

# bats test_tags=sweep
@test "removal with a failing call: success is success, else as before or finished later" {
	local error
	: >"$T/message"
	make_box 12 50000
	want_without 2 5 8
	for error in EIO ENOSPC; do fail_everywhere "$error" remove 2 5 8; done
	want_without 11 12
	fail_everywhere EIO remove 11 12
}

@test "no room for the journal: 4.3.1, nothing touched" {
	make_box 12 50000
	run -1 strace -qq -o /dev/null -e trace=fallocate -e inject=fallocate:error=ENOSPC \
		"$TOOL" "mbox:$BOX" "$T/state" remove 1
	[[ $output == *"class 1, 4.3.1, "* ]]
	cmp "$BOX" "$T/want/before"
	[ ! -e "$(journal)" ]
}

@test "removing everything needs no room at all" {
	make_box 3 500
	strace -qq -o /dev/null -e trace=write,pwrite64,fallocate -e inject=write,pwrite64,fallocate:error=ENOSPC \
		"$TOOL" "mbox:$BOX" "$T/state" remove 1 2 3
	[ ! -s "$BOX" ]
	[ ! -e "$BOX.lock" ]
}

@test "a journal that is about another file, or is none, is put aside and nothing is touched" {
	: >"$T/message"
	make_box 30 50000
	traced pwrite64 signal=KILL 5 remove 1 9 || true
	[ -e "$(journal)" ]
	cp "$T/want/before" "$T/new"
	mv "$T/new" "$BOX" # another inode
	tool list >/dev/null
	cmp "$BOX" "$T/want/before"
	[ ! -e "$(journal)" ]
	[ -e "$(journal).orphan" ]
	cp "$(journal).orphan" "$T/first"
	echo garbage >"$(journal)"
	tool list 2>"$T/notes" >/dev/null
	cmp "$BOX" "$T/want/before"
	[ ! -e "$(journal)" ]
	cmp "$T/first" "$(journal).orphan" # it may hold the only copy of something: it stays
	grep -q "^note: $BOX: .*box\.journal\.orphan\.2$" "$T/notes"
	restore
	traced pwrite64 signal=KILL 5 remove 1 9 || true
	cat "$T/message" "$T/want/before" | head -c 300000 >"$T/new"
	cat "$T/new" >"$BOX" # the same inode, rewritten
	tool list >/dev/null
	cmp "$BOX" "$T/new"
	[ -e "$(journal).orphan" ]
	restore
	traced pwrite64 signal=KILL 5 remove 1 9 || true
	foreign_message
	cat "$T/foreign" "$T/want/before" >"$T/new"
	cat "$T/new" >"$BOX" # rewritten and no smaller
	tool list >/dev/null
	cmp "$BOX" "$T/new"
	[ -e "$(journal).orphan" ]
}

@test "a half-moved file that another program has put a line into is not moved on by the plan" {
	local n
	: >"$T/message"
	for n in 3 4 5 6; do
		make_box 30 50000
		traced pwrite64 signal=KILL $n remove 1 9 28 || true
		[ -e "$(journal)" ] || continue
		perl -0777 -pe 's/(Message-ID: <25\@x>\n)/$1Status: RO\n/' "$BOX" >"$T/new"
		cat "$T/new" >"$BOX"
		tool list 2>"$T/notes" >/dev/null
		cmp "$BOX" "$T/new"
		grep -q '^note: ' "$T/notes"
	done
}

@test "what another program put into a uniform mailbox is not taken for a message behind it" {
	: >"$T/message"
	{
		printf 'From a@b Tue Nov 24 13:00:00 2026\nMessage-ID: <%s@x>\n\n' 1
		printf 'body 1\n%.0s\n' $(seq 3000)
		printf 'From a@b Tue Nov 24 13:00:00 2026\nMessage-ID: <%s@x>\n\n' 2
		perl -e 'print "x\n" x 400000'
	} >"$T/want/before"
	for n in 4 5; do
		restore
		traced pwrite64 signal=KILL $n remove 1 || true
		[ -e "$(journal)" ]
		perl -0777 -pe 's/\z/x\n/; s/x\nx\n\z/x\nx\nx\nx\nx\n/' "$BOX" >"$T/new" # as if ten octets came before
		cat "$T/new" >"$BOX"
		tool list 2>"$T/notes" >/dev/null
		cmp "$BOX" "$T/new"
		grep -q '^note: ' "$T/notes"
	done
}

# damaged OFFSET...: turn over an octet of the journal at each.
damaged() {
	python3 - "$(journal)" "$@" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as file:
		    for offset in map(int, sys.argv[2:]):
		        file.seek(offset)
		        octet = file.read(1)
		        file.seek(offset)
		        file.write(bytes([octet[0] ^ 1]))
	END
}

# slots: where the two slots of the journal begin.
slots() {
	python3 - "$(journal)" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb").read(136)
		chunk, extents = struct.unpack_from("<2Q", data, 40)
		first = (136 + extents * 16 + 4095) // 4096 * 4096
		print(first, first + (64 + chunk + 4095) // 4096 * 4096)
	END
}

@test "both slots of a journal damaged: it is put aside, and only if it was needed" {
	local slots
	: >"$T/message"
	make_box 30 50000
	want_without 1 9
	traced pwrite64 signal=KILL 4 remove 1 9 || true # one slot was written, no piece moved
	cmp "$BOX" "$T/want/before"
	slots=$(slots)
	damaged "${slots% *}"
	is_one_of "$T/want/after"
	restore
	traced pwrite64 signal=KILL 8 remove 1 9 || true
	cp "$BOX" "$T/half"
	slots=$(slots)
	# shellcheck disable=SC2086
	damaged $slots
	tool list 2>"$T/notes" >/dev/null
	cmp "$BOX" "$T/half"
	grep -q '^note: .*damaged' "$T/notes"
}

@test "a journal is put aside where the file system can't rename without replacing" {
	make_box 3 500
	echo garbage >"$(journal)"
	echo first >"$(journal).orphan"
	strace -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:error=EINVAL \
		"$TOOL" "mbox:$BOX" "$T/state" list >/dev/null
	[ "$(cat "$(journal).orphan")" = first ]
	[ "$(cat "$(journal).orphan.2")" = garbage ]
}

@test "what stands where the draft of a journal goes: a link or a file gives way, a folder is named" {
	: >"$T/message"
	make_box 5 500
	want_without 2
	echo victim >"$T/victim"
	ln -s "$T/victim" "$(journal).new"
	tool remove 2
	cmp "$BOX" "$T/want/after"
	[ "$(cat "$T/victim")" = victim ]
	restore
	mkdir "$(journal).new"
	run -1 tool remove 2
	[[ $output == *"journal.new: remove messages: "* ]]
	cmp "$BOX" "$T/want/before"
}

@test "the device's number may change between kill and recovery" {
	local first second disk=$T/disk
	[ "$(id -u)" = 0 ] || skip "needs root"
	: >"$T/message"
	make_box 30 40000
	want_without 1 9
	mkdir "$T/mount"
	truncate -s 16M "$disk"
	mkfs.ext4 -q -O ^extent,^64bit "$disk" 2>/dev/null || skip "needs mkfs.ext4" # without extents nothing can be cut out
	first=$(losetup -f --show "$disk" 2>/dev/null) || skip "needs loop devices"
	mount "$first" "$T/mount" || { losetup -d "$first"; skip "may not mount"; }
	BOX=$T/mount/box
	cp "$T/want/before" "$BOX"
	traced pwrite64 signal=KILL 6 remove 1 9 || true
	[ -e "$(journal)" ]
	stat -c %d "$BOX" >"$T/device"
	umount "$T/mount"
	truncate -s 1M "$T/other"
	losetup -d "$first"
	second=$(losetup -f --show "$T/other") # takes the number
	first=$(losetup -f --show "$disk")
	mount "$first" "$T/mount"
	rm -f "$BOX.lock"
	stat -c %d "$BOX" | cmp -s - "$T/device" && same=1 || same=0
	tool list >/dev/null && cmp "$BOX" "$T/want/after" && mended=1 || mended=0
	umount "$T/mount"
	losetup -d "$first"
	losetup -d "$second"
	[ "$same" = 0 ] || skip "the number stayed"
	[ "$mended" = 1 ]
}

@test "a dotlock that can't be removed does not lock out the one who made it" {
	: >"$T/message"
	make_box 3 500
	want_without 2
	traced unlinkat error=EIO 1 remove 2
	cmp "$BOX" "$T/want/after"
	[ ! -e "$BOX.lock" ]
}

@test "half a message that mentions a date is taken back, too" {
	local old
	make_box 3 500
	old=$(stat -c %s "$BOX")
	{ printf 'Subject: new\n\nsee below.\nWrite to me. From my calendar: we meet on Jan 5 10:30, or so\nyours\n'
		perl -e 'print "x\n" x 9000'; } >"$T/message"
	tool deliver a@b c@d <"$T/message"
	mv "$BOX" "$T/want/after"
	restore
	traced pwrite64 signal=KILL 2 deliver a@b c@d <"$T/message" || true
	tail -c +$((old + 1)) "$T/want/after" | head -c 9000 >>"$BOX"
	is_one_of "$T/want/before"
	# A foreign message that is glued to what was torn is none of these.
	restore
	traced pwrite64 signal=KILL 2 deliver a@b c@d <"$T/message" || true
	tail -c +$((old + 1)) "$T/want/after" | head -c 9000 >>"$BOX"
	printf 'xFrom x@y Tue Nov 24 13:00:00 2026\nMessage-ID: <foreign@x>\n\nhello\n\n' >>"$BOX"
	cp "$BOX" "$T/want/both"
	is_one_of "$T/want/both"
}

@test "a message that is glued to a torn '>' is not taken for what that quoted" {
	local old quote
	make_box 3 500
	old=$(stat -c %s "$BOX")
	{ printf 'Subject: new\n\n'; perl -e 'print "x\n" x 900'; printf 'From me\n'; perl -e 'print "x\n" x 900'; } >"$T/message"
	tool deliver a@b c@d <"$T/message"
	mv "$BOX" "$T/want/after"
	restore
	traced pwrite64 signal=KILL 2 deliver a@b c@d <"$T/message" || true
	quote=$(grep -abo '^>From me' "$T/want/after" | tail -n 1 | cut -d: -f1)
	tail -c +$((old + 1)) "$T/want/after" | head -c $((quote + 1 - old)) >>"$BOX"
	[ "$(tail -c 1 "$BOX")" = ">" ]
	printf 'From x@y Tue Nov 24 13:00:00 2026\nMessage-ID: <foreign@x>\n\nhello\n\n' >>"$BOX"
	cp "$BOX" "$T/want/both"
	is_one_of "$T/want/both"
}

@test "a journal with a wrong octet: nothing that is kept is lost" {
	python3 - "$TOOL" "$T" <<-'END'
	import glob, os, random, subprocess, sys
	tool, t = sys.argv[1:]
	box, state = t + "/box", t + "/state"
	random.seed(3)
	def message(n): return b"From a@b Tue Nov 24 13:00:00 2026\nMessage-ID: <%d@x>\n\n" % n + b"%d line\n" % n * 3000 + b"\n"
	tried = 0
	for _ in range(40):
	    for name in glob.glob(state + "/*"): os.unlink(name)
	    open(box, "wb").write(b"".join(map(message, range(20))))
	    if os.path.exists(box + ".lock"): os.unlink(box + ".lock")
	    subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=KILL:when=%d" % random.randint(3, 9), tool, "mbox:" + box, state, "remove", "1", "7"], stderr=subprocess.DEVNULL)
	    journals = glob.glob(state + "/*.journal")
	    if not journals: continue
	    tried += 1
	    data = bytearray(open(journals[0], "rb").read())
	    used = [n for n in range(len(data)) if data[n]] # not the room that was never written to
	    for _ in range(random.randint(1, 3)): data[random.choice(used)] ^= 1 << random.randrange(8)
	    open(journals[0], "r+b").write(data)
	    if os.path.exists(box + ".lock"): os.unlink(box + ".lock")
	    subprocess.run([tool, "mbox:" + box, state, "list"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
	    text = open(box, "rb").read()
	    lost = [n for n in range(20) if n not in (0, 6) and message(n) not in text]
	    if lost: sys.exit("lost: %s" % lost)
	sys.exit(tried < 10 and "only %d were killed in time" % tried)
	END
}

@test "removal where the disk has little room: the pieces get smaller until they fit" {
	: >"$T/message"
	make_box 30 50000
	want_without 1 9
	traced fallocate error=ENOSPC 1..3 remove 1 9
	cmp "$BOX" "$T/want/after"
	restore
	run traced fallocate error=ENOSPC 1+ remove 1 9
	[ "$status" -ne 0 ]
	cmp "$BOX" "$T/want/before"
}

@test "a journal is found however the mailbox's folder is spelled" {
	: >"$T/message"
	make_box 30 50000
	want_without 1 9
	mkdir "$T/real"
	mv "$BOX" "$T/real/box"
	ln -s real "$T/alias"
	BOX=$T/real/box
	traced pwrite64 signal=KILL 5 remove 1 9 || true
	rm -f "$BOX.lock"
	"$TOOL" "mbox:$T/alias/box" "$T/state" list >/dev/null
	cmp "$BOX" "$T/want/after"
}

@test "a journal that outlived its removal does not remove again, however much has come since" {
	make_box 30 50000
	want_without 1 9
	strace -qq -o "$T/trace" -e trace=unlink "$TOOL" "mbox:$BOX" "$T/state" remove 1 9
	restore
	traced unlink signal=KILL "$(grep -n 'journal")' "$T/trace" | cut -d: -f1)" remove 1 9 || true
	[ -e "$(journal)" ]
	cmp "$BOX" "$T/want/after"
	cat "$T/want/after" "$T/want/after" >>"$BOX"
	cp "$BOX" "$T/want/more"
	is_one_of "$T/want/more"
}

@test "power cut: what is promised was synced, in the right order" {
	local trace=pwrite64,ftruncate,fsync,fdatasync,rename,unlink,openat,exit_group
	: >"$T/message"
	make_box 5 300
	strace -y -qq -o "$T/trace" -e trace=$trace "$TOOL" "mbox:$BOX" "$T/state" deliver a@b c@d <"$T/message"
	# the message, then the mailbox's fsync
	grep -E "^(pwrite64|fsync)\(.*$BOX>" "$T/trace" | cut -d'(' -f1 | tr '\n' ' ' | grep -x 'pwrite64 fsync '
	restore
	strace -y -qq -o "$T/trace" -e trace=$trace "$TOOL" "mbox:$BOX" "$T/state" remove 2
	sed -n -e "s|^\([a-z0-9]*\)(.*<$BOX>.*|\1 box|p" -e "s|^\([a-z0-9]*\)(.*<$T/state>.*|\1 state|p" \
		-e 's|^\([a-z0-9]*\)(.*journal.*|\1 journal|p' "$T/trace" | grep -v openat |
		sed 1d >"$T/order" # a draft that is not there is removed first
	cat >"$T/want/order" <<-END
		fsync box
		fallocate journal
		pwrite64 journal
		pwrite64 journal
		fsync journal
		rename journal
		fsync state
		pwrite64 journal
		fdatasync journal
		pwrite64 box
		fdatasync box
		pwrite64 journal
		fdatasync journal
		ftruncate box
		fsync box
		unlink journal
		fsync state
	END
	diff <(grep -v fallocate "$T/want/order") "$T/order"
}

# All of it is make check-faults.
@test "power cut at any moment of a delivery, removal or repair, with any part of what was not synced" {
	! nm "$TOOL" | grep -q __asan_init || skip "not with sanitizers"
	FILTER='(delivery|removal of (every second message|the last messages)|repair that (grows|shrinks)), power cut' "$ROOT/tests/faults/run" >"$T/out" ||
		{ cat "$T/out"; return 1; }
	tail -n 1 "$T/out" | grep -x '20 passed, 0 failed'
}

@test "the power fails while the last messages are cut off: that is finished, whatever others brought" {
	local size count
	: >"$T/message"
	foreign_message
	for count in 3 12; do
		make_box "$count" 3000
		want_without $(seq 2 "$count")
		size=$(stat -c %s "$T/want/after")
		traced ftruncate signal=KILL 1 remove $(seq 2 "$count") || true
		cmp "$BOX" "$T/want/before"
		zeroed "$size"
		is_one_of "$T/want/after"
		restore
		traced ftruncate signal=KILL 1 remove $(seq 2 "$count") || true
		zeroed "$size"
		cat "$T/foreign" >>"$BOX"
		cat "$T/foreign" >>"$T/want/after"
		is_one_of "$T/want/after"
		# Where it has not begun it is as if nobody had wanted it.
		restore
		traced ftruncate signal=KILL 1 remove $(seq 2 "$count") || true
		is_one_of "$T/want/before"
	done
}

@test "zeros behind the last message, of a delivery that the power cut short, go; others stay" {
	make_box 2 500
	head -c 700 /dev/zero >>"$BOX"
	is_one_of "$T/want/before"
	restore
	head -c 700 /dev/zero >>"$BOX"
	printf 'Subject: new\n\nhello\n' | tool deliver a@b c@d 2>"$T/notes"
	grep -q '^note: .*700 zeros.*cut off' "$T/notes"
	[ "$(tool list | wc -l)" = 3 ]
	: >"$BOX"
	head -c 500 /dev/zero >"$BOX" # a new mailbox
	[ -z "$(tool list)" ]
	[ ! -s "$BOX" ]
	restore
	printf 'text\0\0\0' >>"$BOX" # no empty line in front
	cp "$BOX" "$T/want/after"
	is_one_of "$T/want/after"
}

# torn FROM: a message behind the mailbox's first FROM octets, of which the power left zeros up to a sector's border.
torn() {
	local zeros=$((512 - $1 % 512))
	head -c "$1" "$T/want/before"
	head -c "$zeros" /dev/zero
	perl -e 'print "remains of a message\n" for 1 .. 2000; print "\n"'
}

@test "a torn message that was not acknowledged is one of its own, in a new mailbox and behind others" {
	local size
	make_box 2 500
	size=$(stat -c %s "$BOX")
	tool list >"$T/before"
	torn "$size" >"$BOX"
	rm -rf "$T/state" && mkdir "$T/state" # as after a boot
	tool list >"$T/list" 2>"$T/notes"
	grep -q '^note: .* zeros.* have become a From_ line' "$T/notes"
	[ "$(wc -l <"$T/list")" = 3 ]
	head -n 2 "$T/list" | cmp - "$T/before"
	tool cat 3 | grep -c '^remains of a message' | grep -x 2000
	printf 'Subject: new\n\nhello\n' | tool deliver a@b c@d
	[ "$(tool list | wc -l)" = 4 ]
	: >"$T/want/before"
	restore
	torn 0 >"$BOX"
	printf 'Subject: new\n\nhello\n' | tool deliver a@b c@d
	[ "$(tool list | wc -l)" = 2 ]
	# Zeros that no disk leaves are somebody's.
	make_box 2 500
	{ cat "$BOX"; printf '\0\0\0text\n\n'; } >"$T/new"
	cat "$T/new" >"$BOX"
	rm -rf "$T/state" && mkdir "$T/state"
	cp "$BOX" "$T/want/after"
	is_one_of "$T/want/after"
}
