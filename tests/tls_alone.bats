#!/usr/bin/env bats
# tls_alone - TLS as another implementation sees it (OpenSSL), without any mail protocol in it: tests/tools/tls-tool.c
# sends each line back. It does so in the jail: what GnuTLS does there must be allowed.

load helper
load certs

setup() {
	place </dev/null
	certs "$T/certs"
	cd "$T/certs" || return
}
teardown() { unplace; }

# tls_server [flags --] PAIR...: tls-tool on $PORT with these certificates of $T/certs; its words go to $T/log.
tls_server() {
	local flags=(-j) files=() pair
	while [[ " $* " == *" -- "* ]]; do
		if [ "$1" != -- ]; then flags+=("$1"); fi
		shift
	done
	for pair in "$@"; do files+=("$pair.crt" "$pair.key"); done
	PORT=$(free_port)
	systemd-socket-activate --inetd -a -E ASAN_OPTIONS -l "127.0.0.1:$PORT" \
		"$BUILD/tools/tls-tool" "${flags[@]}" "${files[@]}" 2>>"$T/log" >/dev/null 3>&- &
	PIDS+=($!)
	wait_for_port "$PORT"
}

# client [NAME [VERSION [CIPHERS]]]: two connections, see there.
client() {
	run timeout 60 python3 -W ignore "$BATS_TEST_DIRNAME/tls_probe.py" "$PORT" ca.pem "$@"
	echo "$output"
}

@test "no program is linked with GnuTLS; the module shows one symbol" {
	local program
	for program in smtp-session pop3-session spool-agent; do
		run ldd "$BUILD/$program"
		[[ "$output" != *gnutls* ]]
		[[ "$output" == *libc* ]]
	done
	run ldd "$BUILD/tls.so"
	[[ "$output" == *gnutls* ]]
	[ "$(nm -D --defined-only "$BUILD/tls.so" | grep -vcE ' [AV] | _*([a-z]*_)?[a-z]*san')" -eq 1 ]
	nm -D --defined-only "$BUILD/tls.so" | grep -q ' pillarbox_tls$'
}

@test "TLS 1.3 and 1.2, with a certificate that is believed, and a proper end" {
	tls_server ecdsa rsa
	client
	[ "$output" = "TLSv1.3 TLS_AES_256_GCM_SHA384 ecdsa.test full closed
TLSv1.3 TLS_AES_256_GCM_SHA384 ecdsa.test full closed" ]
	client mail.example.org 1.2
	[ "$output" = "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 ecdsa.test full closed
TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 ecdsa.test full closed" ]
	client mail.example.org 1.2 ECDHE-RSA-AES128-GCM-SHA256
	[ "${lines[0]}" = "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 rsa.test full closed" ]
}

@test "a chain, and certificates by the name that the client asks for" {
	tls_server chain other
	client mail.example.org
	[[ "${lines[0]}" == *" chain.test "* ]]
	client other.example.net
	[[ "${lines[0]}" == *" other.test "* ]]
	client any.wild.example.net 1.2
	[[ "${lines[0]}" == *" other.test "* ]]
}

@test "a session is resumed by another process with the same key, in TLS 1.3 alone" {
	tls_server -t a -- ecdsa
	client mail.example.org 1.3
	[[ "${lines[0]}" == *" full closed" ]]
	[[ "${lines[1]}" == *" resumed closed" ]]
	grep -q 'TLS: .*(resumed)' "$T/log"
	client mail.example.org 1.2
	[[ "${lines[0]}" == *" full closed" ]]
	[[ "${lines[1]}" == *" full closed" ]]
}

@test "what is not used any more is refused" {
	tls_server ecdsa rsa
	client mail.example.org 1.1
	[[ "$output" == refused:*PROTOCOL_VERSION* ]]
	client mail.example.org 1
	[[ "$output" == refused:*PROTOCOL_VERSION* ]]
	for cipher in AES128-GCM-SHA256 DHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-SHA ECDHE-ECDSA-AES128-SHA256 AECDH aNULL; do
		client mail.example.org 1.2 "$cipher"
		[[ "$output" == refused:*HANDSHAKE_FAILURE* ]]
	done
}

@test "a second handshake is refused" {
	tls_server ecdsa
	run timeout 20 openssl s_client -connect "127.0.0.1:$PORT" -CAfile ca.pem -tls1_2 < <(echo R; sleep 5)
	echo "$output"
	[[ "$output" == *RENEGOTIATING* ]]
	[[ "$output" == *"no renegotiation"* ]]
}

@test "an expired certificate is used, and noted" {
	tls_server expired
	client
	[[ "$output" == *CERTIFICATE_VERIFY_FAILED* ]]
	grep -q '^note: expired.crt: the certificate expired [0-9]* days ago$' "$T/log"
}
