#!/usr/bin/env bats
# bench - that `make bench` measures what it says, on mailboxes that are too small for any figure to mean anything.

load helper

setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-bench-test.XXXXXX")
	chmod 755 "$T"
	mkdir "$T/scratch"
}
teardown() { rm -rf "$T"; }

# A preloaded library comes before the sanitizers' own.
bench() {
	env TMPDIR="$T/scratch" RESULTS="$T/results" BIG=1000000 COUNT=16 RUNS=1 \
		ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" "$@" "$ROOT/tests/bench/run"
}

@test "make bench: each part has figures and ratios, in text and JSON, and leaves nothing behind" {
	bench ONLY="start library slow login retr remove" >"$T/out"
	[ -z "$(ls "$T/scratch")" ]
	run ! pgrep -f "$T/scratch"
	python3 - "$T/results/results.json" <<-'CODE'
	import json, sys
	results = json.load(open(sys.argv[1]))
	parts = {table["part"] for table in results["tables"]}
	assert parts >= {"start", "delivery", "slow", "login-warm", "login-index", "login-cold", "retr", "remove", "written"}, parts
	rows = [row for table in results["tables"] for row in table["rows"]]
	assert all(row["value"] > 0 for row in rows if row["unit"] != "MB"), rows
	aims = [ratio for row in rows for ratio in row["ratios"] if ratio["aim"]]
	for ratio in aims:
	    sense, number = ratio["aim"]
	    assert ratio["reached"] == (ratio["value"] >= number if sense == ">=" else ratio["value"] <= number), ratio
	assert len(aims) >= 10, aims
	CODE
	[[ "$(head -n 1 "$T/results/results.txt")" == "machine: "* ]]
	grep -q 'fsync of 4096 appended octets' "$T/results/results.txt"
	grep -qE '^[0-9]+ of [0-9]+ aims reached$' "$T/results/results.txt"
	if command -v gnuplot >/dev/null; then [ -s "$T/results/delivery.svg" ]; fi
}

@test "make bench: all that is delivered is in the mailboxes" {
	mkdir "$T/state"
	"$BUILD/bench/deliver" 4 20 4096 "$T/state" "$T/a" "$T/b" "$T/c" >/dev/null
	[ "$(cat "$T/a" "$T/b" "$T/c" | grep -c '^From ')" -eq 20 ]
	[ "$(grep -c '^From ' "$T/a")" -eq 7 ]
	"$BUILD/bench/floor" after 4 20 4096 "$T/d" "$T/e" >/dev/null
	[ "$(stat -c %s "$T/d")" -eq $((10 * 4096)) ]
	[ "$(stat -c %s "$T/e")" -eq $((10 * 4096)) ]
}

@test "make bench: the slow disk is never faster than it should be" {
	truncate -s 8 "$T/flush"
	export BENCH_FLUSH=$T/flush BENCH_FLUSH_US=50000
	local slow=(env LD_PRELOAD="$BUILD/bench/slow_disk.so" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0")
	[ "$("${slow[@]}" "$BUILD/bench/floor" after 1 10 64 "$T/one")" -le 20 ]
	# One flush at a time: under the lock nobody shares one.
	[ "$("${slow[@]}" "$BUILD/bench/floor" under 4 8 64 "$T/many")" -le 20 ]
	# Of the four that wait for a flush none is faster than it.
	[ "$("${slow[@]}" "$BUILD/bench/floor" after 4 20 64 "$T/shared")" -le 80 ]
}

@test "make bench: a part that does not exist is refused" {
	run bench ONLY="start nonsense"
	[ "$status" -ne 0 ]
	[[ "$output" == *"no part nonsense"* ]]
	[ ! -e "$T/results" ]
}
