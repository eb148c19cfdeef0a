# What the tests in this folder share: the other mail programs, set up for mailboxes in /var/mail, in a booted system of
# their own; see tests/boot/run.
# shellcheck shell=bash

load ../boot/boot

LOCKS=$TOP/tests/locks
PEERS_SERVICES='postfix dovecot'
USER_NAME=hammer # whose mailbox it is
BOX=/var/mail/$USER_NAME
SCRATCH=/srv/locks
export LOCKS USER_NAME BOX SCRATCH

# Called by each file's setup_file(): all programs are there and serve, the folder is as Debian has it.
locks_prepare() {
	# shellcheck disable=SC2086 # names are words
	systemctl stop $PEERS_SERVICES
	boot_prepare
	id $USER_NAME >/dev/null 2>&1 || useradd --create-home --shell /bin/bash $USER_NAME
	echo "$USER_NAME:secret" | chpasswd
	mkdir -p $SCRATCH
	set_up_mutt
	set_up_procmail
	set_up_dovecot
	set_up_postfix
	# shellcheck disable=SC2086 # names are words
	systemctl restart $PEERS_SERVICES
	configure </dev/null
	accept no
	[ "$(stat -c '%a %U %G' /var/mail)" = '2775 root mail' ]
}

# mutt's helper for the dotlock, but that it never breaks one: see muttrc.
set_up_mutt() {
	cp "$LOCKS/muttrc" $SCRATCH/muttrc
	cat >$SCRATCH/mutt-dotlock <<-'SCRIPT'
	#!/bin/sh
	for word; do [ "$word" != -f ] || exit 3; done
	exec /usr/bin/mutt_dotlock "$@"
	SCRIPT
	chmod 755 $SCRATCH/mutt-dotlock
}

# With the pauses that it makes by default it would hardly ever find the lock free.
set_up_procmail() {
	echo 'LOCKSLEEP=1' >/home/$USER_NAME/.procmailrc
	chown $USER_NAME: /home/$USER_NAME/.procmailrc
}

# Both locks in one order, the one that Postfix and procmail have: hammer.py says why.
set_up_dovecot() {
	cat >/etc/dovecot/dovecot.conf <<-'CONFIG'
	protocols = imap pop3
	listen = 127.0.0.1
	ssl = no
	disable_plaintext_auth = no
	log_path = /var/log/dovecot.log
	mail_location = mbox:~/mail:INBOX=/var/mail/%u
	mail_privileged_group = mail
	mbox_read_locks = dotlock fcntl
	mbox_write_locks = dotlock fcntl
	mail_max_userip_connections = 100
	passdb {
	  driver = static
	  args = nopassword=y
	}
	userdb {
	  driver = passwd
	}
	service imap-login {
	  inet_listener imap {
	    port = 1143
	  }
	  inet_listener imaps {
	    port = 0
	  }
	}
	service pop3-login {
	  inet_listener pop3 {
	    port = 1110
	  }
	  inet_listener pop3s {
	    port = 0
	  }
	}
	CONFIG
}

# Nothing listens; local(8) delivers as it does by default; who was deferred comes again soon.
set_up_postfix() {
	postconf -e 'inet_interfaces=loopback-only' 'mydestination=localhost' 'mailbox_command=' 'mail_spool_directory=/var/mail' \
		'minimal_backoff_time=2s' 'maximal_backoff_time=4s' 'queue_run_delay=2s' 'myhostname=localhost'
	postconf -M# smtp/inet
	newaliases
}
