# Dialogues: what a client says (NAME.in) and what a session must answer (NAME.out), the same over every transport.
# Both files have LF; on the wire each line ends in CRLF, and a reply that does not shows as "<LF>". A line of
# NAME.out that begins with "~" is an extended regular expression for a whole line. Load helper.bash first.
# shellcheck shell=bash

# Transports: standard input goes to the peer, what the peer says comes back, whatever order they choose. Each takes
# the program's name; the network ones talk to $PORT, where server() has put it.
via_pipe() { "$BUILD/$1" --config "$CONF" 2>>"$T/log"; }
via_tcp() { tcp_client 65536; }
via_octets() { tcp_client 1; }
via_starttls() { tls_client smtp; }
via_stls() { tls_client pop3; }
via_tls() { tls_client -; }
via_tls_octets() { tls_client - 1; }

# tls_client smtp|lmtp|pop3|- [STEP]: the same through TLS, which has to be asked for, or is there from the beginning.
tls_client() { python3 "$BATS_TEST_DIRNAME/tls_client.py" "$PORT" "$@"; }

# tcp_client N: write N octets at a time to $PORT, then close that direction; print what comes.
tcp_client() {
	perl -e '
		use IO::Socket::INET; use Socket qw(IPPROTO_TCP TCP_NODELAY SHUT_WR);
		my ($port, $step) = @ARGV;
		my $peer = IO::Socket::INET->new("127.0.0.1:$port") or die "connect: $!";
		setsockopt($peer, IPPROTO_TCP, TCP_NODELAY, 1);
		$SIG{PIPE} = "IGNORE";
		my $child = fork // die "fork: $!";
		if (!$child) {
			local $/; my $text = <STDIN> // "";
			for (my $at = 0; $at < length $text; $at += $step) {
				syswrite($peer, substr($text, $at, $step)) // last;
			}
			shutdown($peer, SHUT_WR);
			exit 0;
		}
		while (sysread($peer, my $piece, 65536)) { print $piece }
		waitpid $child, 0;
	' "$PORT" "$1"
}

# show_lines: CRLF to LF, and everything that is not CRLF made visible.
show_lines() { perl -pe 's/\r\n\z/\n/ or s/\n\z/<LF>\n/ or s/\z/<no line end>\n/'; }

# same_dialogue EXPECTED ACTUAL: compare; prints the difference.
same_dialogue() {
	perl -e '
		my ($expected, $actual) = map { open my $f, "<", $_ or die "$_: $!"; [<$f>] } @ARGV;
		for my $i (0 .. $#$actual) {
			my $want = $expected->[$i] // last;
			next unless $want =~ /\A~(.*)\n\z/;
			$actual->[$i] = $want if $actual->[$i] =~ /\A(?:$1)\n\z/;
		}
		print @$actual;
	' "$1" "$2" | diff -u --label expected --label actual "$1" -
}

# dialogue TRANSPORT PROGRAM BASE: say BASE.in to PROGRAM, compare with BASE.out.
dialogue() {
	crlf <"$3.in" | "via_$1" "$2" | show_lines >"$T/transcript"
	same_dialogue "$3.out" "$T/transcript" || { echo "^ ${3##*/} over $1"; return 1; }
}
