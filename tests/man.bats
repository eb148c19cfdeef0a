#!/usr/bin/env bats
# man - the man pages say what the programs do: each configuration key, option and event is in them.

load helper

# keys: the program's own table, "section name" a line.
keys() { sed -n 's/^\t{"\([a-z0-9]*\)", "\([a-z_]*\)".*/\1 \2/p' "$ROOT/lib/conf/conf_keys.c"; }

@test "each configuration key is in pillarbox.conf(5), under its section; and no other" {
	[ "$(keys | wc -l)" -ge 30 ]
	diff <(keys | sort) <(awk '
		/^\.Ss \[/ { section = substr($2, 2, length($2) - 2) }
		section && /^\.It Ic / { for (i = 3; i <= NF; i++) if ($i != ",") print section, $i }
	' "$ROOT/man/pillarbox.conf.5" | sort)
}

@test "each option that --help lists is in the program's page; and no other" {
	local program
	for program in smtp-session pop3-session spool-agent spoolctl; do
		diff <("$BUILD/$program" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u) \
			<(grep -oE '(Fl|\|) -[a-z-]+' "$ROOT/man/$program.8" | sed 's/.* -/--/' | sort -u)
	done
}

@test "each command of spoolctl is in its page and its completion; and no other" {
	sed -n 's/^\t{"\([a-z]*\)".*/\1/p' "$ROOT/cmd/spoolctl/spoolctl_verbs.c" | sort >"$BATS_TEST_TMPDIR/verbs"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/verbs")" -ge 5 ]
	diff "$BATS_TEST_TMPDIR/verbs" <(sed -n '/^The commands are/,/^\.El/s/^\.It Ic \([a-z]*\).*/\1/p' "$ROOT/man/spoolctl.8" | sort)
	diff "$BATS_TEST_TMPDIR/verbs" <(sed -n "s/.*commands='\(.*\)'/\1/p" "$ROOT/packaging/bash-completion/spoolctl" |
		tr ' ' '\n' | sort)
}

# events: the words that the code logs as events: what log_event() and log_end() are given, but for the values of
# fields; and the names of the agent's events (agent_server.h).
events() {
	find "$ROOT/cmd" "$ROOT/lib" -name '*.c' -exec perl -0777 -ne '
		while (/\b(?:pop3_)?log_(?:event|end)\(([^;]*);|(?<=\.)name = ([^;,]*)[;,]/g) {
			my ($call, $name) = ($1, $2);
			$call //= $ARGV =~ m{lib/agent/} ? $name : "";
			$call =~ s/\bLOG_(?!ERR|WARNING|NOTICE|INFO|DEBUG)[A-Z_]+,\s*"[^"]*"//g;
			print "$1\n" while $call =~ /"([a-z][a-z-]*)"/g;
		}' {} + | sort -u
}

@test "each event in the code is explained in pillarbox(7); and no other" {
	diff <(events) <(sed -n '/^Events are:/,/^\.El/s/^\.It Li //p' "$ROOT/man/pillarbox.7" | sort)
}

@test "each field of the log is explained in pillarbox(7)" {
	diff <(sed -n 's/^\t\[LOG_[A-Z_]*\] = "\([A-Z_]*\)".*/\1/p' "$ROOT/lib/base/log.c" | sort) \
		<(sed -n '/^A line is made/,/^\.El/s/^\.It Li //p' "$ROOT/man/pillarbox.7" | sort)
}
