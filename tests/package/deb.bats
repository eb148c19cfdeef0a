#!/usr/bin/env bats
# deb - the Debian packages in build/deb: what is in them, and their whole life in a root of their own, in which apt
# installs, upgrades, removes and purges them. The tests on it are one story, in that order. `make check-package`.

load ../helper

setup_file() {
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	export DEB=$BUILD/deb
	export R=$BATS_FILE_TMPDIR/root
	VERSION=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$ROOT/packaging/debian/changelog")
	export VERSION
	[ "$(id -u)" = 0 ] || return 0
	make_root >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log" >&2; return 1; }
}

teardown_file() { rm -rf "$R"; }

# The least Debian that there is, of the release that runs here, with systemd (but not booted).
make_root() {
	local suite
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mmdebstrap --variant=minbase --skip=cleanup/apt/lists --include=systemd,passwd "$suite" "$R"
	printf '#!/bin/sh\nexit 101\n' >"$R/usr/sbin/policy-rc.d"
	chmod 755 "$R/usr/sbin/policy-rc.d"
	mkdir "$R/packages"
	cp "$DEB/pillarbox_${VERSION}_"*.deb "$R/packages/this.deb"
	higher_version
}

# in_root COMMAND...: in the root, with its own mounts and processes, which are gone afterwards.
in_root() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --pid --fork --kill-child -- sh -ec '
		mount -t proc proc "$0/proc"
		mount --rbind /dev "$0/dev"
		exec chroot "$0" "$@"' "$R" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
		DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

# step: what each step of the story begins with.
step() {
	[ "$(id -u)" = 0 ] || skip "only root can make a root"
	[ ! -e "$BATS_FILE_TMPDIR/broken" ] || { echo "an earlier step has failed"; return 1; }
	touch "$BATS_FILE_TMPDIR/broken"
}

teardown() { [ -z "${BATS_TEST_COMPLETED:-}${BATS_TEST_SKIPPED:-}" ] || rm -f "$BATS_FILE_TMPDIR/broken"; }

apt() { in_root apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

# session PROGRAM LINE...: in the root, as root, with these lines as the peer's. Its answer, in LF lines.
session() {
	local program=$1
	shift
	printf '%s\r\n' "$@" >"$R/tmp/input"
	in_root sh -c "$program </tmp/input 2>/tmp/log" | tr -d '\r'
}

# send SUBJECT: a message to alice, accepted.
send() {
	session smtp-session 'EHLO x' 'MAIL FROM:<a@b.example>' 'RCPT TO:<alice@localhost>' DATA "Subject: $1" '' hello . QUIT |
		grep -q '^250 2\.0\.0'
}

# messages: how many alice has, who logs in through PAM.
messages() { session pop3-session 'USER alice' 'PASS correct horse' STAT QUIT | sed -n 's/^+OK \([0-9]*\) [0-9]*$/\1/p'; }

# higher_version: the same package as 0.9.9, with another default configuration, in /packages/next.deb.
higher_version() {
	local work=$BATS_FILE_TMPDIR/next
	dpkg-deb -R "$DEB/pillarbox_${VERSION}_"*.deb "$work"
	sed -i 's/^Version: .*/Version: 0.9.9/' "$work/DEBIAN/control"
	echo '# as of 0.9.9' >>"$work/etc/pam.d/pillarbox"
	dpkg-deb --root-owner-group -b "$work" "$R/packages/next.deb"
}

installed_version() { in_root dpkg-query -W -f '${Status} ${Version}' pillarbox; }

@test "lintian finds nothing wrong" {
	local user=()
	[ "$(id -u)" != 0 ] || user=(--allow-root)
	run lintian "${user[@]}" --fail-on error,warning -EIL +pedantic "$DEB"/*.changes
	echo "$output"
	[ "$status" -eq 0 ]
}

# files PACKAGE: what is in it, without folders and without what Debian adds.
files() {
	dpkg-deb -c "$DEB/$1_${VERSION}_"*.deb | awk '$1 !~ /^d/ { print substr($6, 2) }' |
		sed -E 's|\.gz$||; s|/x86_64-linux-gnu/|/|; s|/lib/[a-z0-9_]+-linux-gnu[a-z0-9]*/|/lib/|' |
		grep -vE '/(changelog|copyright|README\.Debian)$|^/usr/share/lintian/' | sort
}

@test "the two packages hold what make install installs, each file once" {
	local tree=$BATS_TEST_TMPDIR/tree
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs DESTDIR="$tree" PREFIX=/usr
	mkdir -p "$tree/etc/pillarbox"
	mv "$tree/usr/share/doc/pillarbox/pillarbox.conf" "$tree/etc/pillarbox/" # the sample is the conffile
	# Debian 12 has its units in /lib.
	[ ! -d "$tree/usr/lib/systemd" ] || { mkdir "$tree/lib"; mv "$tree/usr/lib/systemd" "$tree/lib/"; }
	diff <({ files pillarbox; files libspool-dev; } | sort) <(cd "$tree" && find . -type f | cut -c2- | sort)
	files libspool-dev | run ! grep -vE 'spool|why_plain'
}

@test "no file is setuid, setgid, another's than root's or writable for others" {
	local deb
	for deb in "$DEB"/*.deb; do
		run -0 dpkg-deb -c "$deb"
		[ -z "$(printf '%s\n' "$output" | awk '$2 != "root/root" || $1 ~ /^[^l].*[sStT]/ || $1 ~ /^[^l]....w|^[^l].......w/')" ]
	done
}

@test "the programs are hardened, and no path of the building host is in them" {
	local file
	dpkg-deb -x "$DEB/pillarbox_${VERSION}_"*.deb "$BATS_TEST_TMPDIR/x"
	for file in "$BATS_TEST_TMPDIR"/x/usr/bin/* "$BATS_TEST_TMPDIR"/x/usr/libexec/pillarbox/*; do
		readelf -hld "$file" >"$BATS_TEST_TMPDIR/elf"
		grep -q 'Type: *DYN' "$BATS_TEST_TMPDIR/elf"
		grep -q GNU_RELRO "$BATS_TEST_TMPDIR/elf"
		grep -q BIND_NOW "$BATS_TEST_TMPDIR/elf"
		nm -D "$file" | grep -q __stack_chk_fail
		run ! grep -qF "$DEB" "$file"
	done
	dpkg-deb -x "$DEB/libspool-dev_${VERSION}_"*.deb "$BATS_TEST_TMPDIR/x"
	run ! grep -rqF "$DEB" "$BATS_TEST_TMPDIR/x"
}

@test "built again, elsewhere and at another time, without tests: the same packages" {
	local copy=$BATS_TEST_TMPDIR/elsewhere/source deb
	mkdir -p "$copy"
	tar -x -C "$copy" --strip-components=1 -f "$DEB/pillarbox_$VERSION.tar.xz"
	(cd "$copy" && env -u MAKEFLAGS TZ=UTC+11 DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -b -us -uc -Jauto) \
		>"$BATS_TEST_TMPDIR/log" 2>&1 || { cat "$BATS_TEST_TMPDIR/log"; return 1; }
	[ ! -e "$copy/build/unit" ]
	for deb in "$DEB"/*.deb; do cmp "$deb" "$copy/../${deb##*/}"; done
}

@test "apt installs it: the user, the folders, the configuration" {
	step
	apt install /packages/this.deb
	[[ $(installed_version) == "install ok installed $VERSION" ]]
	in_root getent passwd pillarbox | grep -q ':/:/usr/sbin/nologin$'
	[ "$(in_root stat -c '%a %U %n' /var/lib/pillarbox /var/cache/pillarbox /var/spool/pillarbox)" = \
		"$(printf '%s\n' '711 root /var/lib/pillarbox' '711 root /var/cache/pillarbox' '700 root /var/spool/pillarbox')" ]
	[ "$(in_root dpkg-query -W -f '${Conffiles}' pillarbox | awk 'NF { print $1 }' | sort | xargs)" = \
		"/etc/pam.d/pillarbox /etc/pillarbox/pillarbox.conf" ]
}

@test "after installation nothing that listens on a port is enabled; the agent's socket is" {
	step
	[ -f "$R/lib/systemd/system/smtp.socket" ]
	diff <(cd "$R/etc/systemd/system" && find . -name '*pillarbox*' -type l -o -name '*.socket' -newer "$R/packages/this.deb" |
		sort) - <<-'END'
		./multi-user.target.wants/pillarbox.target
		./pillarbox.target.wants/pillarbox-agent.socket
		./sockets.target.wants/pillarbox-agent.socket
	END
}

@test "an ordinary user sends and fetches by pipe, with no set-up" {
	step
	cp "$ROOT/packaging/debian/tests/pipe" "$R/tmp/pipe"
	in_root sh -c 'mkdir /tmp/pipe.d && AUTOPKGTEST_TMP=/tmp/pipe.d /tmp/pipe'
}

@test "a real user gets mail, and logs in with a real password" {
	step
	in_root useradd -m alice
	in_root sh -c 'echo "alice:correct horse" | chpasswd'
	send one
	[ "$(messages)" = 1 ]
	session pop3-session 'USER alice' 'PASS wrong' QUIT | grep -q '^-ERR \[AUTH\]'
	[ "$(in_root stat -c %U /var/mail/alice)" = alice ]
}

@test "a second installation of the same version changes nothing and asks nothing" {
	step
	apt install --reinstall /packages/this.deb
	[ "$(messages)" = 1 ]
}

@test "an upgrade keeps mail and what the administrator has changed" {
	step
	echo '# mine' >>"$R/etc/pillarbox/pillarbox.conf"
	apt install /packages/next.deb
	[[ $(installed_version) == "install ok installed 0.9.9" ]]
	grep -qx '# mine' "$R/etc/pillarbox/pillarbox.conf"
	grep -qx '# as of 0.9.9' "$R/etc/pam.d/pillarbox"
	[ "$(messages)" = 1 ]
	send two
	[ "$(messages)" = 2 ]
}

@test "where both have changed a file, the administrator's stays" {
	step
	echo '# mine' >>"$R/etc/pam.d/pillarbox"
	apt install --allow-downgrades -o Dpkg::Options::=--force-confold /packages/this.deb
	grep -qx '# mine' "$R/etc/pam.d/pillarbox"
	[ -e "$R/etc/pam.d/pillarbox.dpkg-dist" ]
	[ "$(messages)" = 2 ]
}

@test "removal takes the programs and leaves configuration and mail" {
	step
	apt remove pillarbox
	[ ! -e "$R/usr/bin/smtp-session" ]
	[ ! -e "$R/usr/libexec/pillarbox" ]
	grep -qx '# mine' "$R/etc/pillarbox/pillarbox.conf"
	[ -s "$R/var/mail/alice" ]
	[ -n "$(ls "$R/var/lib/pillarbox")" ]
}

@test "installed again, it goes on where it was" {
	step
	apt install /packages/this.deb
	grep -qx '# mine' "$R/etc/pillarbox/pillarbox.conf"
	[ "$(messages)" = 2 ]
}

@test "purging takes configuration and cache; mail, journals, what is on its way and the user stay" {
	step
	touch "$R/var/spool/pillarbox/message" "$R/var/cache/pillarbox/index"
	cp "$R/var/mail/alice" "$BATS_FILE_TMPDIR/alice"
	(cd "$R/var/lib/pillarbox" && find . | sort) >"$BATS_FILE_TMPDIR/journals"
	apt purge pillarbox
	[ -z "$(in_root dpkg-query -W -f '${Status}' pillarbox 2>/dev/null | grep -v 'not-installed')" ]
	[ ! -e "$R/etc/pillarbox" ]
	[ ! -e "$R/etc/pam.d/pillarbox" ]
	[ ! -e "$R/var/cache/pillarbox" ]
	cmp "$R/var/mail/alice" "$BATS_FILE_TMPDIR/alice"
	(cd "$R/var/lib/pillarbox" && find . | sort) | cmp - "$BATS_FILE_TMPDIR/journals"
	[ -e "$R/var/spool/pillarbox/message" ]
	in_root getent passwd pillarbox
	[ -z "$(find "$R/etc/systemd" -name 'smtp*' -o -name 'sub*' -o -name 'pop3*' -o -name 'pillarbox*')" ]
}

@test "purging without mail leaves nothing behind but the user" {
	step
	rm -r "$R/var/mail/alice" "$R/var/spool/pillarbox" "$R/var/lib/pillarbox"
	apt install /packages/this.deb
	apt purge pillarbox
	[ -z "$(find "$R/var/lib" "$R/var/spool" "$R/var/cache" "$R/etc" -name '*pillarbox*')" ]
}
