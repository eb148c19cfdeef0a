#!/usr/bin/env bats
# storm - bursts, floods from one source, killed processes and full disks: the place is there afterwards, and no
# message is half in a mailbox or lost.

load boot

setup_file() { boot_prepare; }

setup() { T=$BATS_TEST_TMPDIR; }

teardown() {
	umount /var/spool/pillarbox 2>/dev/null || true
	umount /srv/small 2>/dev/null || true
}

# burst COUNT SOURCES PORT: so many connections, all opened before any is read; each is told QUIT then. Prints how many
# were greeted, and how many were turned away, with a word or without.
burst() {
	python3 - "$@" <<-'CODE'
	import selectors, socket, sys, time
	count, sources, port = map(int, sys.argv[1:4])
	select = selectors.DefaultSelector()
	for i in range(count):
	    s = socket.socket()
	    s.bind((f"198.51.100.{100 + i % sources}", 0))
	    s.setblocking(False)
	    s.connect_ex(("192.0.2.25", port))
	    select.register(s, selectors.EVENT_READ)
	greeted = refused = 0
	end = time.time() + 100
	while select.get_map() and time.time() < end:
	    for key, _ in select.select(1):
	        s = key.fileobj
	        try:
	            data = s.recv(4096)
	        except OSError:
	            data = b""
	        if data.startswith((b"220", b"+OK")):
	            greeted += 1
	            try:
	                s.sendall(b"QUIT\r\n")
	                continue
	            except OSError:
	                pass
	        elif not hasattr(key, "seen") and not data.startswith(b"221"):
	            refused += 1
	        select.unregister(s)
	        s.close()
	print(greeted, refused, len(select.get_map()))
	CODE
}

check_burst() {
	configure </dev/null
	accept "$1"
	local greeted refused left port
	for port in 25 110; do
		read -r greeted refused left < <(burst 1000 100 $port)
		echo "port $port: $greeted greeted, $refused turned away, $left without an answer"
		[ "$left" -eq 0 ]
		[ "$greeted" -ge 250 ]
	done
	for name in smtp pop3 pillarbox-agent; do [ "$(systemctl is-active $name.socket)" = active ]; done
	alive 60
	run ! systemctl is-failed smtp.socket pop3.socket smtp.service pop3.service pillarbox-agent.service
	# And again, at once.
	burst 1000 100 25
	alive 61
	eventually 60 no_instances
}

no_instances() { [ -z "$(systemctl list-units --all --plain --no-legend 'smtp@*' 'pop3@*')" ]; }

@test "1000 connections in a burst, and the socket is still alive: Accept=yes" { check_burst yes; }
@test "1000 connections in a burst, and the socket is still alive: Accept=no" { check_burst no; }

# hold N PORT COUNT: open COUNT connections from address N and keep them for as long as this shell lives; sets HELD to
# how many were greeted, HELD_FD to what closing ends them.
hold() {
	coproc HOLDER {
		python3 -c '
import socket, sys
held = []
greeted = 0
for i in range(int(sys.argv[3])):
    s = socket.create_connection(("192.0.2.25", int(sys.argv[2])), 30, ("198.51.100." + sys.argv[1], 0))
    try:
        greeted += s.recv(512).startswith((b"220", b"+OK"))
    except OSError:
        pass
    held.append(s)
print(greeted, flush=True)
sys.stdin.read()' "$@" 3>&-
	}
	read -r HELD <&"${HOLDER[0]}"
}

release() {
	local pid=$HOLDER_PID
	eval "exec ${HOLDER[1]}>&-"
	wait "$pid" || true
}

# refusals ADDRESS COUNT: the log tells of so many. All but the first are told together, ten seconds later.
refusals() {
	local told
	told=$(log_since | awk -v address="$1" '
		index($0, "EVENT=limit REMOTE_ADDR=" address " ") { n += match($0, /[0-9]+ more/) ? substr($0, RSTART) : 1 }
		END { print n + 0 }')
	[ "$told" -eq "$2" ]
}

check_per_source() {
	configure </dev/null
	accept "$1"
	mark_log
	hold 90 25 25
	echo "held: $HELD"
	[ "$HELD" -eq 20 ]
	# Others are served.
	alive 62
	if [ "$1" = no ]; then
		eventually 20 refusals 198.51.100.90 5
	fi
	release
	# And so is this one, when it has let go.
	eventually 20 alive 90
}

@test "one source has 20 connections and no more, others are served: Accept=yes" { check_per_source yes; }
@test "one source has 20 connections and no more, others are served: Accept=no" { check_per_source no; }

check_killed_agent() {
	local subject=killed-$RANDOM
	configure </dev/null
	accept "$1"
	empty alice
	# The listening agent and all its monitors: what was not accepted is not there, and the client is told.
	begin_message alice $subject
	pkill -KILL -f "$AGENTS"
	end_message
	answer 4
	hang_up
	[ "$(count_messages alice $subject)" -eq 0 ]
	alive 63
	# The listening process alone: sessions go on.
	begin_message alice $subject
	kill -KILL "$(systemctl show -P MainPID pillarbox-agent.service)"
	end_message
	answer 250
	hang_up
	[ "$(count_messages alice $subject)" -eq 1 ]
	alive 64
	# A POP3 session, its agent gone: nothing is removed, and the client is told.
	dial 110
	hear
	say 'USER alice' 'PASS secret of alice' 'DELE 1'
	answer '+OK'
	answer '+OK'
	answer '+OK'
	pkill -KILL -f "$AGENTS"
	say QUIT
	answer '-ERR'
	hang_up
	[ "$(count_messages alice $subject)" -eq 1 ]
	alive 65
	run ! systemctl is-failed pillarbox-agent.socket
}

@test "a killed agent: clients are told, nothing is lost or half there, the next one works: Accept=yes" { check_killed_agent yes; }
@test "a killed agent: clients are told, nothing is lost or half there, the next one works: Accept=no" { check_killed_agent no; }

check_killed_sessions() {
	local subject=gone-$RANDOM
	configure </dev/null
	accept "$1"
	empty alice
	begin_message alice $subject
	pkill -KILL -f "$SESSIONS"
	run timeout 10 cat <&5
	hang_up
	[ "$(count_messages alice $subject)" -eq 0 ]
	message "$T/message" "$subject"
	send_curl 66 alice "$T/message"
	dial 110
	hear
	say 'USER alice' 'PASS secret of alice' 'DELE 1'
	answer '+OK'
	answer '+OK'
	answer '+OK'
	pkill -KILL -f "$SESSIONS"
	run timeout 10 cat <&5
	hang_up
	[ "$(count_messages alice $subject)" -eq 1 ]
	# Not [IN-USE] either.
	fetch_curl 66 alice "$T/got"
	check_same "$T/message" "$T/got"
	alive 67
	run ! systemctl is-failed smtp.socket pop3.socket
	eventually 20 no_instances
}

@test "killed sessions: nothing is lost or half there, the next one works: Accept=yes" { check_killed_sessions yes; }
@test "killed sessions: nothing is lost or half there, the next one works: Accept=no" { check_killed_sessions no; }

@test "a dozen of starts and deaths in a row, and the sockets are still alive" {
	configure </dev/null
	accept no
	for _ in $(seq 12); do
		dial 110
		hear
		[[ $HEARD == +OK* ]]
		pkill -KILL -f "$PROCESSES"
		hang_up
	done
	systemctl restart pillarbox-agent.service smtp.service
	systemctl restart pillarbox-agent.service smtp.service
	alive 68
	for name in $SERVICES pillarbox-agent; do [ "$(systemctl is-active "$name.socket")" = active ]; done
}

@test "what can't be started is, as soon as it has been put right" {
	configure </dev/null
	accept no
	chmod -x /usr/bin/smtp-session /usr/libexec/pillarbox/spool-agent
	dial 25
	sleep 4
	chmod +x /usr/bin/smtp-session /usr/libexec/pillarbox/spool-agent
	# The same client, who has waited.
	answer 220
	hang_up
	alive 69
}

# big FILE KILOBYTES
big() {
	{
		printf 'Subject: big\n\n'
		head -c "$(($2 * 768))" /dev/urandom | base64
	} >"$1"
}

check_full_mail() {
	configure <<-CONFIG
	[store]
	mailbox = mbox:/srv/small/%u
	CONFIG
	accept "$1"
	mkdir -p /srv/small
	mount -t tmpfs -o size=1M,mode=1777 tmpfs /srv/small
	message "$T/message" before
	send_curl 70 alice "$T/message"
	cp /srv/small/alice "$T/before"
	big "$T/big" 3000
	run send_curl 70 alice "$T/big"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *452* ]]
	# The mailbox is as it was, and what is in it can be fetched and removed.
	cmp /srv/small/alice "$T/before"
	fetch_curl 70 alice "$T/got"
	check_same "$T/message" "$T/got"
	head -c 2M /dev/zero >/srv/small/rest 2>/dev/null || true
	dial 110
	hear
	say 'USER alice' 'PASS secret of alice' 'DELE 1' QUIT
	for _ in 1 2 3 4; do answer '+OK'; done
	hang_up
	[ ! -s /srv/small/alice ]
	rm /srv/small/rest
	send_curl 70 alice "$T/message"
	umount /srv/small
}

@test "a full disk with mailboxes: 452, the mailbox as it was, messages can be removed: Accept=yes" { check_full_mail yes; }
@test "a full disk with mailboxes: 452, the mailbox as it was, messages can be removed: Accept=no" { check_full_mail no; }

@test "a full disk where messages come in: 452, and once there is room the message goes" {
	configure </dev/null
	accept yes
	empty alice
	mount -t tmpfs -o size=256k,mode=700 tmpfs /var/spool/pillarbox
	systemctl stop pillarbox-agent.service
	big "$T/big" 600
	run send_curl 71 alice "$T/big"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *452* || "$output" == *451* ]]
	[ ! -s /var/mail/alice ]
	umount /var/spool/pillarbox
	systemctl stop pillarbox-agent.service
	send_curl 71 alice "$T/big"
	[ "$(count_messages alice big)" -eq 1 ]
}
