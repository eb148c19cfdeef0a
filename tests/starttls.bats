#!/usr/bin/env bats
# TLS on a session, from asking for it to what is remembered behind it; and those who try to be heard in between.
# Dialogues through TLS are in smtp.bats and pop3.bats, every verb with and without it in the matrices.

setup() {
	load helper
	load maildrop
	PROGRAMS=(smtp-session pop3-session)
}

teardown() { unplace; }

check() { python3 "$BATS_TEST_DIRNAME/tls_begin.py" "$@"; }

# secure_servers [FLAG]...: both programs listen, on the ports in $PORTS.
secure_servers() {
	local program
	place <<<$'[limits]\nper_source = 1000\nconnections = 1000'
	secure
	flags "$@"
	PORTS=()
	for program in "${PROGRAMS[@]}"; do
		server "$program"
		PORTS+=("$PORT")
	done
}

# each CHECK: for both of secure_servers.
each() {
	check "$1" smtp-session "${PORTS[0]}" "${@:2}"
	check "$1" pop3-session "${PORTS[1]}" "${@:2}"
}

@test "starttls: octets in the same write as STARTTLS end the connection" {
	secure_servers
	each inject
}

@test "starttls: octets behind STARTTLS, split anywhere, are never obeyed" {
	secure_servers
	each inject_split
	run ! grep -E 'EVENT=(login|accepted|tls )' "$T/log"
}

@test "starttls: octets between the consent and the handshake leave no TLS" {
	secure_servers
	each inject_and_shake
}

@test "starttls: other line ends are no way around" {
	secure_servers
	each bare_ends
}

@test "starttls: what was said in clear is forgotten, and TLS offered no more" {
	secure_servers
	each forgotten
}

@test "starttls: errors and failed log-ins are counted through the handshake" {
	place <<<$'[limits]\nerrors = 4'
	secure
	check counts_stay smtp-session
	check counts_stay pop3-session
}

@test "starttls: not with an argument, in a transaction, or after a log-in" {
	place
	secure
	check not_now smtp-session
	check not_now smtp-session --lmtp
	check not_now pop3-session
}

@test "starttls: handshakes that are none end the connection without a word" {
	secure_servers
	each hostile 0
	expect_log 'EVENT=tls-failed .*REASON='
}

@test "tls: handshakes that are none end the connection without a word" {
	secure_servers --tls
	each hostile 1
	expect_log 'EVENT=tls-failed .*REASON='
	run ! grep -q 'EVENT=tls ' "$T/log"
}

@test "tls: a handshake has a deadline, however slowly it goes on" {
	place <<<$'[limits]\ncommand_timeout = 2\nlogin_timeout = 2'
	secure
	flags --tls
	server smtp-session
	check slow "$PORT" 2
	server pop3-session
	check slow "$PORT" 2
	[ "$(grep -c EVENT=tls-failed "$T/log")" = 2 ]
}

# What can be wrong with a certificate or key, the file that is at fault, and what the log says of it.
unusable_settings() {
	cat <<-'CASES'
	missing key	key.pem	No such file
	empty key	key.pem	.
	garbage key	key.pem	.
	another certificate's key	cert.pem|key.pem	.
	encrypted key	key.pem	.
	garbage certificate	cert.pem	.
	CASES
}

make_unusable() {
	cp "$T/certs/ecdsa.crt" "$T/cert.pem"
	install -m 600 "$T/certs/ecdsa.key" "$T/key.pem"
	case $1 in
	missing*) rm "$T/key.pem" ;;
	empty*) : >"$T/key.pem" ;;
	'garbage key') printf -- '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' >"$T/key.pem" ;;
	another*) install -m 600 "$T/certs/other.key" "$T/key.pem" ;;
	encrypted*) install -m 600 "$T/certs/encrypted.key" "$T/key.pem" ;;
	'garbage certificate') printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >"$T/cert.pem" ;;
	esac
}

@test "tls: what can't be used is told in the log with its file; the service says 454, and takes no password" {
	local what file reason program
	place <<<$'[auth]\nplaintext = never'
	secure
	sed -i "s,^certificate = .*,certificate = $T/cert.pem,; s,^key = .*,key = $T/key.pem," "$CONF"
	while IFS=$'\t' read -r what file reason; do
		make_unusable "$what"
		for program in "${PROGRAMS[@]}"; do
			echo "$what: $program"
			: >"$T/log"
			check unusable "$program"
			grep -qE "$program.*EVENT=tls-unusable .*REASON=.*$T/($file).*$reason" "$T/log" || { cat "$T/log"; return 1; }
			[ "$(grep -c EVENT=tls-unusable "$T/log")" = 1 ] || { cat "$T/log"; return 1; }
			run --separate-stderr "$BUILD/$program" --config "$CONF" --check
			[ "$status" = 78 ] && [ -z "$output" ]
			[[ "$stderr" =~ ^$program:\ .*$T/($file).*$ ]] || { echo "$stderr"; return 1; }
			: >"$T/log"
			run "$BUILD/$program" --config "$CONF" --tls </dev/null 2>>"$T/log"
			[ "$status" = 78 ]
			run ! grep -vE '^[a-z3-]+\[[0-9]+\]: EVENT=' <<<"$output"
		done
	done < <(unusable_settings)
	check unusable smtp-session --submission
	check unusable smtp-session --lmtp
}

@test "tls: a module that is not there, or no module, is told once; the service says 454" {
	local program
	place <<<$'[auth]\nplaintext = never'
	secure
	mkdir "$T/programs"
	cp -p "$BUILD"/{smtp-session,pop3-session,spool-agent} "$T/programs"
	export BUILD=$T/programs
	for program in "${PROGRAMS[@]}"; do
		: >"$T/log"
		printf 'no module\n' >"$BUILD/tls.so"
		check unusable "$program"
		grep -qE "$program.*EVENT=tls-unusable .*REASON=\"load TLS: $BUILD/tls.so" "$T/log" || { cat "$T/log"; return 1; }
		[ "$(grep -c EVENT=tls-unusable "$T/log")" = 1 ] || { cat "$T/log"; return 1; }
	done
}

@test "tls: --check says ok, or what is wrong" {
	place
	run --separate-stderr smtp --check
	[ "$status" = 0 ] && [ "$output" = ok ]
	run --separate-stderr "$BUILD/pop3-session" --config "$CONF" --tls --check
	[ "$status" = 78 ] && [ "$stderr" = "pop3-session: [tls] names no certificate" ]
	secure
	run --separate-stderr pop3 --tls --check
	[ "$status" = 0 ] && [ "$output" = ok ]
	printf 'priorities = NONSENSE\n' >>"$CONF"
	run --separate-stderr "$BUILD/smtp-session" --config "$CONF" --check
	[ "$status" = 78 ] && [[ "$stderr" == *NONSENSE* || "$stderr" == *priorities* ]]
	printf 'nonsense = 1\n' >>"$CONF"
	run --separate-stderr "$BUILD/smtp-session" --config "$CONF" --check
	[ "$status" = 78 ] && [[ "$stderr" == *"$CONF:"[0-9]*nonsense* ]]
}

@test "tls: --tls without a certificate closes, and says why in the log" {
	place
	run "$BUILD/smtp-session" --config "$CONF" --tls </dev/null 2>>"$T/log"
	[ "$status" = 78 ]
	grep -q 'EVENT=unavailable .*REASON="\[tls\] names no certificate"' <<<"$output"
	run ! grep -q '^421' <<<"$output"
}

# renewed [systemd-socket-activate flags]: the next connection has the new certificate.
renewed() {
	local program old
	for program in "${PROGRAMS[@]}"; do
		cp "$T/certs/ecdsa.crt" "$T/cert.pem"
		install -m 600 "$T/certs/ecdsa.key" "$T/key.pem"
		server "$program" "$@"
		old=$(check serial "$program" "$PORT")
		[ "$(check serial "$program" "$PORT")" = "$old" ]
		cp "$T/certs/rsa.crt" "$T/new.pem" && mv "$T/new.pem" "$T/cert.pem"
		install -m 600 "$T/certs/rsa.key" "$T/new.pem" && mv "$T/new.pem" "$T/key.pem"
		[ "$(check serial "$program" "$PORT")" != "$old" ]
	done
}

renewable() {
	place
	secure
	sed -i "s,^certificate = .*,certificate = $T/cert.pem,; s,^key = .*,key = $T/key.pem," "$CONF"
}

@test "tls: a renewed certificate is used by the next connection of a listener" {
	renewable
	renewed
}

@test "tls: a renewed certificate is used by the next process" {
	renewable
	renewed --inetd -a
}

@test "tls: a certificate that comes into the configuration is used by a listener's next connection" {
	place
	server smtp-session
	run check serial smtp-session "$PORT"
	[ "$status" != 0 ]
	secure
	check serial smtp-session "$PORT"
}

# has_gnutls PID: the process has loaded it.
has_gnutls() { grep -q libgnutls "/proc/$1/maps"; }

@test "tls: GnuTLS is loaded by a listener before it forks, by any other session when TLS begins, by none without TLS" {
	local listener
	place
	server smtp-session
	listener=${PIDS[-1]}
	check greeted "$PORT"
	run ! has_gnutls "$listener"
	secure
	check greeted "$PORT"
	has_gnutls "$listener"
	check loaded_late smtp-session
	check loaded_late pop3-session
}

@test "tls: where credentials stand in for a renewed certificate, a listener makes room for the next" {
	renewable
	check credentials_renewed
	expect_log 'EVENT=handover .*REASON="the certificate has changed'
}

@test "tls: once it has begun, a session has the private key no more" {
	[ "$(id -u)" = 0 ] || skip "only root may look"
	! nm "$BUILD/smtp-session" 2>/dev/null | grep -q __asan_init || skip "not with sanitizers"
	local program kind
	for kind in ecdsa rsa; do
		place
		secure "$kind"
		for program in "${PROGRAMS[@]}"; do
			server "$program"
			check keyless "$program" "$PORT" "$T/certs/$kind.key" yes
			server "$program" --inetd -a
			check keyless "$program" "$PORT" "$T/certs/$kind.key" no
		done
		unplace || true
	done
}

@test "tls: tickets are good for the same service, not for another" {
	local first
	secure_servers
	first=${PORTS[0]}
	flags --submission
	server smtp-session
	check resumed "$first" "$PORT"
	[ "$(grep -c 'EVENT=tls .*REASON=resumed' "$T/log")" = 2 ]
}

# s_client OPTION FILE: what openssl says of a connection, for which it would do with a ticket's old keys (psk_ke).
s_client() {
	printf 'QUIT\r\n' | timeout 20 openssl s_client -connect "127.0.0.1:$PORT" -tls1_3 -allow_no_dhe_kex -tlsextdebug \
		-ign_eof "$@" 2>&1
}

@test "tls: a resumed session has new keys, even with a client that would do without" {
	place
	secure
	flags --tls
	server pop3-session
	s_client -sess_out "$T/session" >"$T/first"
	s_client -sess_in "$T/session" >"$T/second"
	grep -a '^New, TLSv1.3' "$T/first"
	grep -a '^Reused, TLSv1.3' "$T/second"
	grep -a '^TLS server extension "psk"' "$T/second"
	grep -a '^TLS server extension "key share"' "$T/second"
}

@test "tls: Received tells how a message came" {
	place
	secure
	printf 'Subject: x\n' >"$T/message"
	server smtp-session
	curl -sS --ssl-reqd --cacert "$T/certs/ca.pem" --connect-to "mail.example.org:$PORT:127.0.0.1:$PORT" \
		"smtp://mail.example.org:$PORT" --mail-from a@example.net --mail-rcpt alice@example.org --crlf -T "$T/message"
	flags --submission --tls
	server smtp-session
	curl -sS --cacert "$T/certs/ca.pem" --connect-to "mail.example.org:$PORT:127.0.0.1:$PORT" -u bob:secret \
		"smtps://mail.example.org:$PORT" --mail-from b@example.org --mail-rcpt alice@example.org --crlf -T "$T/message"
	grep -A 2 '	by mail.example.org with ' "$T/mail/alice" >"$T/traces"
	grep -qE '	by mail\.example\.org with ESMTPS id [0-9a-z]+$' "$T/traces"
	grep -qE '	by mail\.example\.org with ESMTPSA id [0-9a-z]+$' "$T/traces"
	[ "$(grep -cE '^	tls TLS_[A-Z0-9_]+;$' "$T/traces")" = 2 ]
	expect_log 'EVENT=accepted .*USER=bob .*TLS="TLS1\.3 TLS_'
}
