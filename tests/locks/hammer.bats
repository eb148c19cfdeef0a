#!/usr/bin/env bats
# hammer - for T seconds each (120), everybody at once on one mailbox of several megabytes, in a folder that is 2775
# root:mail: what is sent is there exactly once at the end, or was removed once, octet for octet; no lock is left,
# nobody waits for ever, no live lock is broken. See hammer.py.

load locks

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	locks_prepare
}

teardown() { umount /var/mail 2>/dev/null || true; }

# hammer MIX: its output is part of the log.
hammer() {
	local scratch=$SCRATCH/$BATS_TEST_NUMBER
	rm -rf /home/$USER_NAME/mail /var/mail/$USER_NAME
	mark_log
	PYTHONDONTWRITEBYTECODE=1 python3 "$LOCKS/hammer.py" "$1" "${T:-120}" $USER_NAME /var/mail "$scratch" >"$scratch.out" 2>&1 || {
		cat "$scratch.out"
		return 1
	}
	sed 's/^#* */# /' "$scratch.out" >&3
	OUTPUT=$scratch.out
}

# Do removals in /var/mail cut out blocks?
can_cut() {
	local status=0
	head -c 1M /dev/zero >/var/mail/test
	fallocate --collapse-range --offset 0 --length 64K /var/mail/test 2>/dev/null || status=1
	rm /var/mail/test
	return $status
}

@test "the others among themselves" {
	hammer control
}

@test "all at once" {
	hammer all
	# Ours have cut out blocks while the others read on.
	! can_cut || [ "$(sed -n 's/.*padding was seen \([0-9]*\) times.*/\1/p' "$OUTPUT")" -gt 0 ]
}

@test "all at once, where blocks can't be cut out of a file" {
	mount -t tmpfs -o mode=2775,gid=mail tmpfs /var/mail
	hammer all
}

@test "with readers, while agents are killed" {
	hammer killed
}
