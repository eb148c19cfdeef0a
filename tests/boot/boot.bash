# What the tests on a booted systemd share. They run in it, as root, and do as they like with it; see tests/boot/run.
#
# The host is mail.example.org, 192.0.2.25. Clients are on the same machine, but any address of 198.51.100.0/24 is one
# that they may call from: for the server they are outside.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
PEERS=$BUILD/peers
HOST=mail.example.org
CONF=/etc/pillarbox/pillarbox.conf
PROCESSES='^([^ ]*/)?(smtp-session|pop3-session|spool-agent)( |$)'
SESSIONS='^([^ ]*/)?(smtp-session|pop3-session)( |$)'
AGENTS='^([^ ]*/)?spool-agent( |$)'
SERVICES='smtp submission submissions pop3 pop3s'
export HOST CONF TOP PEERS SESSIONS AGENTS

# shellcheck source=tests/certs.bash
. "$TOP/tests/certs.bash"

# Called by each file's setup_file(), again and again without harm: the network, the package, users, certificates.
boot_prepare() {
	if [ ! -e /srv/pillarbox/prepared ]; then
		ip address add 192.0.2.25/32 dev lo
		ip route add local 198.51.100.0/24 dev lo
		echo "192.0.2.25 $HOST" >>/etc/hosts
		sed -i '/^127.0.1.1/d' /etc/hosts
		certs /srv/pillarbox/certs
		touch /srv/pillarbox/prepared
	fi
	boot_install
	boot_users
}

boot_install() {
	dpkg-query -W -f '${Status}' pillarbox 2>/dev/null | grep -qx 'install ok installed' && return 0
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 install /srv/pillarbox/pillarbox.deb
}

boot_users() {
	local user
	for user in alice bob carol; do
		id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
		echo "$user:secret of $user" | chpasswd
	done
}

# configure: the configuration that most tests begin with; further lines on standard input.
configure() {
	cat - >"$CONF" <<-CONFIG
	[server]
	hostname = $HOST
	domains = example.org, localhost
	[tls]
	certificate = /etc/pillarbox/tls.crt
	key = /etc/pillarbox/tls.key
	CONFIG
	if [ ! -t 0 ]; then cat >>"$CONF"; fi
	rm -f /run/pillarbox/failures*
	install_certificate chain
}

# install_certificate NAME: as certbot's hook in README does.
install_certificate() {
	install -m 640 -g pillarbox "/srv/pillarbox/certs/$1.key" /etc/pillarbox/tls.key.new
	install -m 640 -g pillarbox "/srv/pillarbox/certs/$1.crt" /etc/pillarbox/tls.crt.new
	mv /etc/pillarbox/tls.key.new /etc/pillarbox/tls.key
	mv /etc/pillarbox/tls.crt.new /etc/pillarbox/tls.crt
}

# accept yes|no: all sockets on, each connection by a unit of its own or by one that listens; nothing runs yet.
accept() {
	local name
	stop_all
	for name in $SERVICES; do
		rm -rf "/etc/systemd/system/$name.socket.d"
		[ "$1" = yes ] || install -D -m 644 /usr/share/pillarbox/accept-no.conf -t "/etc/systemd/system/$name.socket.d"
	done
	systemctl daemon-reload
	for name in $SERVICES; do set -- "$@" "$name.socket"; done
	shift
	systemctl start pillarbox-agent.socket pillarbox.target "$@"
}

stop_all() {
	local name
	for name in $SERVICES pillarbox-agent; do set -- "$@" "$name.socket" "$name.service"; done
	systemctl stop "$@"
	systemctl stop 'smtp@*' 'submission@*' 'submissions@*' 'pop3@*' 'pop3s@*'
	pkill -f "$PROCESSES" || true
	systemctl reset-failed
}

# eventually SECONDS COMMAND...: within so long it succeeds.
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			echo "never happened: $*" >&2
			return 1
		fi
		sleep 0.2
	done
}

nothing_runs() { ! pgrep -f "$PROCESSES" >/dev/null; }

# message FILE SUBJECT: some lines, among them those that mail likes to change.
message() { printf 'Subject: %s\n\nhello\n.\n..\nFrom here\n>From there\n' "$2" >"$1"; }

# from N: the address that a client calls from.
from() { echo "198.51.100.$1"; }

CA=/srv/pillarbox/certs/ca.pem

# send_curl N USER FILE: by STARTTLS, to port 25..
send_curl() {
	curl -sS --max-time 60 -w '%{stderr}%{response_code}\n' --interface "$(from "$1")" --cacert $CA --ssl-reqd "smtp://$HOST" \
		--mail-from sender@example.net --mail-rcpt "$2@example.org" --crlf --upload-file "$3"
}

# fetch_curl N USER FILE [NUMBER]: that message by POP3S, as LF lines.
fetch_curl() {
	curl -sS --max-time 60 --interface "$(from "$1")" --cacert $CA --user "$2:secret of $2" "pop3s://$HOST/${4:-1}" |
		tr -d '\r' >"$3"
}

# empty USER: the mailbox.
empty() {
	rm -f "/var/mail/$1" "/var/mail/$1.lock"
}

# check_same SENT FETCHED: what was fetched is what was sent, behind the header fields that were added.
check_same() {
	tail -n "$(wc -l <"$1")" "$2" | cmp - "$1"
}

# count_messages USER SUBJECT
count_messages() { cat "/var/mail/$1" 2>/dev/null | grep -c "^Subject: $2\$" || true; }

# A message goes all the way: proof that the place is alive. alive N
alive() {
	local subject=alive-$RANDOM$RANDOM
	message "$BATS_TEST_TMPDIR/alive" $subject
	empty carol
	send_curl "$1" carol "$BATS_TEST_TMPDIR/alive"
	fetch_curl "$1" carol "$BATS_TEST_TMPDIR/alive.got"
	check_same "$BATS_TEST_TMPDIR/alive" "$BATS_TEST_TMPDIR/alive.got"
}

# dial PORT: a connection from this host, as fd 5. say LINE, and hear: one line of the answer; hear_all until a final one.
dial() { exec 5<>"/dev/tcp/127.0.0.1/$1"; }
hang_up() { exec 5>&-; }
say() { printf '%s\r\n' "$@" >&5; }
hear() { IFS= read -r -t 60 -u 5 HEARD && HEARD=${HEARD%$'\r'}; }
# answer PATTERN: the next line that ends an answer begins with it.
answer() {
	while hear; do
		echo "< $HEARD"
		[[ $HEARD =~ ^[0-9]{3}- ]] || break
	done
	[[ $HEARD == $1* ]]
}

# log_since: journal lines since mark_log was called, without what systemd adds in front. (Not by --after-cursor= with
# something to match: the first one that matches is left out then.)
mark_log() {
	journalctl --sync 2>/dev/null || true
	CURSOR=$(journalctl -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
}
log_since() {
	journalctl --sync 2>/dev/null || true
	journalctl --no-pager -q -o cat --after-cursor="$CURSOR"
}
# field NAME LINE-PATTERN: that field of the first line since the mark that matches.
field() { log_since | grep -E "$2" | head -n 1 | sed "s/.*\b$1=\([^ ]*\).*/\1/"; }

# The certificate that port N of the host shows, its serial number.
serial() {
	local starttls=()
	case $1 in
	25 | 587) starttls=(-starttls smtp) ;;
	110) starttls=(-starttls pop3) ;;
	esac
	timeout 20 openssl s_client -connect "$HOST:$1" -servername "$HOST" "${starttls[@]}" </dev/null 2>/dev/null |
		openssl x509 -noout -serial
}
serial_of() { openssl x509 -noout -serial -in "/srv/pillarbox/certs/$1.crt"; }

# begin_message USER SUBJECT: an SMTP session as fd 5, in the middle of a message.
begin_message() {
	dial 25
	answer 220
	say 'EHLO client.example.net'
	answer 250
	say 'MAIL FROM:<sender@example.net>'
	answer 250
	say "RCPT TO:<$1@example.org>"
	answer 250
	say DATA
	answer 354
	say "Subject: $2" '' 'first half'
}

# end_message: the rest of it. The reply is for the caller to hear.
end_message() { say 'second half' .; }
