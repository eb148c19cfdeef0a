#!/usr/bin/env bats
# Real clients, and a corpus of messages that must come back byte for byte.

setup() {
	load helper
	load dialogue
}

teardown() { unplace; }

# corpus DIR: one file a message, LF lines.
corpus() {
	mkdir "$1"
	perl -e '
		my ($dir) = @ARGV;
		my %message = (
			"plain" => "Subject: x\n\nhello\n",
			"empty-body" => "Subject: x\n\n",
			"header-only" => "Subject: x\n",
			"no-header" => "\nhello\n",
			"from-lines" => "Subject: x\n\nFrom here\n>From there\n>>From everywhere\n From\nFrom\nFrom: x\n\nFrom a\@b Thu Jan  1 00:00:00 1970\n",
			"lone-dots" => "Subject: dots\n\n.\n..\n.a\n...\n.\n",
			"blank-lines" => "Subject: x\n\n\n\na\n\n\n",
			"eight-bit" => "Subject: \xe4\n\n" . join("", map { chr } grep { $_ != 10 && $_ != 13 } 1 .. 255) . "\n",
			"long-field" => "X-Long: " . "a" x 102400 . "\nSubject: x\n\nbody\n",
			"long-line" => "Subject: x\n\n" . "b" x 1000000 . "\nend\n",
			"folded" => "Subject: a\n b\n\tc\n\nbody\n",
			"big" => "Subject: big\n\n" . ("0123456789abcdef" x 4 . "\n") x 322639,
			"nearly-chunk" => "Subject: x\n\n" . ("c" x 65520) . "\n.\n" . ("d" x 65535) . "\n.",
		);
		$message{"nearly-chunk"} .= "\n";
		for (keys %message) { open my $f, ">", "$dir/$_" or die; print $f $message{$_} }
	' "$1"
}

@test "smtp clients: smtplib: the corpus comes back byte for byte" {
	place
	corpus "$T/corpus"
	server smtp-session
	python3 "$BATS_TEST_DIRNAME/smtp_corpus.py" send "$PORT" "$T/corpus"
	server pop3-session
	python3 "$BATS_TEST_DIRNAME/smtp_corpus.py" same "$PORT" "$T/corpus"
}

@test "smtp clients: the corpus over a pipe, with LF alone" {
	place
	corpus "$T/corpus"
	{
		printf 'EHLO x\n'
		for file in "$T/corpus"/*; do
			printf 'MAIL FROM:<a@b.c>\nRCPT TO:<alice@example.org>\nDATA\n'
			sed 's/^\./../' "$file"
			printf '.\n'
		done
		printf 'QUIT\n'
	} | smtp >"$T/out"
	server pop3-session
	python3 "$BATS_TEST_DIRNAME/smtp_corpus.py" same "$PORT" "$T/corpus"
}

@test "smtp clients: curl sends" {
	place
	server smtp-session
	printf 'Subject: from curl\n\nhello\n.\nend\n' >"$T/message"
	curl -sS --crlf "smtp://127.0.0.1:$PORT/client.example.net" --mail-from s@example.net --mail-rcpt alice@example.org -T "$T/message"
	grep -q '^Subject: from curl$' "$T/mail/alice"
	grep -q '^Received: from client\.example\.net (\[127\.0\.0\.1\])$' "$T/mail/alice"
	run ! curl -sS "smtp://127.0.0.1:$PORT" --mail-from s@example.net --mail-rcpt nobody@example.org -T "$T/message"
	[[ "$output" == *550* ]]
}

@test "smtp clients: swaks sends, pipelined, to two" {
	place
	server smtp-session
	swaks --server 127.0.0.1 --port "$PORT" --from s@example.net --to alice@example.org,bob@example.org --pipeline \
		--header 'Subject: from swaks' >"$T/out"
	for user in alice bob; do grep -q '^Subject: from swaks$' "$T/mail/$user"; done
}

@test "smtp clients: swaks speaks LMTP" {
	place
	PORT=$(free_port)
	systemd-socket-activate -E ASAN_OPTIONS -l "127.0.0.1:$PORT" "$BUILD/smtp-session" --config "$CONF" --lmtp 2>>"$T/log" 3>&- &
	PIDS+=($!)
	wait_for_port "$PORT"
	swaks --protocol LMTP --server 127.0.0.1 --port "$PORT" --from s@example.net --to alice@example.org >"$T/out"
	grep -q 'with LMTP' "$T/mail/alice"
}

@test "smtp clients: msmtp sends" {
	place
	server smtp-session
	printf 'Subject: from msmtp\n\nhello\n' | msmtp --file=/dev/null --host=127.0.0.1 --port="$PORT" --from=s@example.net alice@example.org
	grep -q '^Subject: from msmtp$' "$T/mail/alice"
}

@test "smtp clients: ten deliveries at once with two POP3 sessions: nothing lost, nothing twice" {
	place <<<$'[limits]\nper_source = 100'
	server smtp-session
	local smtp=$PORT
	server pop3-session
	python3 "$BATS_TEST_DIRNAME/smtp_storm.py" "$smtp" "$PORT"
}
