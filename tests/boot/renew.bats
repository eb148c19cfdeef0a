#!/usr/bin/env bats
# renew - what an administrator does in the middle of everything: another certificate, a restart, an upgrade, a switch.
# Sessions that run notice nothing, and what comes after has what is new.

load boot

setup_file() { boot_prepare; }

setup() { T=$BATS_TEST_TMPDIR; }

# renew NAME: that certificate is the one of [tls] from now on, as certbot has it done.
renew() {
	mkdir -p "$T/lineage"
	cp "/srv/pillarbox/certs/$1.crt" "$T/lineage/fullchain.pem"
	cp "/srv/pillarbox/certs/$1.key" "$T/lineage/privkey.pem"
	RENEWED_LINEAGE=$T/lineage /usr/share/pillarbox/certbot-hook
	[ "$(stat -c '%U:%G %a' /etc/pillarbox/tls.key)" = "root:pillarbox 640" ]
}

shows() { [ "$(serial "$1")" = "$(serial_of "$2")" ]; }

check_renewal() {
	configure </dev/null
	accept "$1"
	local port
	renew ecdsa
	for port in 25 587 465 110 995; do shows $port ecdsa; done
	# A session of before goes on, over the renewal.
	empty alice
	begin_message alice over-the-renewal-$1
	renew rsa
	for port in 25 587 465 110 995; do shows $port rsa; done
	end_message
	answer 250
	hang_up
	[ "$(count_messages alice "over-the-renewal-$1")" -eq 1 ]
	renew chain
	for port in 25 995; do shows $port chain; done
	alive 80
}

@test "a renewed certificate is what the next connection gets, nothing is told: Accept=yes" { check_renewal yes; }
@test "a renewed certificate is what the next connection gets, nothing is told: Accept=no" { check_renewal no; }

@test "--check, as README has it, says whether the sessions' user can use certificate and key" {
	configure </dev/null
	accept yes
	runuser -u pillarbox -- smtp-session --check
	chmod 600 /etc/pillarbox/tls.key
	run ! runuser -u pillarbox -- smtp-session --check
	[[ "$output" == *tls.key* ]]
	# Then nobody goes on in the clear.
	run ! send_curl 81 alice /etc/hostname
}

@test "a key that only root can read is enough for listeners" {
	configure </dev/null
	accept no
	chown root:root /etc/pillarbox/tls.key
	chmod 600 /etc/pillarbox/tls.key
	alive 82
	# The credential is there for the unit's user alone.
	local key=/run/credentials/smtp.service/tls.key
	setpriv --reuid pillarbox --regid pillarbox --clear-groups -- cat $key | cmp - /etc/pillarbox/tls.key
	run ! setpriv --reuid nobody --regid nogroup --clear-groups -- cat $key
}

@test "without a certificate listeners serve all the same, without TLS" {
	configure </dev/null
	sed -i '/^\[tls\]/,$d' "$CONF"
	rm /etc/pillarbox/tls.*
	accept no
	dial 25
	answer 220
	say 'EHLO x'
	while hear; do
		[[ $HEARD != *STARTTLS* ]]
		[[ $HEARD != 250\ * ]] || break
	done
	hang_up
	# Nothing can begin with TLS then, and the log says why.
	mark_log
	dial 995
	run timeout 20 cat <&5
	hang_up
	log_since | grep 'EVENT=unavailable' | grep -q 'tls'
}

# begin_removal SUBJECT: a POP3 session as fd 6, which has marked bob's only message.
begin_removal() {
	message "$T/message" "$1"
	empty bob
	send_curl 83 bob "$T/message"
	exec 6<>/dev/tcp/127.0.0.1/110
	IFS= read -r -t 60 -u 6 HEARD
	printf 'USER bob\r\nPASS secret of bob\r\nDELE 1\r\n' >&6
	for _ in 1 2 3; do
		IFS= read -r -t 60 -u 6 HEARD
		[[ $HEARD == +OK* ]]
	done
}

end_removal() {
	printf 'QUIT\r\n' >&6
	IFS= read -r -t 60 -u 6 HEARD
	echo "$HEARD"
	[[ $HEARD == +OK* ]]
	exec 6>&-
	[ ! -s /var/mail/bob ]
}

# through MODE COMMAND...: the command in the middle of a message and of a removal; both end as they should.
through() {
	local mode=$1 subject=through-$RANDOM
	shift
	configure </dev/null
	accept "$mode"
	begin_removal $subject
	empty alice
	begin_message alice $subject
	"$@"
	# New ones come meanwhile.
	alive 84
	end_message
	answer 250
	say QUIT
	answer 221
	hang_up
	end_removal
	[ "$(count_messages alice $subject)" -eq 1 ]
	grep -q '^first half' /var/mail/alice
	grep -q '^second half' /var/mail/alice
}

restart_all() {
	systemctl restart pillarbox-agent.service
	systemctl restart pillarbox-agent.socket
	systemctl try-restart smtp.service pop3.service
	systemctl restart pillarbox.target
	systemctl daemon-reexec
}

@test "restarts in the middle of sessions lose nothing: Accept=yes" { through yes restart_all; }
@test "restarts in the middle of sessions lose nothing: Accept=no" { through no restart_all; }

# next_version FILE: the package, but of a higher version, and with programs that can be told from these.
next_version() {
	local version
	rm -rf "$T/next"
	dpkg-deb -R /srv/pillarbox/pillarbox.deb "$T/next"
	version=$(sed -n 's/^Version: //p' "$T/next/DEBIAN/control")
	sed -i "s/^Version: .*/Version: $version+next$RANDOM/" "$T/next/DEBIAN/control"
	for program in usr/bin/smtp-session usr/bin/pop3-session usr/libexec/pillarbox/spool-agent; do
		printf next >>"$T/next/$program"
	done
	dpkg-deb --root-owner-group -b "$T/next" "$1" >/dev/null
}

upgrade() {
	next_version "$T/next.deb"
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 install "$T/next.deb"
	cmp /usr/bin/smtp-session "$T/next/usr/bin/smtp-session"
}

# downgrade, so that each test begins with the package as it was built.
restore() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 --allow-downgrades install /srv/pillarbox/pillarbox.deb
}

check_upgrade() {
	through "$1" upgrade
	# Nothing was switched off or on, and what runs is new; the old programs have gone.
	for name in $SERVICES pillarbox-agent; do [ "$(systemctl is-active "$name.socket")" = active ]; done
	run ! systemctl is-failed smtp.socket smtp.service pillarbox-agent.service
	dial 25
	answer 220
	for pid in $(pgrep -f "$PROCESSES"); do
		echo "$pid $(readlink "/proc/$pid/exe")"
		[[ "$(readlink "/proc/$pid/exe")" != *'(deleted)'* ]]
	done
	hang_up
	restore
	alive 85
}

@test "an upgrade in the middle of sessions loses nothing: Accept=yes" { check_upgrade yes; }
@test "an upgrade in the middle of sessions loses nothing: Accept=no" { check_upgrade no; }

# stream SECONDS: messages by STARTTLS, one after the other, for so long; how many were acknowledged is left in $T/acked.
stream() {
	local end=$((SECONDS + $1)) acked=0 n=0
	while [ $SECONDS -lt $end ]; do
		n=$((n + 1))
		message "$T/streamed" "streamed-$n"
		if send_curl 86 alice "$T/streamed" 2>/dev/null; then
			acked=$((acked + 1))
			echo "streamed-$n" >>"$T/subjects"
		fi
	done
	echo $acked >"$T/acked"
}

@test "while mail streams in: restarts, an upgrade, a switch each way; each message that was acknowledged is there, once" {
	configure </dev/null
	accept yes
	empty alice
	rm -f "$T/subjects"
	stream 12 3>&- &
	local pid=$!
	sleep 1
	restart_all
	upgrade
	install -D -m 644 /usr/share/pillarbox/accept-no.conf -t /etc/systemd/system/smtp.socket.d
	systemctl daemon-reload
	sleep 2
	systemctl restart smtp.service pillarbox-agent.service
	restore
	wait $pid
	echo "acknowledged: $(cat "$T/acked")"
	[ "$(cat "$T/acked")" -ge 5 ]
	grep '^Subject: streamed-' /var/mail/alice | sed 's/^Subject: //' | sort >"$T/there"
	[ "$(uniq -d <"$T/there" | wc -l)" -eq 0 ]
	[ "$(comm -23 <(sort "$T/subjects") "$T/there" | wc -l)" -eq 0 ]
}
