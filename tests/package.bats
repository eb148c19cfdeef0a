#!/usr/bin/env bats
# package - what others get: libspool as a stranger sees it, what is installed, and that the packages' files agree with
# the tree. `make check-package` builds and installs the packages themselves.

load helper

setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-package.XXXXXX")
	chmod 755 "$T"
}

teardown() { rm -rf "$T"; }

# install_here: all of Pillarbox as `make install` puts it below $T/usr, and pkg-config sees it.
install_here() {
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs PREFIX="$T/usr" SYSCONFDIR="$T/etc"
	export PKG_CONFIG_PATH=$T/usr/lib/pkgconfig
}

# link_flags: what links with a library that was built as this one: the sanitizers', if it was with them.
link_flags() { grep -o -- '-fsanitize=[^ ]*' "$BUILD/obj/flags" | sort -u; }

# compile OUT FILE: a program of the example's kind, with the compiler that the library was built with.
compile() {
	local cc flags
	cc=$(cut -d' ' -f1 "$BUILD/obj/flags")
	read -r -a flags <<<"$(pkg-config --cflags --libs libspool) $(link_flags | xargs)"
	"$cc" -std=gnu17 -O1 -Wall -Wextra -pedantic -Werror -o "$1" "$2" "${flags[@]}"
}

# example: the program in spool(3), out of its roff.
example() { sed -n '/^\.Bd -literal$/,/^\.Ed$/{/^\./d; s/\\e/\\/g; p}' "$ROOT/man/spool.3"; }

# functions: those that spool.h declares.
functions() { grep -oE '\<spool_[a-z_]+\(' "$ROOT/lib/spool/spool.h" | tr -d '(' | sort -u; }

@test "libspool.a shows what spool.h declares, and nothing else" {
	[ "$(functions | wc -l)" -ge 8 ]
	diff <(nm -g --defined-only "$BUILD/libspool.a" | sed -n 's/^[0-9a-f]* [A-Z] //p' | sort) <(functions)
}

@test "spool(3) names each function of spool.h and each member of its structures" {
	local member
	diff <(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z_]*\).*/\1/p' "$ROOT/man/spool.3" | sort) <(functions)
	diff <(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.F[no] \([a-z_]*\).*/\1/p' "$ROOT/man/spool.3" | sort) <(functions)
	cat "$ROOT/lib/spool/spool.h" "$ROOT/lib/base/why_plain.h" | sed 's|/\*.*\*/||' |
		sed -nE '/^struct .*\{/,/^\}/s/^\t[a-z].*[ *(]\(?\*?([a-z_]+)(\[.*\])?\)?(\(.*\))?;.*/\1/p' |
		grep -vxE 'context|inode|size|mtime_ns|ctime_ns' >"$T/members" # those of spool_stamp are fstat's
	[ "$(wc -l <"$T/members")" -ge 20 ]
	while read -r member; do
		grep -qE "^\.(It )?Va .*\<$member\>" "$ROOT/man/spool.3" || { echo "no $member"; return 1; }
	done <"$T/members"
}

@test "the example in spool(3) compiles with what is installed, and works" {
	install_here
	example >"$T/example.c"
	compile "$T/example" "$T/example.c"
	mkdir "$T/state"
	printf 'Subject: one\n\nFrom here\n' >"$T/one"
	printf 'Subject: two\n\n>From there\n' >"$T/two"
	: >"$T/file"
	for box in "mbox:$T/box" "maildir:$T/Maildir"; do
		"$T/example" "$box" "$T/state" "$T/one"
		"$T/example" "$box" "$T/state" "$T/two"
		"$T/example" "$box" "$T/state" | diff - <(printf 'Return-Path: <>\n'; cat "$T/one")
		[ "$(grep -r '^Subject:' "${box#*:}" | wc -l)" = 1 ]
		run -1 sh -c "$T/example $box $T/state >/dev/full"
		"$T/example" "$box" "$T/state" | diff - <(printf 'Return-Path: <>\n'; cat "$T/two")
		[ -z "$("$T/example" "$box" "$T/state")" ]
	done
	[ ! -s "$T/box" ]
	[ -z "$(find "$T/Maildir" -type f)" ]
	for box in "mbox:$T" "maildir:$T/file"; do
		run -1 "$T/example" "$box" "$T/state"
		[[ $output == "${box#*:}: "*"(4.3.0)" ]]
	done
}

@test "a program with names of its own links with libspool" {
	install_here
	cat >"$T/stranger.c" <<-'C'
		#include <spool.h>
		#include <stdio.h>

		int why_set, why_errno, fd_close, buf_add, checksum, mbox_scan, uidl_init, mboxrd_run, clock_ms, num_parse;

		int main(void)
		{
			struct spool_place place = {.location = "nonsense"};
			struct spool *spool;
			struct why why;

			if (spool_open(&spool, &place, &why) == 0)
				return 1;
			puts(why.text);
			return why_set + why_errno + fd_close + buf_add + checksum + mbox_scan + uidl_init + mboxrd_run +
			       clock_ms + num_parse + (why.class != WHY_TEMP);
		}
	C
	compile "$T/stranger" "$T/stranger.c"
	run -0 "$T/stranger"
	[ "$output" = "nonsense: not a mailbox location" ]
}

@test "a shared library may hold libspool" {
	install_here
	printf '#include <spool.h>\nint f(struct spool *s); int f(struct spool *s) { return (int)spool_count(s); }\n' >"$T/f.c"
	compile "$T/f.so" "$T/f.c" 2>/dev/null && return 1 # a program needs main
	local cc flags
	cc=$(cut -d' ' -f1 "$BUILD/obj/flags")
	read -r -a flags <<<"$(pkg-config --cflags --libs libspool) $(link_flags | xargs)"
	"$cc" -shared -fPIC -Wl,-z,text -o "$T/f.so" "$T/f.c" "${flags[@]}"
}

@test "spool.h is C99 to C17 and C++11 to C++20" {
	local std cflags
	install_here
	read -r -a cflags <<<"$(pkg-config --cflags libspool)"
	printf '#include <spool.h>\nint main(void) { struct why why; why.class = WHY_TEMP; return (int)why.class; }\n' >"$T/x.c"
	for std in c99 c11 c17 gnu17; do
		gcc -std=$std -Wall -Wextra -pedantic -Werror -fsyntax-only "${cflags[@]}" "$T/x.c"
	done
	cat >"$T/x.cc" <<-'CC'
		#include <spool.h>
		int main()
		{
			struct spool *spool = nullptr;
			struct why why;
			why.class_ = WHY_TEMP;
			int (*open)(struct spool **, const struct spool_place *, struct why *) = spool_open;
			spool_close(&spool);
			return open == nullptr ? static_cast<int>(why.class_) : 0;
		}
	CC
	for std in c++11 c++14 c++17 c++20; do
		g++ -std=$std -Wall -Wextra -pedantic -Werror -fsyntax-only "${cflags[@]}" "$T/x.cc"
	done
	read -r -a cflags <<<"$(pkg-config --cflags --libs libspool) $(link_flags | xargs)"
	[ -n "$(link_flags)" ] || g++ -o "$T/x" "$T/x.cc" "${cflags[@]}"
}

@test "libspool.pc is right for a prefix and for a library folder elsewhere" {
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs DESTDIR="$T/root" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu
	diff "$T/root/usr/lib/x86_64-linux-gnu/pkgconfig/libspool.pc" - <<-PC
		prefix=/usr
		libdir=\${prefix}/lib/x86_64-linux-gnu
		includedir=\${prefix}/include

		Name: libspool
		Description: Deliver into Unix mailboxes and read them
		Version: $(version)
		Cflags: -I\${includedir}/pillarbox
		Libs: -L\${libdir} -lspool -lmd
	PC
	[ -f "$T/root/usr/lib/x86_64-linux-gnu/libspool.a" ]
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs DESTDIR="$T/other" PREFIX=/usr LIBDIR=/opt/lib
	grep -qx 'libdir=/opt/lib' "$T/other/opt/lib/pkgconfig/libspool.pc"
}

version() { sed -n 's/^VERSION *:= //p' "$ROOT/Makefile"; }

@test "Makefile, Debian's changelog and the spec file have one version" {
	[ "$(sed -n '1s/^pillarbox (\(.*\)) .*/\1/p' "$ROOT/packaging/debian/changelog")" = "$(version)" ]
	[ "$(sed -n 's/^Version: *//p' "$ROOT/packaging/rpm/pillarbox.spec")" = "$(version)" ]
}

# needs COLUMN: the packages of packaging/deps that building needs, but for those that every build has.
needs() {
	awk -v column="$1" '$1 == "build" { print $column }' "$ROOT/packaging/deps" |
		grep -vxE 'gcc|make|binutils|libc6-dev|glibc-devel' | sort -u
}

@test "both packages ask for what packaging/deps says that building needs" {
	[ "$(needs 4 | wc -l)" -ge 5 ]
	diff <(needs 4) <(sed -n '/^Build-Depends:/,/^[A-Z]/s/^ \(lib[^ ,:]*\)\(:native\)*,$/\1/p' "$ROOT/packaging/debian/control" | sort)
	diff <(needs 5) <(sed -n 's/^BuildRequires: *\(.*-devel\)$/\1/p' "$ROOT/packaging/rpm/pillarbox.spec" | sort)
}

# renew: certbot-hook gives $T/lineage to $T/etc. Its install(1) is one that needs no group pillarbox, and that has no
# room on its disk for a file named $FULL.
renew() {
	mkdir -p "$T/bin"
	cat >"$T/bin/install" <<-'SCRIPT'
	#!/bin/sh
	[ "$1 $3 $4 $5 $6" = "-m -o root -g pillarbox" ] || exit 2
	case $7 in
	*/"$FULL") head -c 1 "$7" >"$8"; echo 'No space left on device' >&2; exit 1 ;;
	esac
	cp "$7" "$8" && chmod "$2" "$8"
	SCRIPT
	chmod 755 "$T/bin/install"
	PATH=$T/bin:$PATH RENEWED_LINEAGE=$T/lineage FOLDER=$T/etc "$ROOT/packaging/certbot-hook"
}

# pair: what $T/etc has for key and certificate.
pair() { cat "$T/etc/tls.key" "$T/etc/tls.crt" | paste -sd' '; }

@test "certbot-hook: both files are new, or, where one does not fit on the disk, both are old" {
	mkdir "$T/etc" "$T/lineage"
	export FULL
	echo "key 1" >"$T/lineage/privkey.pem"
	echo "chain 1" >"$T/lineage/fullchain.pem"
	FULL=none renew
	[ "$(pair)" = "key 1 chain 1" ]
	[ "$(stat -c %a "$T/etc/tls.key" "$T/etc/tls.crt" | sort -u)" = 640 ]
	echo "key 2" >"$T/lineage/privkey.pem"
	echo "chain 2" >"$T/lineage/fullchain.pem"
	for FULL in fullchain.pem privkey.pem; do
		run ! renew
		[ "$(pair)" = "key 1 chain 1" ]
	done
	FULL=none renew
	[ "$(pair)" = "key 2 chain 2" ]
	[ "$(ls "$T/etc")" = $'tls.crt\ntls.key' ]
}
