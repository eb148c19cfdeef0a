#!/usr/bin/env bats
# "First the disk, then the word": the order of system calls between the mailbox and the reply, read off a trace
# of session and agent together.

setup() { load helper; }
teardown() { unplace; }

CALLS=write,writev,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat2,fcntl

# trace PROGRAM: run it on standard input; $T/trace has the calls of all processes in the order in which they began
# or, where another process came between, ended.
trace() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -y -s 40 -e trace=$CALLS -e signal=none -o "$T/raw" \
		"$BUILD/$1" --config "$CONF" 2>>"$T/log" >"$T/out"
	perl -ne '
		s/^(\d+) +//; my $pid = $1;
		if (s/ <unfinished \.\.\.>$//) { chomp; $open{$pid} = $_; next }
		if (s/^<\.\.\. \w+ resumed>//) { $_ = delete($open{$pid}) . $_ }
		print;
	' "$T/raw" >"$T/trace"
}

# ordered PATTERN...: each pattern is in a line of the trace behind the line where the one before was found first.
ordered() {
	perl -e '
		open my $file, "<", shift or die; my @lines = <$file>; my $at = 0;
		PATTERN: for my $pattern (@ARGV) {
			while ($at < @lines) { next PATTERN if $lines[$at++] =~ /$pattern/ }
			print "not found in its place: $pattern\n", @lines; exit 1;
		}
	' "$T/trace" "$@"
}

# last PATTERN: the number of the last line of the trace with it; first PATTERN: of the first.
last() { grep -nE "$1" "$T/trace" | tail -n 1 | cut -d : -f 1; }
first() { grep -nE "$1" "$T/trace" | head -n 1 | cut -d : -f 1; }

# said_before PATTERN: before the last line with it the peer was told just twice: the greeting, and what answers the
# commands up to DATA or QUIT. (What the third one says can't be read here: a session's memory is closed to tracers.)
said_before() { [ "$(head -n "$(last "$1")" "$T/trace" | grep -cE '^write\(1[<,]')" = 2 ]; }

@test "promise: 250 comes after the mailbox, and a new one's folder, are on disk" {
	place
	printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\nDATA\nSubject: x\n\nhello\n.\nQUIT\n' | trace smtp-session
	grep -q '^250 2\.0\.0 Accepted' "$T/out"
	ordered 'fsync\([0-9]+<[^>]*/mail>\) += 0' 'p?write(64|v)?\([0-9]+<[^>]*/mail/alice>' \
		'fsync\([0-9]+<[^>]*/mail/alice>\) += 0' 'write\(1[<,]'
	[ "$(first 'write(64|v)?\([0-9]+<[^>]*/mail/alice>')" -gt "$(first 'fsync\([0-9]+<[^>]*/mail>')" ]
	[ "$(last 'write(64|v)?\([0-9]+<[^>]*/mail/alice>')" -lt "$(last 'fsync\([0-9]+<[^>]*/mail/alice>')" ]
	said_before 'fsync\([0-9]+<[^>]*/mail/alice>'
	said_before 'fsync\([0-9]+<[^>]*/mail>'
}

@test "promise: 250 for several recipients comes after the last of their mailboxes is on disk" {
	place
	printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\nRCPT TO:<bob@example.org>\nDATA\nhello\n.\nQUIT\n' | trace smtp-session
	for user in alice bob; do
		ordered "fsync\\([0-9]+<[^>]*/mail/$user>\\) += 0" 'write\(1[<,]'
		said_before "fsync\\([0-9]+<[^>]*/mail/$user>"
	done
}

@test "promise: the mailbox is unlocked before the fsync, so that others can share it" {
	place
	printf 'x\n' >"$T/message"
	deliver alice "$T/message"
	printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\nDATA\nhello\n.\nQUIT\n' | trace smtp-session
	ordered 'fcntl\([0-9]+<[^>]*/mail/alice>, F_OFD_SETLK, \{l_type=F_WRLCK' 'write(64|v)?\([0-9]+<[^>]*/mail/alice>' \
		'unlinkat\(.*alice\.lock' 'fcntl\([0-9]+<[^>]*/mail/alice>, F_OFD_SETLK, \{l_type=F_UNLCK' \
		'fsync\([0-9]+<[^>]*/mail/alice>'
}

@test "promise: QUIT's +OK comes after the removal is on disk" {
	place
	for n in 1 2 3; do
		printf 'Subject: %s\n\nhello\n' $n >"$T/message"
		deliver alice "$T/message"
	done
	printf 'USER alice\nPASS secret\nDELE 1\nQUIT\n' | trace pop3-session
	tail -n 1 "$T/out" | grep -q '^+OK'
	ordered 'f(data)?sync\([0-9]+<[^>]*\.journal[^>]*>\) += 0' 'pwrite64\([0-9]+<[^>]*/mail/alice>' \
		'f(data)?sync\([0-9]+<[^>]*/mail/alice>\) += 0' 'ftruncate\([0-9]+<[^>]*/mail/alice>' \
		'fsync\([0-9]+<[^>]*/mail/alice>\) += 0' 'write\(1[<,]'
	said_before 'fsync\([0-9]+<[^>]*/mail/alice>'
	[ "$(first 'pwrite64\([0-9]+<[^>]*/mail/alice>')" -gt "$(first 'f(data)?sync\([0-9]+<[^>]*\.journal')" ]
	[ "$(last '(pwrite64|ftruncate)\([0-9]+<[^>]*/mail/alice>')" -lt "$(last 'fsync\([0-9]+<[^>]*/mail/alice>')" ]
}

@test "promise: all removed: +OK comes after the truncation is on disk" {
	place
	printf 'x\n' >"$T/message"
	deliver alice "$T/message"
	printf 'USER alice\nPASS secret\nDELE 1\nQUIT\n' | trace pop3-session
	ordered 'ftruncate\([0-9]+<[^>]*/mail/alice>, 0\) += 0' 'fsync\([0-9]+<[^>]*/mail/alice>\) += 0' 'write\(1[<,]'
	said_before 'fsync\([0-9]+<[^>]*/mail/alice>'
	[ ! -s "$T/mail/alice" ]
}

@test "promise: with a Maildir 250 comes after file and folders are on disk, and the name after the file" {
	place
	sed -i "s|^mailbox = .*|mailbox = maildir:$T/mail/%u|" "$CONF"
	printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\nDATA\nSubject: x\n\nhello\n.\nQUIT\n' | trace smtp-session
	grep -q '^250 2\.0\.0 Accepted' "$T/out"
	ordered 'write\([0-9]+<[^>]*/mail/alice/tmp/' 'fsync\([0-9]+<[^>]*/mail/alice/tmp/[^>]*>\) += 0' \
		'fsync\([0-9]+<[^>]*/mail/alice>\) += 0' 'fsync\([0-9]+<[^>]*/mail>\) += 0' \
		'renameat2\([0-9]+<[^>]*/tmp>, .*, [0-9]+<[^>]*/new>, .*, RENAME_NOREPLACE\) += 0' \
		'fsync\([0-9]+<[^>]*/mail/alice/new>\) += 0' 'write\(1[<,]'
	said_before 'fsync\([0-9]+<[^>]*/mail/alice/new>'
	[ "$(last 'write\([0-9]+<[^>]*/mail/alice/tmp/')" -lt "$(first 'fsync\([0-9]+<[^>]*/mail/alice/tmp/')" ]
}

@test "promise: with a Maildir QUIT's +OK comes after the removal is on disk, which begins with its list" {
	place
	sed -i "s|^mailbox = .*|mailbox = maildir:$T/mail/%u|" "$CONF"
	for n in 1 2 3; do
		printf 'Subject: %s\n\nhello\n' $n >"$T/message"
		deliver alice "$T/message"
	done
	printf 'USER alice\nPASS secret\nDELE 1\nDELE 3\nQUIT\n' | trace pop3-session
	tail -n 1 "$T/out" | grep -q '^+OK'
	ordered 'fsync\([0-9]+<[^>]*\.removal\.new>\) += 0' 'rename\(.*\.removal\.new", .*\.removal"\) += 0' \
		'fsync\([0-9]+<[^>]*/state/[0-9]+>\) += 0' 'unlinkat\([0-9]+<[^>]*/new>' 'unlinkat\([0-9]+<[^>]*/new>' \
		'fsync\([0-9]+<[^>]*/mail/alice/new>\) += 0' 'unlink\(.*\.removal"' 'write\(1[<,]'
	said_before 'fsync\([0-9]+<[^>]*/mail/alice/new>'
	[ "$(first 'unlinkat\([0-9]+<[^>]*/mail/alice/new>')" -gt "$(first 'fsync\([0-9]+<[^>]*/state/[0-9]+>')" ]
}

# The session is killed, or its agent is, at each of their own calls: never a word without a deed.
@test "promise: kill -9 of session and agent at every call: what was acknowledged is there, once" {
	local n call said
	place
	for call in write pwrite64 fsync sendto sendmsg recvmsg; do
		for n in $(seq 1 40); do
			rm -f "$T/mail/alice"
			printf 'EHLO x\nMAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\nDATA\nX-Mark: here\n\nhello\n.\nQUIT\n' >"$T/in"
			ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=$call -e inject="$call:signal=KILL:when=$n" \
				"$BUILD/smtp-session" --config "$CONF" <"$T/in" >"$T/out" 2>>"$T/log" || true
			said=0
			if grep -q '^250 2\.0\.0 Accepted' "$T/out"; then said=1; fi
			there=$(grep -c '^X-Mark: here$' "$T/mail/alice" 2>/dev/null || true)
			[ "${there:-0}" -ge $said ] && [ "${there:-0}" -le 1 ] || { echo "$call $n: said $said, there $there"; return 1; }
			if tail -n 1 "$T/out" | grep -q '^221 '; then break; fi
		done
		[ $n -lt 40 ]
	done
}
