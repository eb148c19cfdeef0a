#!/usr/bin/env bats
# Mail programs that people use, fetching over TCP from a listening pop3-session.

setup() {
	load helper
	load maildrop
	PATH=$PATH:$BUILD/peers/usr/bin:$ROOT/build/peers/usr/bin
}

teardown() { unplace; }

# need CLIENT: it is there and can be run.
need() { "$1" --version >/dev/null 2>&1 || skip "no $1 here that runs"; }

# A maildrop of three messages, served on $PORT. $T/wanted/N is message N as it was sent (LF).
serve_three() {
	place
	mkdir "$T/wanted"
	printf '%s\n' 'From: a@example.net' 'Subject: one' 'Message-ID: <1@example.net>' '' 'first' '.' '..' >"$T/wanted/1"
	printf '%s\n' 'From: b@example.net' 'Subject: two' 'Message-ID: <2@example.net>' '' 'From here' '>From there' >"$T/wanted/2"
	{ printf '%s\n' 'From: c@example.net' 'Subject: three' 'Message-ID: <3@example.net>' ''
		for i in $(seq 3000); do printf 'line %d of a longer message\n' "$i"; done; } >"$T/wanted/3"
	for n in 1 2 3; do
		echo "From x@example.net Mon Jan  1 00:00:0$n 2024"
		sed 's/^>*From />&/' "$T/wanted/$n"
		echo
	done | seed alice
	server pop3-session
}

# serve_three_secure: the same by STLS on $PORT, and on $PORT_TLS by TLS from the beginning; no passwords in clear.
serve_three_secure() {
	local port
	serve_three
	printf '[auth]\nplaintext = never\n' >>"$CONF"
	secure
	port=$PORT
	flags --tls
	server pop3-session
	PORT_TLS=$PORT
	PORT=$port
}

# fetched N FILE: FILE is message N, but for what a client puts in front and for line ends.
fetched() {
	tr -d '\r' <"$2" | sed -n '/^From: [abc]@/,$p' >"$T/got"
	expect_same "$T/wanted/$1" "$T/got"
}

left() { talk STAT QUIT | sed -n 's/^+OK \([0-9]*\) [0-9]*$/\1/p'; }

@test "pop3 clients: curl lists, fetches, reads the top, deletes" {
	need curl
	serve_three
	local url=pop3://127.0.0.1:$PORT n
	[ "$(curl -sS -u alice:secret "$url/" | wc -l)" = 3 ]
	for n in 1 2 3; do
		curl -sS -u alice:secret "$url/$n" >"$T/mail.$n"
		fetched "$n" "$T/mail.$n"
	done
	curl -sS -u alice:secret -X 'TOP 3 1' "$url/" | tr -d '\r' | grep -qx 'line 1 of a longer message'
	[ "$(curl -sS -u alice:secret -X UIDL "$url/" | wc -l)" = 3 ]
	curl -sS -u alice:secret -I -X DELE "$url/2" >/dev/null
	[ "$(left)" = 2 ]
	run curl -sS -u alice:wrong "$url/"
	[ "$status" = 67 ]
}

@test "pop3 clients: Python's poplib does all it can" {
	serve_three
	python3 - "$PORT" "$T" <<-'PYTHON'
	import poplib, sys
	box = poplib.POP3("127.0.0.1", int(sys.argv[1]), timeout=20)
	assert "PIPELINING" in box.capa() and box.capa()["EXPIRE"] == ["NEVER"], box.capa()
	try:
	    box.user("alice"); box.pass_("wrong")
	    raise SystemExit("logged in with a wrong password")
	except poplib.error_proto as error:
	    assert b"[AUTH]" in error.args[0], error
	box.user("alice")
	box.pass_("secret")
	count, octets = box.stat()
	assert count == 3, count
	sizes = [int(line.split()[1]) for line in box.list()[1]]
	assert sum(sizes) == octets, (sizes, octets)
	for n in (1, 2, 3):
	    reply, lines, size = box.retr(n)
	    wanted = open(f"{sys.argv[2]}/wanted/{n}", "rb").read().splitlines()
	    assert lines == wanted, (n, lines[:10])
	    assert sum(len(line) + 2 for line in lines) == sizes[n - 1], n
	    assert box.top(n, 0)[1] == wanted[:wanted.index(b"") + 1], n
	assert len({line.split()[1] for line in box.uidl()[1]}) == 3
	assert box.uidl(2).startswith(b"+OK 2 ")
	box.dele(1); box.dele(3); box.rset(); box.dele(2); box.noop()
	assert box.stat()[0] == 2
	box.quit()
	PYTHON
	[ "$(left)" = 2 ]
}

@test "pop3 clients: fetchmail takes everything, once" {
	need fetchmail
	serve_three
	install -m 600 /dev/stdin "$T/fetchmailrc" <<-RC
	poll 127.0.0.1 service $PORT proto pop3 auth password
	user alice password secret sslproto '' fetchall
	mda "perl -e 'undef \$/; \$n = () = glob q($T/got.*); open \$f, q(>), qq($T/got.\$n); print \$f <STDIN>'"
	RC
	FETCHMAILHOME=$T fetchmail -f "$T/fetchmailrc" --pidfile "$T/pid" --nosyslog -v >"$T/fetchmail.log" 2>&1 ||
		{ cat "$T/fetchmail.log"; false; }
	for n in 1 2 3; do fetched "$n" "$T/got.$((n - 1))"; done
	[ "$(left)" = 0 ]
	FETCHMAILHOME=$T run fetchmail -f "$T/fetchmailrc" --pidfile "$T/pid" --nosyslog -s
	[ "$status" = 1 ] # no mail
}

@test "pop3 clients: fetchmail keeps mail on the server and knows it again" {
	need fetchmail
	serve_three
	install -m 600 /dev/stdin "$T/fetchmailrc" <<-RC
	poll 127.0.0.1 service $PORT proto pop3 auth password uidl
	user alice password secret sslproto '' keep
	mda "cat >>$T/got"
	RC
	for round in 1 2 3; do
		[ "$round" != 3 ] || printf 'From d Mon Jan  1 00:00:00 2024\nFrom: d@example.net\nSubject: four\n\nfour\n\n' >>"$T/mail/alice"
		FETCHMAILHOME=$T fetchmail -f "$T/fetchmailrc" --pidfile "$T/pid" --idfile "$T/ids" --nosyslog -s >>"$T/fetchmail.log" 2>&1 || [ $? = 1 ]
		grep -c '^Subject:' "$T/got"
		[ "$(grep -c '^Subject:' "$T/got")" = "$((round == 3 ? 4 : 3))" ]
	done
	[ "$(left)" = 4 ]
}

@test "pop3 clients: mpop, which pipelines" {
	need mpop
	serve_three
	install -m 600 /dev/stdin "$T/mpoprc" <<-RC
	account default
	host 127.0.0.1
	port $PORT
	tls off
	auth user
	user alice
	password secret
	keep off
	pipelining on
	uidls_file $T/uidls
	delivery mbox $T/got
	RC
	mpop --file="$T/mpoprc" --quiet
	tr -d '\r' <"$T/got" | grep -qx 'line 3000 of a longer message'
	[ "$(grep -c '^Subject:' "$T/got")" = 3 ]
	[ "$(left)" = 0 ]
}

@test "pop3 clients: openssl s_client, curl and Python's poplib through TLS" {
	need curl
	serve_three_secure
	local how
	for how in "-starttls pop3 -connect 127.0.0.1:$PORT" "-connect 127.0.0.1:$PORT_TLS"; do
		# shellcheck disable=SC2086 # words
		printf '%s\n' "AUTH PLAIN $(printf '\0alice\0secret' | base64)" 'RETR 2' QUIT |
			openssl s_client -quiet -crlf -CAfile "$T/certs/ca.pem" -verify_hostname mail.example.org -verify_return_error \
				$how 2>"$T/err" | sed '/^\.\r*$/,$d' >"$T/mail.2"
		fetched 2 "$T/mail.2"
	done
	local curl=(curl -sS --cacert "$T/certs/ca.pem" -u alice:secret)
	"${curl[@]}" --ssl-reqd "pop3://localhost:$PORT/3" >"$T/mail.3"
	fetched 3 "$T/mail.3"
	"${curl[@]}" --login-options AUTH=PLAIN "pop3s://localhost:$PORT_TLS/1" >"$T/mail.1"
	fetched 1 "$T/mail.1"
	run "${curl[@]}" "pop3://localhost:$PORT/1"
	[ "$status" = 67 ]
	python3 - "$PORT" "$PORT_TLS" "$T/certs/ca.pem" <<-'PYTHON'
	import poplib, ssl, sys
	context = ssl.create_default_context(cafile=sys.argv[3])
	first = poplib.POP3("localhost", int(sys.argv[1]), timeout=20)
	assert "STLS" in first.capa(), first.capa()
	first.stls(context)
	for box in first, poplib.POP3_SSL("localhost", int(sys.argv[2]), timeout=20, context=context):
	    assert "STLS" not in box.capa() and box.capa()["SASL"] == ["PLAIN"], box.capa()
	    box.user("alice")
	    box.pass_("secret")
	    assert box.stat()[0] == 3
	    box.quit()
	PYTHON
}

@test "pop3 clients: mpop and fetchmail through TLS" {
	need mpop
	need fetchmail
	serve_three_secure
	install -m 600 /dev/stdin "$T/mpoprc" <<-RC
	defaults
	host localhost
	tls on
	tls_trust_file $T/certs/ca.pem
	user alice
	password secret
	keep on
	uidls_file $T/uidls.%U
	account stls
	port $PORT
	auth plain
	delivery mbox $T/got.stls
	account tls
	port $PORT_TLS
	tls_starttls off
	auth user
	uidls_file $T/uidls
	delivery mbox $T/got.tls
	RC
	local account
	for account in stls tls; do
		mpop --file="$T/mpoprc" --quiet "$account"
		[ "$(grep -c '^Subject:' "$T/got.$account")" = 3 ]
	done
	install -m 600 /dev/stdin "$T/fetchmailrc" <<-RC
	poll localhost service $PORT proto pop3 auth password
	user alice password secret sslproto 'TLS1.2+' sslcertck sslcertfile $T/certs/ca.pem fetchall
	mda "cat >>$T/got.fetchmail"
	RC
	FETCHMAILHOME=$T fetchmail -f "$T/fetchmailrc" --pidfile "$T/pid" --nosyslog -s >"$T/fetchmail.log" 2>&1 ||
		{ cat "$T/fetchmail.log"; false; }
	[ "$(grep -c '^Subject:' "$T/got.fetchmail")" = 3 ]
}
