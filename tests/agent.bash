# A spool-agent, asked by agent-tool. Load helper.bash first.
# shellcheck shell=bash disable=SC2034 # lines and reply are for the tests

AUTH_FAILED='login auth 5.7.8 authentication failed'
export AUTH_FAILED

# agent_place: a place, and in $T/bin a tool that finds the agent beside itself.
agent_place() {
	place
	mkdir "$T/bin"
	cp "$BUILD/tools/agent-tool" "$T/bin/"
	cp "$BUILD/spool-agent" "$T/bin/" # not a link: an ordinary user may have no way to where root has built
	touch "$T/log"
}

# ask REQUEST...: a session's own agent is asked; replies go to $output.
ask() {
	output=$(printf '%s\n' "$@" | "$T/bin/agent-tool" --spawn "$CONF" 2>>"$T/log")
	lines=()
	mapfile -t lines <<<"$output"
}

# start_asking [COMMAND...]: as ask(), but requests are written to fd 7 and replies read from fd 8; $TOOL is its process,
# started by COMMAND.
start_asking() {
	mkfifo "$T/requests" "$T/replies"
	"$@" "$T/bin/agent-tool" --spawn "$CONF" <"$T/requests" >"$T/replies" 2>>"$T/log" 3>&- &
	TOOL=$!
	PIDS+=("$TOOL")
	exec 7>"$T/requests" 8<"$T/replies"
}

stop_asking() {
	exec 7>&- 8<&-
	wait "$TOOL"
}

# say REQUEST: its last reply line is in $reply.
say() {
	echo "$1" >&7
	read -r -t 20 reply <&8
}

expect() {
	[ "$output" = "$(printf '%s\n' "$@")" ] || {
		printf 'wanted:\n%s\ngot:\n%s\n' "$(printf '%s\n' "$@")" "$output"
		return 1
	}
}

needs_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# no_process PATTERN: within some seconds, none is left.
no_process() {
	local i
	for i in $(seq 100); do
		pgrep -f "$1" >/dev/null || return 0
		sleep 0.05
	done
	pgrep -af "$1"
	echo "still there after $i tries"
	return 1
}
