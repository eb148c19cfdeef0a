#!/usr/bin/env bats
# interplay - one at a time: the other programs respect our locks and we theirs; a left-over lock is broken by the rule in
# lib/spool/dotlock.h alone; a mailbox that is replaced meanwhile. All in a folder that is 2775 root:mail, where users can
# make no file: their agents' monitors have the dotlock for them.

load locks

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	locks_prepare
	configure <<-CONFIG
	[limits]
	lock_timeout = 1
	CONFIG
}

setup() {
	T=$SCRATCH/interplay$BATS_TEST_NUMBER # the user can look into it
	rm -rf "$T"
	mkdir "$T"
	rm -rf /home/$USER_NAME/mail
	printf 'From a@b Thu Jan  1 00:00:00 2026\nSubject: first\n\nhello\n\n' >$BOX
	chown $USER_NAME:mail $BOX
	chmod 660 $BOX
}

teardown() {
	exec 7>&-
	[ -z "${HOLDER:-}" ] || wait "$HOLDER" || true
	rm -f $BOX.lock
}

# as_user COMMAND...: as the mailbox's owner. as_mail COMMAND...: and in the group mail, too.
as_user() { setpriv --reuid $USER_NAME --regid $USER_NAME --clear-groups env HOME=/home/$USER_NAME USER=$USER_NAME \
	LOGNAME=$USER_NAME MAIL=$BOX "$@"; }
as_mail() { setpriv --reuid $USER_NAME --regid $USER_NAME --groups "$(getent group mail | cut -d: -f3)" "$@"; }

# deliver SUBJECT: the reply that our SMTP session gives at the end of the message.
deliver() {
	printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@b.example>' "RCPT TO:<$USER_NAME@localhost>" DATA "Subject: $1" '' hi . QUIT |
		smtp-session 2>"$T/log" | tr -d '\r' | sed -n '/^354/ { n; p; }'
}
taken() { [[ $(deliver "$1") == 250* ]]; }
# It waits and then tells the sender to try again; neither mailbox nor lock is touched.
deferred() {
	local reply before lock
	before=$(sha256sum <$BOX)
	lock=$(stat -c '%i %s %Y' $BOX.lock 2>/dev/null || true)
	reply=$(deliver "$1")
	echo "$reply"
	[[ $reply == 4*4.2.1* || $reply == 45* ]]
	[ "$(sha256sum <$BOX)" = "$before" ]
	[ "$(stat -c '%i %s %Y' $BOX.lock 2>/dev/null || true)" = "$lock" ]
}

subjects() { sed -n 's/^Subject: //p' $BOX | xargs; }
has_subject() { grep -q "^Subject: $1\$" $BOX; }

# hold COMMAND...: it holds the mailbox, has said "locked", and goes on to do so until its standard input, fd 7, ends; so
# that nothing else may have that open.
hold() {
	rm -f "$T/in" "$T/out"
	mkfifo "$T/in"
	"$@" <"$T/in" >"$T/out" 3>&- &
	HOLDER=$!
	exec 7>"$T/in"
	eventually 30 grep -q locked "$T/out"
}
let_go() {
	exec 7>&-
	wait "$HOLDER"
	HOLDER=
}

# Programs in Python that hold the mailbox; what is in "do" happens as their input ends.
python_holder() {
	cat >"$T/holder.py" <<-'CODE'
	import fcntl, os, sys
	box, kind = sys.argv[1:]
	file = open(box, "rb+")
	if kind == "flock":
	    fcntl.flock(file, fcntl.LOCK_EX)
	elif kind != "dot":
	    fcntl.lockf(file, fcntl.LOCK_SH if kind == "read" else fcntl.LOCK_EX)
	if kind in ("dot", "replace"):
	    lock = os.open(box + ".lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
	    os.write(lock, b"%d\n" % os.getpid())
	print("locked", flush=True)
	sys.stdin.read()
	if kind == "replace":
	    new = open(box + ".new", "wb")
	    new.write(file.read().replace(b"first", b"other"))
	    new.close()
	    os.rename(box + ".new", box)
	if kind in ("dot", "replace"):
	    os.unlink(box + ".lock")
	CODE
	hold as_mail python3 "$T/holder.py" $BOX "$1"
}

# ours: as a program of libspool's that may make the dotlock itself.
our_holder() {
	mkdir -p "$T/state"
	chown $USER_NAME: "$T/state"
	hold as_mail "$BUILD/tools/lock-hold" $BOX "$T/state"
}

@test "we have both locks, and they are those that the others look for" {
	our_holder
	[ "$(cat $BOX.lock)" = "$(pgrep -f 'lock-hold /var/mail' | tail -n 1)" ]
	run ! as_user dotlockfile -l -r 0 $BOX.lock
	run ! as_user dotlockfile -l -p -r 0 $BOX.lock
	run ! as_user lockfile -1 -r 0 -ml
	run ! as_user mutt_dotlock -p -r 0 $BOX
	as_user python3 - $BOX <<-'CODE'
	import fcntl, mailbox, sys
	for how in fcntl.LOCK_EX, fcntl.LOCK_SH: # classic locks, as all these programs take them
	    try:
	        fcntl.lockf(open(sys.argv[1], "rb+"), how | fcntl.LOCK_NB)
	        sys.exit("not locked")
	    except BlockingIOError:
	        pass
	try:
	    mailbox.mbox(sys.argv[1]).lock()
	    sys.exit("not locked")
	except mailbox.ExternalClashError:
	    pass
	CODE
	let_go
	[ ! -e $BOX.lock ]
	as_user dotlockfile -l -r 0 $BOX.lock
	as_user dotlockfile -u $BOX.lock
}

imap() {
	python3 - $USER_NAME <<-'CODE'
	import imaplib, sys
	imap = imaplib.IMAP4("127.0.0.1", 1143)
	imap.login(sys.argv[1], "x")
	imap.select()
	imap.store("1", "+FLAGS", "\\Deleted")
	imap.expunge()
	imap.logout()
	CODE
}

@test "Postfix, procmail and Dovecot wait for us, and do their work afterwards" {
	local before
	our_holder
	before=$(sha256sum <$BOX)
	printf 'Subject: postfix\n\nhi\n' | sendmail -f a@b.example $USER_NAME@localhost
	printf 'Subject: procmail\n\nhi\n' | as_user procmail -t -f a@b.example 3>&- 7>&- &
	local procmail=$!
	imap 3>&- 7>&- &
	local imap=$!
	eventually 30 sh -c "pgrep -x procmail && pgrep -x local && pgrep -x imap"
	sleep 3
	[ "$(sha256sum <$BOX)" = "$before" ]
	let_go
	eventually 120 has_subject postfix
	eventually 120 has_subject procmail
	eventually 120 run ! has_subject first
	wait "$procmail" "$imap"
}

@test "we wait for who has a kernel lock, for writing or for reading" {
	for kind in fcntl read; do
		python_holder $kind
		deferred $kind
		let_go
		taken $kind
	done
	[ "$(subjects)" = "first fcntl read" ]
}

@test "we wait for who has the dotlock alone, whoever made it" {
	python_holder dot
	deferred dot
	let_go
	as_user dotlockfile -l $BOX.lock
	deferred dotlockfile
	as_user dotlockfile -u $BOX.lock
	as_user lockfile -1 -ml
	deferred lockfile
	as_user lockfile -mu
	as_user mutt_dotlock -p $BOX
	deferred mutt
	as_user mutt_dotlock -p -u $BOX
	taken last
	[ "$(subjects)" = "first last" ]
}

@test "a POP3 session removes nothing while another program has the mailbox, and says so" {
	python_holder fcntl
	exec 8<>/dev/tcp/127.0.0.1/110
	printf 'USER %s\r\nPASS secret\r\n' $USER_NAME >&8
	timeout 60 sed '/^-ERR/q' <&8 | grep -q '^-ERR.*\[SYS/TEMP\]'
	exec 8>&-
	let_go
	[ "$(subjects)" = first ]
}

@test "a user's own program, which may not make the dotlock, waits for who has it, but not for a stale one" {
	mkdir -p "$T/state"
	chown $USER_NAME: "$T/state"
	printf 'Subject: x\n\nhi\n' >"$T/message"
	ours() { as_user env SPOOL_TOOL_WAIT=1 "$BUILD/tools/spool-tool" mbox:$BOX "$T/state" deliver a@b.example x <"$T/message"; }
	as_user dotlockfile -l $BOX.lock
	run ! ours
	[[ $output == *4.2.1* ]]
	as_user dotlockfile -u $BOX.lock
	ours
	put_lock "$(gone_pid)"$'\n' 0
	ours
	[ "$(subjects)" = "first x x" ]
}

# put_lock TEXT SECONDS: a lock that says so, and is so old; the mailbox is as old as AGE says.
put_lock() {
	printf '%s' "$1" >$BOX.lock
	touch -d "$2 seconds ago" $BOX.lock
	touch -d "${AGE:-400} seconds ago" $BOX
}

gone_pid() { sh -c 'echo $$'; }

@test "a lock whose process is gone is broken at once" {
	put_lock "$(gone_pid)"$'\n' 0
	taken one
	put_lock "$(gone_pid):$(hostname)"$'\n' 0
	taken two
	[ ! -e $BOX.lock ]
	[ "$(subjects)" = "first one two" ]
}

@test "a lock whose process lives holds, whoever's it is" {
	put_lock $'1\n' 0
	deferred root
	sleep 600 3>&- &
	put_lock "$!"$'\n' 0
	deferred mine
	kill $!
}

@test "a user may not signal root's process: its lock holds for the user's own programs, too" {
	mkdir -p "$T/state"
	chown $USER_NAME: "$T/state"
	put_lock $'1\n' 0
	as_user sh -c 'kill -0 1 2>&1' | grep -q 'not permitted'
	printf 'Subject: x\n\nhi\n' >"$T/message"
	run ! as_mail env SPOOL_TOOL_WAIT=1 "$BUILD/tools/spool-tool" mbox:$BOX "$T/state" deliver a@b.example x <"$T/message"
	[[ $output == *4.2.1* ]]
	[ "$(cat $BOX.lock)" = 1 ]
	rm $BOX.lock
	as_mail "$BUILD/tools/spool-tool" mbox:$BOX "$T/state" deliver a@b.example x <"$T/message"
	[ "$(subjects)" = "first x" ]
}

@test "a lock that names nobody, or somebody elsewhere, holds for five minutes; and longer if the mailbox changes" {
	local text
	for text in 0 $'0\n' '' "$(gone_pid):elsewhere"; do
		put_lock "$text" 0
		deferred young
		put_lock "$text" 290
		deferred young
		AGE=290 put_lock "$text" 310
		deferred busy
		put_lock "$text" 310
		taken old
		[ ! -e $BOX.lock ]
	done
	[ "$(subjects)" = "first old old old old" ]
}

@test "a mailbox that is replaced while we wait for its lock: the message goes into the new one" {
	configure </dev/null # with all its patience
	python_holder replace
	exec 6<$BOX
	taken late 3>&- 7>&- 6<&- &
	local taken=$!
	eventually 30 pgrep -x spool-agent
	sleep 1
	let_go
	wait "$taken"
	[ "$(subjects)" = "other late" ]
	[ "$(grep -c '^Subject' <&6)" -eq 1 ]
	exec 6<&-
	configure <<-CONFIG
	[limits]
	lock_timeout = 1
	CONFIG
}

@test "flock() is no lock for us, as the manual says" {
	grep -q 'flock' "$TOP/man/pillarbox.7"
	python_holder flock
	taken anyway
	let_go
}
