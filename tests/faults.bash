# faults - libspool's tool on a mailbox, killed or failed at each of its system calls. For the tests.
# shellcheck shell=bash disable=SC2030,SC2031

# Where it can be killed so that it matters: whatever changes a file, and calls in between.
CALLS=write,pwrite64,ftruncate,fsync,fdatasync,fallocate,openat,close,linkat,unlink,unlinkat,rename,renameat,renameat2,fcntl,exit_group
CHANGES=write,pwrite64,ftruncate,fsync,fdatasync,fallocate,linkat,unlink,unlinkat,rename,renameat,renameat2

# faults_setup FOLDER: the mailbox lies there.
faults_setup() {
	command -v strace >/dev/null || skip "needs strace"
	TOOL=$BUILD/tools/spool-tool
	export ASAN_OPTIONS=detect_leaks=0:exitcode=99 SPOOL_TOOL_WHEN=1000000000 SPOOL_TOOL_WAIT=1
	T=$(mktemp -d "$1/pillarbox-faults.XXXXXX")
	mkdir "$T/state" "$T/want"
	BOX=$T/box
	strace -qq -o /dev/null true || skip "may not trace"
}

# Another store than mbox, for a test file that says so.
KIND=mbox

tool() { "$TOOL" "$KIND:$BOX" "$T/state" "$@"; }

# traced CALL INJECTION N verb...: the tool with an injection into the Nth such call.
traced() {
	strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:$2:when=$3" \
		"$TOOL" "$KIND:$BOX" "$T/state" "${@:4}" 2>/dev/null
}

# points CALLS verb...: lines "CALL N" for each call of a run that nothing hinders, from main() on. strace counts each
# system call by itself.
points() {
	strace -qq -o "$T/trace" -e "trace=$1,geteuid" "$TOOL" "$KIND:$BOX" "$T/state" "${@:2}" >/dev/null 2>&1
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$T/trace" |
		awk '{ n[$1]++ } $1 == "geteuid" { on = 1; next } on { print $1, n[$1] }'
}

# make_box COUNT BYTES: a mailbox of so many messages of about so many octets; $T/want/before is a copy.
make_box() {
	perl -e '
		my ($count, $bytes) = @ARGV;
		srand(7);
		for my $n (1 .. $count) {
			print "From a\@b Tue Nov 24 13:00:00 2026\nMessage-ID: <$n\@x>\nSubject: $n\n\n";
			my $left = $bytes;
			while ($left > 0) {
				my $line = "$n " . join("", map { chr(97 + rand(26)) } 1 .. 60) . "\n";
				print $line;
				$left -= length $line;
			}
			print ">From here\n\n";
		}' "$1" "$2" >"$T/want/before"
	restore
}

restore() {
	rm -rf "$T/state" "$BOX" "$BOX.lock"
	mkdir "$T/state"
	cp "$T/want/before" "$BOX"
}

# want_without N...: $T/want/after is the mailbox without these messages, made without libspool.
want_without() {
	perl -e '
		my %gone = map { $_ => 1 } @ARGV;
		local $/;
		my $n = 0;
		for my $message (split /(?<=\n\n)(?=From )/, <STDIN>) {
			print $message unless $gone{++$n};
		}' "$@" <"$T/want/before" >"$T/want/after"
}

# unpadded FILE: without what libspool puts behind From_ lines to fill holes.
unpadded() { perl -0777 -pe 's/^(From .*\n)(?:X-Pillarbox-Padding: x+\n(?: x+\n)*)+/$1/mg' "$1"; }

# is_one_of FILE...: the mailbox, opened again and thereby mended, is one of these; and nothing is left behind.
is_one_of() {
	local file
	tool list >/dev/null || return 1
	unpadded "$BOX" >"$T/unpadded"
	for file in "$@"; do
		if cmp -s "$file" "$T/unpadded"; then
			[ ! -e "$BOX.lock" ] && ! find "$T/state" -type f ! -name "*.session" ! -name "*.dotlock" ! -name "*.append" | grep -q .
			return
		fi
	done
	echo "the mailbox is none of $*: $(ls -l "$T/unpadded" "$BOX" "$@")"
	return 1
}

journal() { echo "$T/state/${BOX//\//%2F}.journal"; }

# kill_everywhere verb...: before each call in turn; then the mailbox must be as before or as after.
kill_everywhere() {
	local call n rc count=0
	restore
	points "$CALLS" "$@" <"$T/message" >"$T/points"
	is_one_of "$T/want/after"
	while read -r call n <&3; do
		restore
		rc=0
		traced "$call" signal=KILL "$n" "$@" <"$T/message" || rc=$?
		{ [ "$rc" = 137 ] && is_one_of "$T/want/before" "$T/want/after"; } || { echo "killed at $call $n: $rc"; return 1; }
		count=$((count + 1))
	done 3<"$T/points"
	[ "$count" -gt 20 ]
}

# fail_everywhere ERROR verb...: each call that changes something fails once. Success must be success.
fail_everywhere() {
	local call n rc
	restore
	points "$CHANGES" "${@:2}" <"$T/message" >"$T/points"
	while read -r call n <&3; do
		restore
		rc=0
		traced "$call" "error=$1" "$n" "${@:2}" <"$T/message" || rc=$?
		if [ "$rc" = 0 ]; then is_one_of "$T/want/after"; else is_one_of "$T/want/before" "$T/want/after"; fi ||
			{ echo "$call $n failed with $1, exit status $rc"; return 1; }
	done 3<"$T/points"
}

removal() {
	: >"$T/message"
	want_without "$@"
	kill_everywhere remove "$@"
}

delivery_of() {
	perl -e 'print "Subject: new\n\nFrom the start\n", "x" x $ARGV[0], "\n"' "$1" >"$T/message"
	make_box 3 500
	tool deliver a@b c@d <"$T/message"
	mv "$BOX" "$T/want/after"
	restore
}

# zeroed FROM: the mailbox as the power may leave it while it is shortened to FROM octets: zeros up to a block's border.
zeroed() {
	python3 - "$BOX" "$1" <<-'END'
		import os, sys
		begin = int(sys.argv[2])
		end = min((begin + 4095) // 4096 * 4096, os.stat(sys.argv[1]).st_size)
		with open(sys.argv[1], "r+b") as box:
		    box.seek(begin)
		    box.write(bytes(end - begin))
	END
}
