#!/usr/bin/env bats
# What a scanner finds, and what becomes of handshakes that a stranger cuts, bends, takes to pieces or never ends.

setup() {
	load helper
	place <<<$'[limits]\nper_source = 1000\nconnections = 1000'
	secure rsa <<-PAIR
		[tls "mail.example.org"]
		certificate = $T/certs/ecdsa.crt
		key = $T/certs/ecdsa.key
	PAIR
}

teardown() { unplace; }

hostile() {
	flags --tls
	server "$1"
	timeout 300 python3 "$BATS_TEST_DIRNAME/tls_hostile.py" "$PORT" "$2"
}

# scan [sslscan flags]: of what sslscan says about $PORT, nothing is weak, and what must be there is.
scan() {
	timeout 120 sslscan --no-colour --show-sigs --sni-name=mail.example.org "$@" "127.0.0.1:$PORT" >"$T/scan"
	grep -qE '^TLSv1\.2 +enabled' "$T/scan"
	grep -qE '^TLSv1\.3 +enabled' "$T/scan"
	for protocol in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do grep -qE "^$protocol +disabled" "$T/scan"; done
	grep -q 'Server supports TLS Fallback SCSV' "$T/scan"
	grep -q 'Session renegotiation not supported' "$T/scan"
	run ! grep -vE 'AES_?(128|256)_?.?GCM|CHACHA20' <(grep -E '^(Accepted|Preferred) ' "$T/scan")
	run ! grep -E '^(Accepted|Preferred) .* (DES|RC4|CBC|NULL|EXP|ADH|AECDH|DHE-RSA|[0-9]{1,2} bits)' "$T/scan"
	run ! grep -E '^TLS.*[^t] vulnerable to heartbleed|Compression enabled|sha1|SHA1|md5' "$T/scan"
	[ "$(grep -cE '^(Accepted|Preferred) ' "$T/scan")" -ge 6 ]
}

@test "tls: a scanner finds nothing weak, with TLS from the beginning" {
	flags --submission --tls
	server smtp-session
	scan
}

@test "tls: a scanner finds nothing weak behind STARTTLS and STLS" {
	server smtp-session
	scan --starttls-smtp
	server pop3-session
	scan --starttls-pop3
}

@test "tls: a handshake may be cut at any octet" {
	hostile smtp-session cut
	[ "$(pgrep -fc "smtp-session --config $CONF")" -le 2 ]
}

@test "tls: a handshake with any octet bent is none" {
	hostile pop3-session bent
	run ! grep -q 'EVENT=tls ' "$T/log"
}

@test "tls: a client's hello in pieces is one" { hostile smtp-session pieces; }

@test "tls: alerts and messages without end are not listened to" {
	hostile smtp-session flood
	[ "$(grep -c 'EVENT=tls-failed' "$T/log")" = 2 ]
	grep -q 'EVENT=tls-failed .*REASON="The handshake data size is too large' "$T/log"
}
