#!/usr/bin/env bats
# rpm - the RPM packages in build/rpm: what is in them. Debian's rpmbuild has built them. `make check-package`.

load ../helper

SPEC=$ROOT/packaging/rpm/pillarbox.spec

# files PACKAGE: what is in it, without folders and without what rpm adds.
files() {
	rpm -qp --nosignature --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$BUILD"/rpm/RPMS/*/"$1"-[0-9]*.rpm |
		awk '$1 !~ /^d/ { print $2 }' | grep -vE '/(\.build-id|licenses)/' | sed 's|/lib64/|/lib/|; s|\.gz$||' | sort
}

@test "the two packages hold what make install installs" {
	local tree=$BATS_TEST_TMPDIR/tree
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs DESTDIR="$tree" PREFIX=/usr
	install -D -m 644 "$ROOT/packaging/pillarbox.conf" "$tree/etc/pillarbox/pillarbox.conf"
	diff <({ files pillarbox; files libspool-devel; } | sort) <(cd "$tree" && find . -type f | cut -c2- | sort)
}

@test "no file is setuid, setgid, another's than root's or writable for others" {
	local package
	for package in "$BUILD"/rpm/RPMS/*/*.rpm; do
		run -0 rpm -qp --nosignature \
			--qf '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]' "$package"
		[ "${#lines[@]}" -ge 5 ]
		[ -z "$(printf '%s\n' "$output" | awk '$2 != "root" || $3 != "root" || $1 ~ /^[^l].*[sStT]/ || $1 ~ /^[^l]....w|^[^l].......w/')" ]
	done
}

@test "what administrators change are configuration files" {
	[ "$(rpm -qpc --nosignature "$BUILD"/rpm/RPMS/*/pillarbox-[0-9]*.rpm | sort | xargs)" = \
		"/etc/pam.d/pillarbox /etc/pillarbox/pillarbox.conf" ]
}

# scriptlet NAME: of the spec file, as Fedora's macros would be put into it.
scriptlet() {
	rpmspec -P --define 'systemd_post() post-of %{?*}' --define 'systemd_preun() preun-of %{?*}' \
		--define 'systemd_postun_with_restart() postun-of %{?*}' "$SPEC" | sed -n "/^%$1\$/,/^%/{/^%/d; /./p}"
}

# units SUFFIX: those of all services and of the agent.
units() {
	{ sed -n 's/^\([a-z0-9]*\) .*/\1/p' "$ROOT/systemd/services"; echo pillarbox-agent; } | sed "s/\$/.$1/"
}

# names_of NAME: the units that this scriptlet gives to Fedora's macro.
names_of() { scriptlet "$1" | sed -n "s/^$1-of //p" | tr ' ' '\n' | sort; }

@test "scriptlets are shell, with and without Fedora's macros, and name each unit" {
	local name
	for name in post preun postun; do
		scriptlet "$name" | sh -n
		rpmspec -P "$SPEC" | sed -n "/^%$name\$/,/^%/{/^%/d; p}" | sh -n
	done
	[ "$(units socket | wc -l)" = 6 ]
	diff <(names_of post) <({ units socket; echo pillarbox.target; } | sort)
	diff <(names_of preun) <({ units socket; echo pillarbox.target; } | sort)
	diff <(names_of postun) <(units service | sort)
}
