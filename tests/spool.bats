#!/usr/bin/env bats
# libspool as other programs meet it: what lies on disk, who waits for whom, many at once.
load helper

setup() {
	TOOL=$BUILD/tools/spool-tool
	T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-spool.XXXXXX")
	mkdir "$T/state"
	BOX=$T/box
	export SPOOL_TOOL_WHEN=1000000000
}

teardown() { rm -rf "$T"; }

tool() { "$TOOL" "mbox:$BOX" "$T/state" "$@"; }

# foreign ORDER COUNT NAME: another mail program, that waits for one lock while it holds the other: appends COUNT messages.
foreign() {
	python3 - "$BOX" "$@" <<-'PYTHON'
		import fcntl, os, sys, time
		box, order, count, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]

		def dotlock():
		    while True:
		        try:
		            fd = os.open(box + ".lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
		            os.write(fd, b"%d" % os.getpid())
		            return os.close(fd)
		        except FileExistsError:
		            time.sleep(0.003)

		def append(n):
		    with open(box, "ab") as file:
		        if order == "dot-first":
		            dotlock()
		        fcntl.lockf(file, fcntl.LOCK_EX)
		        if order == "fcntl-first":
		            dotlock()
		        file.write(b"From x@y Tue Nov 24 13:00:00 2026\nSubject: %s-%d\n\n" % (name.encode(), n))
		        file.flush()
		        time.sleep(0.002)
		        file.write(b"body\n\n")
		        file.flush()
		        os.unlink(box + ".lock")

		for n in range(count):
		    append(n)
	PYTHON
}

@test "on disk: mboxrd, LF, trace fields in front, metadata dropped" {
	printf 'Subject: x\r\nStatus: RO\r\nX-UID: 5\r\n 6\r\n\r\nFrom me\r\n>From you\r\nend' | tool deliver 'a@b' 'c@d'
	diff "$BOX" - <<-'END'
		From a@b Sun Sep  9 01:46:40 2001
		Return-Path: <a@b>
		Delivered-To: c@d
		Subject: x

		>From me
		>>From you
		end

	END
	[ "$(stat -c %a "$BOX")" = 600 ]
	tool cat 1 | diff - <(printf 'Return-Path: <a@b>\nDelivered-To: c@d\nSubject: x\n\nFrom me\n>From you\nend\n')
}

@test "octets are what a POP3 session sends" {
	printf 'A: b\n\nFrom x\n\n..\n' | tool deliver '' 'c@d'
	[ "$(tool list | cut -d' ' -f2)" = "$(tool cat 1 | sed 's/$/\r/' | wc -c)" ]
}

@test "unique-ids stay over delivery, removal and another program's marks" {
	local n
	for n in 1 2 3; do printf 'Message-ID: <%s@x>\n\nbody\n' $n | tool deliver a@b c@d; done
	tool list | cut -d' ' -f3 >"$T/first"
	[ "$(sort -u "$T/first" | wc -l)" = 3 ]
	printf 'Message-ID: <4@x>\n\nbody\n' | tool deliver a@b c@d
	tool list | cut -d' ' -f3 | head -3 | diff "$T/first" -
	sed -i -e 's/^Message-ID.*/Status: RO\n&\nX-UID: 7/' "$BOX"
	tool list | cut -d' ' -f3 | head -3 | diff "$T/first" -
	tool remove 1
	tool list | cut -d' ' -f3 | head -2 | diff <(tail -2 "$T/first") -
}

@test "messages with the same header and other bodies keep their own unique-ids" {
	printf 'From a@b Tue Nov 24 13:00:00 2026\nMessage-ID: <1@x>\nSubject: draft\n\nversion %s\n\n' one two two >"$BOX"
	tool list >"$T/before"
	[ "$(awk '{ print $3 }' "$T/before" | sort -u | wc -l)" = 3 ]
	tool remove 1
	tool list >"$T/after"
	diff <(awk 'NR > 1 { print $3 }' "$T/before") <(awk '{ print $3 }' "$T/after")
}

@test "nothing is left behind but the mailbox" {
	printf 'A: b\n\nx\n' | tool deliver a@b c@d
	printf 'A: b\n\ny\n' | tool deliver a@b c@d
	tool remove 1
	[ "$(ls "$T")" = "$(printf 'box\nstate')" ]
	[ -z "$(find "$T/state" -type f ! -name '*.session' ! -name '*.dotlock' ! -name '*.append')" ]
}

@test "a lock whose owner is gone is broken; one whose owner lives is not" {
	sleep 60 3>&- &
	local living=$!
	printf 'A: b\n\nx\n' | tool deliver a@b c@d
	echo $living >"$BOX.lock"
	printf 'A: b\n\nx\n' >"$T/message"
	SPOOL_TOOL_WAIT=0 run -1 tool deliver a@b c@d <"$T/message"
	[[ $output == *"class 1, 4.2.1, $BOX: locked"* ]]
	[ "$(cat "$BOX.lock")" = $living ]
	kill $living
	wait $living || true
	printf 'A: b\n\nx\n' | SPOOL_TOOL_WAIT=0 tool deliver a@b c@d
	[ ! -e "$BOX.lock" ]
	[ "$(tool list | wc -l)" = 2 ]
}

@test "ten deliverers, and one who removes: nothing lost, nothing twice" {
	local d n count pids=() taken=0
	for d in $(seq 10); do
		for n in $(seq 12); do printf 'Subject: %s-%s\n\nbody\n' "$d" "$n" | tool deliver a@b c@d; done 3>&- &
		pids+=($!)
	done
	: >"$T/got"
	while [ "$taken" -lt 60 ]; do
		count=$(tool list | wc -l)
		[ "$count" -ge 3 ] || continue
		for n in 1 3; do tool cat "$n" | sed -n 's/^Subject: //p' >>"$T/got"; done
		tool remove 1 3
		taken=$((taken + 2))
	done
	for n in "${pids[@]}"; do wait "$n"; done
	sed -n 's/^Subject: //p' "$BOX" >>"$T/got"
	for d in $(seq 10); do for n in $(seq 12); do echo "$d-$n"; done; done | sort | diff - <(sort "$T/got")
	[ ! -e "$BOX.lock" ]
}

# with_foreign ORDER: two such programs (of one order: they would lock up among themselves otherwise), ours delivering and
# ours removing.
with_foreign() {
	local n pids=()
	: >"$BOX"
	foreign "$1" 30 p 3>&- &
	pids+=($!)
	foreign "$1" 30 q 3>&- &
	pids+=($!)
	for n in $(seq 30); do printf 'Subject: r-%s\n\nbody\n' "$n" | tool deliver a@b c@d; done 3>&- &
	pids+=($!)
	for n in $(seq 20); do [ "$(tool list | wc -l)" -lt 3 ] || { tool remove 2 && echo "$n" >>"$T/removed"; }; done
	for n in "${pids[@]}"; do wait "$n"; done
	n=$(($(wc -l <"$T/removed") + $(tool list | wc -l)))
	[ "$n" = 90 ]
	[ "$(tool list | wc -l)" = "$(grep -c '^body$' "$BOX")" ]
	[ "$(sed -n 's/^Subject: //p' "$BOX" | sort | uniq -d | wc -l)" = 0 ]
}

@test "with programs that take the dotlock first: no deadlock, nothing lost" { with_foreign dot-first; }

@test "with programs that take the fcntl lock first: no deadlock, nothing lost" { with_foreign fcntl-first; }

@test "deliverers that are killed at any time: every message that was promised is there, none in part" {
	local n pid
	head -c 700000 /dev/zero | tr '\0' 'x' | fold -w 70 >"$T/body"
	: >"$T/promised"
	for n in $(seq 40); do
		{ printf 'Subject: %s\n\n' "$n"; cat "$T/body"; } >"$T/message"
		"$TOOL" "mbox:$BOX" "$T/state" deliver a@b c@d <"$T/message" 3>&- & # not the function: $! is its pid
		pid=$!
		sleep "0.00$((n % 10))"
		if [ $((n % 3)) != 0 ]; then kill -9 $pid 2>/dev/null || true; fi
		if wait $pid 2>/dev/null; then echo "$n" >>"$T/promised"; fi
	done
	tool list >"$T/list"
	[ "$(cut -d' ' -f2 "$T/list" | awk '$1 < 700000' | wc -l)" = 0 ]
	[ "$(wc -l <"$T/list")" = "$(sed -n 's/^Subject: //p' "$BOX" | sort -u | wc -l)" ]
	[ -z "$(sort "$T/promised" | comm -23 - <(sed -n 's/^Subject: //p' "$BOX" | sort))" ]
}
