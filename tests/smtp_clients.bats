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
	flags --lmtp
	server smtp-session
	swaks --protocol LMTP --server 127.0.0.1 --port "$PORT" --from s@example.net --to alice@example.org >"$T/out"
	grep -q 'with LMTP' "$T/mail/alice"
}

# secure_servers: submission on $PORT, submissions (implicit TLS) on $PORT_TLS; both check log-ins, neither in clear.
secure_servers() {
	place <<<$'[auth]\nplaintext = never'
	secure
	flags --submission --tls
	server smtp-session
	PORT_TLS=$PORT
	flags --submission
	server smtp-session
}

@test "smtp clients: openssl s_client, with STARTTLS and without" {
	secure_servers
	local how
	printf '%s\n' 'EHLO x' "AUTH PLAIN $(printf '\0alice\0secret' | base64)" 'MAIL FROM:<alice@example.org>' \
		'RCPT TO:<bob@example.org>' DATA 'Subject: from openssl' '' . QUIT >"$T/in"
	for how in "-starttls smtp -connect 127.0.0.1:$PORT" "-connect 127.0.0.1:$PORT_TLS"; do
		# shellcheck disable=SC2086 # words
		openssl s_client -quiet -crlf -CAfile "$T/certs/ca.pem" -verify_hostname mail.example.org -verify_return_error $how \
			<"$T/in" >"$T/out" 2>"$T/err"
		grep -q '^250 2\.0\.0 Accepted' "$T/out"
		grep -q '^221 ' "$T/out"
	done
	[ "$(grep -c '^Subject: from openssl$' "$T/mail/bob")" = 2 ]
}

@test "smtp clients: curl and swaks log in through TLS, and don't without" {
	secure_servers
	local curl=(curl -sS --cacert "$T/certs/ca.pem" --mail-from alice@example.org --mail-rcpt bob@example.org --crlf
		-T "$T/message" -u alice:secret)
	local swaks=(swaks --server 127.0.0.1 --from alice@example.org --to bob@example.org --auth-user alice --auth-password secret)
	printf 'Subject: from curl\n' >"$T/message"
	"${curl[@]}" --ssl-reqd "smtp://localhost:$PORT"
	"${curl[@]}" --login-options AUTH=LOGIN "smtps://localhost:$PORT_TLS"
	run "${curl[@]}" "smtp://localhost:$PORT"
	[ "$status" = 67 ] || [ "$status" = 55 ]
	[ "$(grep -c '^Subject: from curl$' "$T/mail/bob")" = 2 ]
	"${swaks[@]}" --port "$PORT" --tls --auth PLAIN --header 'Subject: from swaks' >"$T/out"
	"${swaks[@]}" --port "$PORT" --tls --auth LOGIN --header 'Subject: from swaks' >"$T/out"
	"${swaks[@]}" --port "$PORT_TLS" --tls-on-connect --auth PLAIN --header 'Subject: from swaks' >"$T/out"
	[ "$(grep -c '^Subject: from swaks$' "$T/mail/bob")" = 3 ]
	run "${swaks[@]}" --port "$PORT" --auth PLAIN
	[ "$status" = 28 ] # it is not offered
}

@test "smtp clients: msmtp and Python's smtplib log in through TLS" {
	secure_servers
	local options=(--file=/dev/null --host=localhost --from=alice@example.org --tls=on --tls-trust-file="$T/certs/ca.pem"
		--user=alice --passwordeval='echo secret' bob@example.org)
	printf 'Subject: from msmtp\n' | msmtp --port="$PORT" --auth=plain "${options[@]}"
	printf 'Subject: from msmtp\n' | msmtp --port="$PORT" --auth=login "${options[@]}"
	printf 'Subject: from msmtp\n' | msmtp --port="$PORT_TLS" --tls-starttls=off --auth=plain "${options[@]}"
	[ "$(grep -c '^Subject: from msmtp$' "$T/mail/bob")" = 3 ]
	python3 - "$PORT" "$PORT_TLS" "$T/certs/ca.pem" <<-'PYTHON'
	import smtplib, ssl, sys
	context = ssl.create_default_context(cafile=sys.argv[3])
	first = smtplib.SMTP("localhost", int(sys.argv[1]), timeout=20)
	first.starttls(context=context)
	for box in first, smtplib.SMTP_SSL("localhost", int(sys.argv[2]), timeout=20, context=context):
	    box.login("alice", "secret")
	    box.sendmail("alice@example.org", ["bob@example.org"], "Subject: from smtplib\r\n\r\nx\r\n")
	    box.quit()
	PYTHON
	[ "$(grep -c '^Subject: from smtplib$' "$T/mail/bob")" = 2 ]
	run ! grep -q 'EVENT=login-failed' "$T/log"
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
