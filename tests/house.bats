#!/usr/bin/env bats
# house - the tree, what is installed, and how the programs answer to flags and to mistakes in the configuration.

load helper

PROGRAMS="smtp-session pop3-session spool-agent spoolctl"

setup() { place; }
teardown() { unplace; }

@test "the top level is as agreed" {
	run ls "$ROOT"
	[ "$(printf '%s\n' "$output" | grep -vx build | sort | tr '\n' ' ')" = \
		"$(printf '%s\n' LICENSE Makefile README.md cmd lib man packaging systemd tests | sort | tr '\n' ' ')" ]
}

@test "make install: everything is there, nothing is setuid or setgid" {
	# The build as it is: the same flags, and nothing to compile.
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs DESTDIR="$T/root" PREFIX=/usr/local
	local file
	for file in usr/local/bin/smtp-session usr/local/bin/pop3-session usr/local/bin/spoolctl usr/local/libexec/pillarbox/spool-agent usr/local/libexec/pillarbox/tls.so \
		usr/local/share/man/man5/pillarbox.conf.5 usr/local/share/man/man7/pillarbox.7 \
		usr/local/share/man/man8/smtp-session.8 usr/local/share/man/man8/pop3-session.8 \
		usr/local/share/man/man8/spool-agent.8 usr/local/share/man/man8/spoolctl.8 \
		usr/local/share/bash-completion/completions/spoolctl usr/local/lib/sysusers.d/pillarbox.conf \
		usr/local/lib/tmpfiles.d/pillarbox.conf usr/local/share/doc/pillarbox/pillarbox.conf etc/pam.d/pillarbox; do
		[ -f "$T/root/$file" ]
	done
	[ -z "$(find "$T/root" -perm /6000 -type f)" ]
	[ -z "$(find "$T/root" -type f -perm /022)" ]
}

@test "make install leaves a PAM file alone that is there" {
	mkdir -p "$T/root/etc/pam.d"
	echo mine >"$T/root/etc/pam.d/pillarbox"
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs DESTDIR="$T/root" PREFIX=/usr/local
	[ "$(cat "$T/root/etc/pam.d/pillarbox")" = mine ]
}

@test "--help fits a terminal and names each option" {
	local program
	for program in $PROGRAMS; do
		run --separate-stderr "$BUILD/$program" --help
		[ "$status" -eq 0 ]
		[[ "$output" == "usage: $program "* ]]
		[[ "$output" == *--config* ]]
		[ -z "$stderr" ]
		[ -z "$(printf '%s\n' "$output" | awk 'length > 80')" ]
	done
}

@test "--version says program and version" {
	local program
	for program in $PROGRAMS; do
		run --separate-stderr "$BUILD/$program" --version
		[ "$status" -eq 0 ]
		[[ "$output" =~ ^$program\ .*[0-9]+\.[0-9]+\.[0-9]+$ ]]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "wrong options: a word on standard error, exit status 64, nothing on standard output" {
	local program flags
	for program in $PROGRAMS; do
		for flags in --frobnicate -x --config argument "--help=1"; do
			# shellcheck disable=SC2086 # flags are words
			run --separate-stderr "$BUILD/$program" $flags </dev/null
			echo "$program $flags: $status"
			[ "$status" -eq 64 ]
			[ -n "$stderr" ]
			[ -z "$output" ]
		done
	done
}

# refused LINE TEXT: with that configuration (the mistake is in its last line) each program exits with 78 and
# says file, line and TEXT.
refused() {
	local program where
	printf '%b\n' "$1" >"$T/bad.conf"
	where="$T/bad.conf:$(wc -l <"$T/bad.conf")"
	for program in $PROGRAMS; do
		run --separate-stderr "$BUILD/$program" --config "$T/bad.conf" </dev/null
		echo "$program: $status: $stderr"
		[ "$status" -eq 78 ]
		[[ "$stderr" == *"$where"* ]]
		[[ "$stderr" == *"$2"* ]]
	done
}

@test "a mistake in the configuration: file and line, and exit status 78" {
	refused '[server]\nhostnam = x' 'unknown'
	refused '[serve]\nhostname = x' 'unknown'
	refused '[server]\nhostname = a..b' 'hostname'
	refused '# one\n\n[limits]\nerrors = 1x' 'errors'
	refused '[limits]\nerrors = 0' 'errors'
	refused '[limits]\nerrors = -1' 'errors'
	refused '[limits]\nerrors = 99999999999999999999' 'errors'
	refused '[smtp]\nmax_message_size = big' 'max_message_size'
	refused '[accounts]\nsource = ldap' 'system file self'
	refused '[store]\nmailbox = mbox:relative/%u' 'mailbox'
	refused '[store]\nmailbox = mbox:/var/%x' 'mailbox'
	refused '[store]\nstate = relative' 'state'
	refused '[server]\nnonsense' ''
	refused '[server]\nhostname = a\n  b' ''
}

@test "a configuration that is not there: exit status 78, and the client hears of it" {
	run --separate-stderr "$BUILD/smtp-session" --config "$T/none" </dev/null
	[ "$status" -eq 78 ]
	[[ "$stderr" == *"$T/none"* ]]
	[[ "$output" == 421* ]]
	run --separate-stderr "$BUILD/pop3-session" --config "$T/none" </dev/null
	[ "$status" -eq 78 ]
	[[ "$output" == -ERR* ]]
	run --separate-stderr "$BUILD/spool-agent" --config "$T/none" </dev/null
	[ "$status" -eq 78 ]
}

@test "the sample configuration holds each key, and its values are good ones" {
	sed 's/^;//' "$ROOT/packaging/pillarbox.conf" |
		sed "s/^owner = .*/owner = $OWNER/; s/^user = .*/user = $OWNER/" >"$T/sample.conf"
	run "$BUILD/pop3-session" --config "$T/sample.conf" </dev/null
	[ "$status" -ne 78 ]
	diff <(awk '/^\[/ { s = $1; sub(/^\[tls$/, "[tls]", s) } /^[a-z_0-9]+ =/ { print s, $1 }' "$T/sample.conf" | sort -u) \
		<(sed -n 's/^\t{"\([a-z0-9]*\)", "\([a-z_]*\)".*/[\1] \2/p' "$ROOT/lib/conf/conf_keys.c" | sort)
}

@test "the layers' lint finds what it should" {
	cp -r "$ROOT/lib" "$ROOT/cmd" "$T/"
	mkdir "$T/packaging"
	cp "$ROOT/packaging/lint-layers" "$T/packaging/"
	"$T/packaging/lint-layers"
	echo '#include "spool/spool.h"' >>"$T/cmd/pop3-session/main.c"
	run "$T/packaging/lint-layers"
	[ "$status" -ne 0 ]
	[[ "$output" == *"cmd/pop3-session/main.c:"*"spool/spool.h"* ]]
}

@test "the user and the folders that a host needs are made by systemd's tools" {
	mkdir -p "$T/root/etc"
	systemd-sysusers --root="$T/root" "$ROOT/systemd/pillarbox.sysusers"
	grep -q '^pillarbox:x:[1-9][0-9]*:[1-9][0-9]*:[^:]*:/:/usr/sbin/nologin$' "$T/root/etc/passwd"
	[ "$(id -u)" = 0 ] || skip "only root can make root's folders"
	systemd-tmpfiles --create --root="$T/root" "$ROOT/systemd/pillarbox.tmpfiles"
	[ "$(stat -c '%a %u' "$T/root/var/lib/pillarbox")" = "711 0" ]
	[ "$(stat -c '%a %u' "$T/root/var/spool/pillarbox")" = "700 0" ]
}
