#!/usr/bin/env bats
# fuzz - the fuzzers' corpus, replayed by this build; that corpus, dictionaries and targets belong together; and
# what `make fuzz` makes of a fuzzer that finds something.

load helper

CORPUS=$ROOT/tests/fuzz/corpus

setup() { T=$(mktemp -d "${TMPDIR:-/tmp}/pillarbox-test.XXXXXX"); }
teardown() { rm -rf "$T"; }

targets() { basename -s .c "$ROOT"/tests/fuzz/fuzz_*.c | sed 's/^fuzz_//'; }

# replay NAME: each input of the target's, also the seeds; says which one it was that ended it.
replay() {
	local input
	TMPDIR=$T timeout 300 "$BUILD/fuzzers/$1" "$CORPUS/$1" "$T/seeds/$1" 2>"$T/err" && return 0
	for input in "$CORPUS/$1"/* "$T/seeds/$1"/*; do
		TMPDIR=$T timeout 60 "$BUILD/fuzzers/$1" "$input" >"$T/err" 2>&1 && continue
		cp "$input" "${TMPDIR:-/tmp}/pillarbox-fuzz-failed"
		echo "$1: $input, now ${TMPDIR:-/tmp}/pillarbox-fuzz-failed"
		break
	done
	head -n 40 "$T/err"
	return 1
}

@test "fuzz: each seed and each input of the corpus is taken as it should be" {
	local name failed=0
	python3 "$ROOT/tests/fuzz/seeds.py" "$T/seeds"
	for name in $(targets); do replay "$name" || failed=1; done
	[ "$failed" -eq 0 ]
}

@test "fuzz: each target has seeds and a corpus, and each corpus a target" {
	diff <(targets) <(ls "$CORPUS")
	python3 "$ROOT/tests/fuzz/seeds.py" "$T/seeds"
	diff <(targets) <(ls "$T/seeds")
	for name in $(targets); do [ "$(find "$T/seeds/$name" -type f | wc -l)" -ge 10 ]; done
}

@test "fuzz: inputs are named after their content, and all of them are little" {
	local file
	(cd "$CORPUS" && sha1sum -- */*) | while read -r hash file; do
		[ "${hash:0:12}" = "${file#*/}" ] || { echo "$file: $hash"; exit 1; }
	done
	[ "$(find "$CORPUS" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')" -lt 2000000 ]
	[ -z "$(find "$CORPUS" -type f -size +20k)" ]
}

@test "fuzz: the dictionaries are those that the programs make" {
	local name
	mkdir "$T/dict"
	"$ROOT/tests/fuzz/dictionary" "$T/dict"
	[ "$(ls "$T/dict" | wc -l)" -ge 5 ]
	for name in "$T/dict"/*; do
		diff "$ROOT/tests/fuzz/${name##*/}" "$name" || { echo "make fuzz-dict would help"; return 1; }
	done
	diff <(ls "$T/dict") <(cd "$ROOT/tests/fuzz" && ls -- *.dict)
}

@test "fuzz: a replay of nothing, or of what is not there, is a failure" {
	run "$BUILD/fuzzers/words"
	[ "$status" -eq 1 ]
	run "$BUILD/fuzzers/words" "$T/absent"
	[ "$status" -eq 1 ]
	mkdir "$T/empty"
	run "$BUILD/fuzzers/words" "$T/empty"
	[ "$status" -eq 1 ]
}

# fake_fuzzer NAME: standard input is its script; it gets what tests/fuzz/run gives to a fuzzer.
fake_fuzzer() {
	mkdir -p "$T/build/libfuzzer/fuzzers"
	{ printf '#!/bin/sh\n'; cat; } >"$T/build/libfuzzer/fuzzers/$1"
	chmod +x "$T/build/libfuzzer/fuzzers/$1"
}

@test "fuzz: what is found fails the run, and is shown with how to see it again" {
	# Both have a corpus in the tree, so nothing is made there.
	fake_fuzzer words <<-'END'
	printf '%s\n' '#9 DONE cov: 5 ft: 6 corp: 1' 'stat::number_of_executed_units: 1234' \
		'stat::average_exec_per_sec: 56' 'stat::new_units_added: 7' >&2
	END
	fake_fuzzer path <<-'END'
	for option; do case $option in -artifact_prefix=*) prefix=${option#*=} ;; esac; done
	printf 'bad\001input' >"${prefix}crash-1"
	printf '%s\n' "x.c:1: broken: sky" "Test unit written to ${prefix}crash-1" >&2
	exit 77
	END
	run env T=1 JOBS=2 "$ROOT/tests/fuzz/run" "$T/build" words path
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "1 passed, 1 failed" ]
	[[ "$output" == *"ok 1 - words: 1234 executions, 56/s, cov: 5 ft: 6, 7 new units"* ]]
	[[ "$output" == *"not ok 2 - path: exit status 77"* ]]
	[[ "$output" == *"# x.c:1: broken: sky"* ]]
	[[ "$output" == *"# input: $T/build/fuzz/path/crashes/crash-1"* ]]
	[[ "$output" == *"62 61 64 01 69 6e 70 75 74"* ]]
	[[ "$output" == *"# replay: $T/build/libfuzzer/fuzzers/path $T/build/fuzz/path/crashes/crash-1"* ]]
}

@test "fuzz: a fuzzer that is not there is a failure, and so is a time that is none" {
	mkdir "$T/build"
	run env T=1 "$ROOT/tests/fuzz/run" "$T/build" words
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "0 passed, 1 failed" ]
	run env T=x "$ROOT/tests/fuzz/run" "$T/build" words
	[ "$status" -eq 64 ]
	run env T=0 "$ROOT/tests/fuzz/run" "$T/build" words
	[ "$status" -eq 64 ]
}
