#!/usr/bin/env bats
# units - systemd's units and xinetd's files, as far as they can be judged without starting them. That they work is
# shown on a booted systemd (make check-boot).

load helper

# Name, port, program and options; those of the issue tracker's agreement, not read from anywhere.
SERVICES='smtp 25 smtp-session
submission 587 smtp-session --submission
submissions 465 smtp-session --submission --tls
pop3 110 pop3-session
pop3s 995 pop3-session --tls'
NAMES=$(awk '{ print $1 }' <<<"$SERVICES")

# Each of these needs a mount namespace of the unit's own (exec_needs_mount_namespace() in systemd's execute.c).
MOUNTS='ProtectSystem ProtectHome PrivateTmp PrivateDevices PrivateMounts PrivateIPC ProtectProc ProcSubset
ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups RootDirectory RootImage
ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths BindPaths BindReadOnlyPaths TemporaryFileSystem
MountAPIVFS LoadCredential SetCredential DynamicUser StateDirectory CacheDirectory LogNamespace'

setup() {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not here"
	T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-test.XXXXXX")
	# shellcheck disable=SC2034 # unplace() reads it
	PIDS=()
	make -C "$ROOT" -s install BUILD="$BUILD" -o programs PREFIX="$T/usr" UNITDIR="$T/units" SYSCONFDIR="$T/etc"
	UNITS=$T/units
}

teardown() { [ -z "${T:-}" ] || rm -rf "$T"; }

# values UNIT KEY: the values of all lines KEY=, a line each.
values() { sed -n "s/^$2=//p" "$UNITS/$1"; }

# has UNIT KEY VALUE: there is that line and no other with this key.
has() {
	echo "$1: $2=$(values "$1" "$2") ($3)"
	[ "$(values "$1" "$2")" = "$3" ]
}

# Whether systemd likes these units, and says nothing at all about them.
verify() {
	run env SYSTEMD_UNIT_PATH="$UNITS:" systemd-analyze verify --man=no "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# exposure UNIT MOST: systemd-analyze security says MOST tenths or less.
exposure() {
	run systemd-analyze security --offline=true --no-pager --threshold="$2" "$UNITS/$1"
	echo "$output" | tail -n 1
	[ "$status" -eq 0 ]
}

@test "the units are those that were agreed, and no others" {
	diff <(for name in $NAMES; do printf '%s\n' "$name.socket" "$name@.service" "$name.service"; done |
		cat - <(printf '%s\n' pillarbox-agent.socket pillarbox-agent.service pillarbox.target) | sort) \
		<(ls "$UNITS" | sort)
}

@test "ports, programs and options are those that were agreed" {
	local name port command
	while read -r name port command; do
		has "$name.socket" ListenStream "$port"
		has "$name@.service" ExecStart "$T/usr/bin/$command"
		has "$name.service" ExecStart "$T/usr/bin/$command"
	done <<<"$SERVICES"
	has pillarbox-agent.socket ListenSequentialPacket /run/pillarbox/agent
	has pillarbox-agent.service ExecStart "$T/usr/libexec/pillarbox/spool-agent"
}

@test "nothing in the units is left to be filled in, and installed are regular files that only root can change" {
	run ! grep -rE '@[A-Z]+@' "$UNITS"
	[ -z "$(find "$UNITS" ! -type d ! -perm 644)" ]
}

@test "systemd-analyze verify has nothing to say" {
	local unit units=()
	for unit in "$UNITS"/*; do
		units+=("${unit/@.service/@1.service}")
	done
	# An instance has no file of its own; a link stands for it.
	for unit in $NAMES; do ln -s "$unit@.service" "$UNITS/$unit@1.service"; done
	verify "${units[@]}"
}

@test "with the drop-in each socket starts the service that listens, without it the one for each connection" {
	local name
	mkdir "$T/other"
	for name in $NAMES; do
		# Verifying fails where the unit to start is not there.
		mv "$UNITS/$name@.service" "$T/other/"
		run env SYSTEMD_UNIT_PATH="$UNITS:" systemd-analyze verify --man=no "$UNITS/$name.socket"
		[ -n "$output" ] || [ "$status" -ne 0 ]
		install -D -m 644 "$T/usr/share/pillarbox/accept-no.conf" "$UNITS/$name.socket.d/accept-no.conf"
		verify "$UNITS/$name.socket"
		mv "$T/other/$name@.service" "$UNITS/"
		rm -r "$UNITS/$name.socket.d"
		mv "$UNITS/$name.service" "$T/other/"
		verify "$UNITS/$name.socket"
		mv "$T/other/$name.service" "$UNITS/"
	done
}

@test "exposure: at most 2.2 for each connection's unit, 0.5 for the listeners', the agent's as low as it can be" {
	local name
	for name in $NAMES; do
		exposure "$name@.service" 22
		exposure "$name.service" 5
	done
	exposure pillarbox-agent.service 28
}

@test "each point of exposure that is left is explained in the unit" {
	local unit point
	for unit in smtp@.service pop3s@.service smtp.service pop3s.service pillarbox-agent.service; do
		systemd-analyze security --offline=true --no-pager "$UNITS/$unit" | sed -n 's/^✗ *\([A-Za-z]*=\).*/\1/p' |
			sort -u >"$T/points"
		[ -s "$T/points" ]
		while read -r point; do
			echo "$unit: $point"
			grep -q "^#.*\b$point" "$UNITS/$unit"
		done <"$T/points"
	done
}

# expand NAME: the system calls of a group, or the name itself.
expand() {
	local name
	case $1 in
	@*) systemd-analyze --no-pager syscall-filter "$1" | sed -n 's/^    *\([^# ].*\)/\1/p' |
		while read -r name; do expand "$name"; done ;;
	*) echo "$1" ;;
	esac
}

expand_all() { for name in "$@"; do expand "$name"; done | sort -u; }

@test "system calls that the agent's sources name are allowed by its unit, and those of other trades are not" {
	local allow deny
	allow=$(values pillarbox-agent.service SystemCallFilter | grep -v '^~')
	deny=$(values pillarbox-agent.service SystemCallFilter | sed -n 's/^~//p')
	# shellcheck disable=SC2086 # words
	comm -23 <(expand_all $allow) <(expand_all $deny) >"$T/allowed"
	sed -n '/System calls/,/^ \*\//p' "$ROOT"/lib/agent/*.c | tr -cs 'a-z0-9_' '\n' | sort -u >"$T/words"
	# The C library's setrlimit() is prlimit64().
	comm -12 "$T/words" <(expand_all @known) | sed 's/^setrlimit$/prlimit64/' | sort -u >"$T/named"
	[ "$(wc -l <"$T/named")" -gt 25 ]
	diff /dev/null <(comm -23 "$T/named" "$T/allowed")
	run ! grep -qxE 'ptrace|mount|reboot|init_module|swapon|bpf|clock_settime|setns|unshare|kexec_load' "$T/allowed"
}

@test "sockets: no burst closes them for good, sources are limited, nobody waits for the client to speak first" {
	local name
	for name in $NAMES; do
		has "$name.socket" Accept yes
		has "$name.socket" BindIPv6Only both
		has "$name.socket" TriggerLimitIntervalSec 0
		has "$name.socket" NoDelay yes
		has "$name.socket" DeferAcceptSec ""
		has "$name.socket" FreeBind ""
		[ "$(values "$name.socket" Backlog)" -ge 1000 ]
		[ "$(values "$name.socket" MaxConnections)" -ge 200 ]
		[ "$(values "$name.socket" MaxConnectionsPerSource)" -ge 1 ]
		[ "$(values "$name.socket" MaxConnectionsPerSource)" -lt "$(values "$name.socket" MaxConnections)" ]
		has "$name.socket" Wants pillarbox-agent.socket
		[[ " $(values "$name.socket" After) " == *" pillarbox-agent.socket "* ]]
	done
	has pillarbox-agent.socket TriggerLimitIntervalSec 0
	has pillarbox-agent.socket Accept ""
	has pillarbox-agent.socket SocketMode 0660
	has pillarbox-agent.socket SocketUser root
	has pillarbox-agent.socket SocketGroup pillarbox
}

@test "limits of sockets are those that pillarbox.conf(5) has for listeners" {
	local name
	for name in $NAMES; do
		has "$name.socket" MaxConnections "$(sed -n 's/^;connections = //p' "$ROOT/packaging/pillarbox.conf")"
		has "$name.socket" MaxConnectionsPerSource \
			"$(sed -n 's/^;per_source = //p' "$ROOT/packaging/pillarbox.conf")"
	done
}

@test "the agent has room for all sessions of all services at once" {
	local name services connections sessions
	services=$(sed -n 's/^#define SERVICES \([0-9]*\).*/\1/p' "$ROOT/cmd/spool-agent/main.c")
	[ "$services" -eq "$(grep -vc '^#' "$ROOT/systemd/services")" ]
	connections=$(sed -n 's/^;connections = //p' "$ROOT/packaging/pillarbox.conf")
	sessions=$((services * connections))
	# Three processes for each, and a fifth of that to spare; the listener has one connection of each.
	[ "$(values pillarbox-agent.service TasksMax)" -ge $((3 * sessions * 6 / 5 + 1)) ]
	[ "$(values pillarbox-agent.service LimitNOFILE)" -ge $((2 * sessions)) ]
	# The services' own listeners: a process and a connection for each session.
	for name in $NAMES; do
		[ "$(values "$name.service" TasksMax)" -gt "$connections" ]
		[ "$(values "$name.service" LimitNOFILE)" -gt $((2 * connections)) ]
	done
}

@test "a unit for each connection: goes when it has failed, needs no mount namespace, and is bounded" {
	local name key
	for name in $NAMES; do
		has "$name@.service" CollectMode inactive-or-failed
		has "$name@.service" StandardInput socket
		has "$name@.service" StandardError journal
		has "$name@.service" User pillarbox
		for key in $MOUNTS; do has "$name@.service" "$key" ""; done
		# What starts the agent would be waited for by each session: the socket wants it.
		for key in Requires Wants BindsTo After; do has "$name@.service" "$key" ""; done
		for key in RuntimeMaxSec MemoryMax TasksMax LimitNOFILE; do
			[[ "$(values "$name@.service" "$key")" =~ ^[0-9]+[KMG]?$ ]]
		done
		# The session's own limit comes first.
		[ "$(values "$name@.service" RuntimeMaxSec)" -gt 7200 ]
		# It counts all processes of the user, and an exec fails where there are too many.
		has "$name@.service" LimitNPROC ""
	done
}

@test "listeners and agent: stopping one ends no session, and neither does a session that takes too much" {
	local name
	for name in $NAMES pillarbox-agent; do
		has "$name.service" KillMode process
		has "$name.service" OOMPolicy continue
		has "$name.service" StandardError journal
		# Else the socket can't be restarted while there is a listener.
		has "$name.service" PartOf "$name.socket"
		[[ " $(values "$name.service" After) " == *" $name.socket "* ]]
		has "$name.service" RuntimeMaxSec ""
		has "$name.service" Restart ""
		# A few starts in a row must not be the end.
		has "$name.service" StartLimitIntervalSec 0
	done
}

@test "listeners have the key as a credential, and do without where there is none" {
	local name file
	for name in $NAMES; do
		diff <(values "$name.service" LoadCredential) <(printf 'tls.%s:/etc/pillarbox/tls.%s\n' crt crt key key)
		for file in crt key; do
			# An empty one would be refused as bad syntax.
			grep -qxF "SetCredential=tls.$file:\\n" "$UNITS/$name.service"
		done
	done
}

@test "system calls that units allow are those of the program's own list" {
	local name
	"$BUILD/jail-filter" --list | sort -u >"$T/list"
	[ "$(wc -l <"$T/list")" -gt 30 ]
	for name in $NAMES; do
		diff "$T/list" <(values "$name@.service" SystemCallFilter | tr ' ' '\n')
		diff "$T/list" <(values "$name.service" SystemCallFilter | tr ' ' '\n')
	done
}

@test "no unit has a shell, more than one program, or one that is setuid" {
	local program
	run ! grep -rhE '^Exec[A-Za-z]*=.*([ /](ba|da|z|k)?sh\b|[|;&$`])' "$UNITS"
	[ "$(grep -rhc '^Exec' "$UNITS"/*.service | sort -u)" = 1 ]
	grep -rh '^ExecStart=' "$UNITS" | sed 's/^ExecStart=//; s/ .*//' | sort -u >"$T/programs"
	[ "$(wc -l <"$T/programs")" -eq 3 ]
	while read -r program; do
		[ -x "$program" ]
		[ -z "$(find "$program" -perm /6000)" ]
	done <"$T/programs"
}

@test "all that can be enabled is part of pillarbox.target; nothing else is started by itself" {
	local name
	for name in $NAMES pillarbox-agent; do
		has "$name.socket" WantedBy "sockets.target pillarbox.target"
		has "$name.socket" PartOf pillarbox.target
		run ! grep -q '^\[Install\]' "$UNITS/$name.service"
	done
	has pillarbox.target WantedBy multi-user.target
	run ! grep -qE '^(Wants|Requires)=' "$UNITS/pillarbox.target"
}

@test "sysusers and tmpfiles: what the agent and its socket need" {
	grep -qE '^u pillarbox - "[^"]*" / /usr/sbin/nologin$' "$T/usr/lib/sysusers.d/pillarbox.conf"
	local folder
	for folder in /run/pillarbox /var/lib/pillarbox /var/cache/pillarbox /var/spool/pillarbox; do
		grep -qE "^d $folder +07[015][015] root root -\$" "$T/usr/lib/tmpfiles.d/pillarbox.conf"
	done
}

@test "xinetd's files: the same services, off until they are wanted, and no rate that shuts them for long" {
	local name port program options file
	diff <(ls "$ROOT/packaging/xinetd") <(sort <<<"$NAMES")
	while read -r name port program options; do
		file=$T/usr/share/doc/pillarbox/xinetd/$name
		[ "$(sed -n 's/^service //p' "$file")" = "$name" ]
		[ "$(xinetd_value port)" = "$port" ]
		[ "$(xinetd_value server)" = "$T/usr/bin/$program" ]
		[ "$(xinetd_value server_args)" = "$options" ]
		[ "$(xinetd_value disable)" = yes ]
		[ "$(xinetd_value instances)" = "$(values "$name.socket" MaxConnections)" ]
		[ "$(xinetd_value per_source)" = "$(values "$name.socket" MaxConnectionsPerSource)" ]
		# By default 50 a second, then closed for 10 seconds: for everybody.
		[ "$(xinetd_value cps)" = "1000 1" ]
	done <<<"$SERVICES"
}

xinetd_value() { sed -n "s/^\t$1\t*= *//p" "$file"; }
