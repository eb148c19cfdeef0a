#!/usr/bin/env bats
# A Maildir when libspool is killed, or the system fails it, at every system call: nothing lost, nothing twice, and the
# next session finishes what was begun. Needs strace.
load helper
load faults

export KIND=maildir
CALLS=write,fsync,openat,close,mkdir,mkdirat,linkat,unlink,unlinkat,rename,renameat2,getdents64,exit_group
CHANGES=write,fsync,mkdir,mkdirat,linkat,unlink,unlinkat,rename,renameat2,getdents64,newfstatat

setup() { faults_setup "${TMPDIR:-/tmp}"; }

teardown() { rm -rf "$T"; }

# make_box COUNT: messages 1 to COUNT, every second one in cur.
make_box() {
	local n
	mkdir -p "$T/want/before/new" "$T/want/before/cur" "$T/want/before/tmp"
	for n in $(seq "$1"); do
		printf 'Subject: %s\n\nbody\n' "$n" >"$T/want/before/new/100000000$n.x"
		[ $((n % 2)) = 0 ] || mv "$T/want/before/new/100000000$n.x" "$T/want/before/cur/100000000$n.x:2,S"
	done
	restore
}

restore() {
	rm -rf "$T/state" "$BOX"
	mkdir "$T/state"
	[ ! -e "$T/want/before" ] || cp -r "$T/want/before" "$BOX"
}

# shown: size and subject of each message, after the next session has finished what was begun.
shown() {
	tool list >"$T/list" || return 1
	(
		cd "$BOX" 2>/dev/null || return 0
		find new cur -type f -printf '%f %s ' -exec sed -n 's/^Subject: //p' {} \; | sort -n | sed 's/^[^ ]* //'
	)
	[ "$(wc -l <"$T/list")" = "$(find "$BOX/new" "$BOX/cur" -type f 2>/dev/null | wc -l)" ]
}

# is_one_of FILE...: what is shown is what one of these files says, and no list is left behind.
is_one_of() {
	local file
	shown >"$T/shown" || return 1
	[ -z "$(find "$T/state" -name '*.removal')" ] || { ls "$T/state"; return 1; }
	for file in "$@"; do
		if cmp -s "$file" "$T/shown"; then return 0; fi
	done
	echo "it shows:"
	cat "$T/shown"
	return 1
}

# kill_everywhere verb...: before each call in turn; then it must be as before or as after.
kill_everywhere() {
	local call n rc count=0
	points "$CALLS" "$@" <"$T/message" >"$T/points"
	while read -r call n <&3; do
		restore
		rc=0
		traced "$call" signal=KILL "$n" "$@" <"$T/message" || rc=$?
		# How often folders are read again depends on how old their last change is: it may have got by.
		case $rc in
		0) is_one_of "$T/after" ;;
		137) is_one_of "$T/before" "$T/after" && count=$((count + 1)) ;;
		*) false ;;
		esac || { echo "killed at $call $n: $rc"; return 1; }
	done 3<"$T/points"
	[ "$count" -gt 10 ]
}

# fail_everywhere ERROR verb...: each call fails once. Success must be success, and a failed delivery leaves nothing.
fail_everywhere() {
	local call n rc wanted
	restore
	points "$CHANGES" "${@:2}" <"$T/message" >"$T/points"
	while read -r call n <&3; do
		restore
		rc=0
		traced "$call" "error=$1" "$n" "${@:2}" <"$T/message" || rc=$?
		wanted=("$T/before")
		if [ "$rc" = 0 ]; then wanted=("$T/after"); fi
		if [ "$rc" != 0 ] && [ "$2" = remove ]; then wanted+=("$T/after"); fi
		is_one_of "${wanted[@]}" || { echo "$call $n failed with $1, exit status $rc"; return 1; }
		[ -z "$(ls "$BOX/tmp" 2>/dev/null)" ] || [[ $call = unlinkat ]] || { echo "$call $n: tmp is not empty"; return 1; }
	done 3<"$T/points"
}

# operation verb...: what is shown before and after it.
operation() {
	restore
	shown >"$T/before"
	restore
	tool "$@" <"$T/message"
	shown >"$T/after"
	! cmp -s "$T/before" "$T/after"
	restore
}

delivery() {
	perl -e 'print "Subject: new\n\nFrom the start\n", "x" x $ARGV[0], "\n"' "$1" >"$T/message"
	operation deliver a@b c@d
}

removal() {
	: >"$T/message"
	operation remove "$@"
}

# bats test_tags=sweep
@test "maildir: delivery killed at every call: absent, or there once and whole" {
	make_box 3
	delivery 300
	kill_everywhere deliver a@b c@d
}

# bats test_tags=sweep
@test "maildir: a large delivery that makes the Maildir, killed at every call" {
	delivery 900000
	kill_everywhere deliver a@b c@d
}

# bats test_tags=sweep
@test "maildir: delivery that meets an error at every call leaves nothing" {
	make_box 3
	delivery 300
	fail_everywhere ENOSPC deliver a@b c@d
	fail_everywhere EIO deliver a@b c@d
}

# bats test_tags=sweep
@test "maildir: a delivery that makes the Maildir meets an error at every call" {
	delivery 300
	fail_everywhere EDQUOT deliver a@b c@d
}

@test "maildir: on a file system that can't rename without replacing, and on one without links" {
	make_box 2
	delivery 300
	traced renameat2 error=EINVAL 1+ deliver a@b c@d <"$T/message"
	is_one_of "$T/after"
	[ -z "$(ls "$BOX/tmp")" ]
	restore # the message is there, though the name that it had in tmp won't go
	strace -qq -o /dev/null -e trace=renameat2,unlinkat -e inject=renameat2:error=EINVAL -e inject=unlinkat:error=EIO \
		"$TOOL" "maildir:$BOX" "$T/state" deliver a@b c@d <"$T/message" 2>/dev/null
	is_one_of "$T/after"
	restore
	strace -qq -o /dev/null -e trace=renameat2,linkat -e inject=renameat2:error=EINVAL -e inject=linkat:error=EPERM \
		"$TOOL" "maildir:$BOX" "$T/state" deliver a@b c@d <"$T/message" 2>/dev/null
	is_one_of "$T/after"
	[ -z "$(ls "$BOX/tmp")" ]
}

@test "maildir: a full disk and a used up quota are told from other trouble" {
	make_box 1
	delivery 300
	for row in ENOSPC:4.3.1 EDQUOT:4.2.2 EIO:4.3.0; do
		restore
		run -1 strace -qq -o /dev/null -e trace=fsync -e "inject=fsync:error=${row%:*}:when=1" \
			"$TOOL" "maildir:$BOX" "$T/state" deliver a@b c@d <"$T/message"
		[[ $output == *"class 1, ${row#*:}, $BOX: "* ]]
	done
}

# bats test_tags=sweep
@test "maildir: removal of some messages killed at every call: all or nothing" {
	make_box 6
	removal 1 2 5
	kill_everywhere remove 1 2 5
}

# bats test_tags=sweep
@test "maildir: removal of one message, and of all, killed at every call" {
	make_box 3
	removal 2
	kill_everywhere remove 2
	removal 1 2 3
	kill_everywhere remove 1 2 3
}

# bats test_tags=sweep
@test "maildir: removal that meets an error at every call: all or nothing" {
	make_box 5
	removal 1 2 4
	fail_everywhere EIO remove 1 2 4
	fail_everywhere ENOSPC remove 1 2 4
}
