"""senders - the hammer's actors that bring messages in."""
import random
import smtplib
import subprocess

import message
from actor import Actor, Busy


class Sender(Actor):
    pause = (0.3, 1.5)

    def __init__(self, place, name):
        super().__init__(place, name)
        self.number = 0

    def operation(self):
        if self.place.size() > self.place.high * (2 if self.stop.is_set() else 1):
            raise Busy("large enough")
        self.number += 1
        size = random.choice((500, 3000, 9000, 9000, 20000, 40000, random.randrange(150000)))
        ident, text = message.make(self.name, self.number, random.choice(self.place.receivers), size)
        sure = self.send(text)
        self.note(sent=ident, sure=sure)
        if not sure:
            raise Busy("not taken")

    def send(self, text):
        """True: it was taken; False: it may have been, or not."""
        raise NotImplementedError

    def pipe(self, command, text):
        return subprocess.run(command, input=text, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Smtp(Sender):
    """Ours, through a socket unit."""
    pause = (0.1, 0.8)

    def send(self, text):
        try:
            with smtplib.SMTP("127.0.0.1", 25, timeout=300) as smtp:
                return not smtp.sendmail("hammer@example.net", [self.place.user + "@localhost"],
                                         text.replace(b"\n", b"\r\n"))
        except (OSError, smtplib.SMTPException):
            return False


class Inetd(Sender):
    """Ours, as inetd starts it: root's, on a pipe."""

    def send(self, text):
        stuffed = text.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        dialogue = b"EHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<%s@localhost>\r\nDATA\r\n%s.\r\nQUIT\r\n" % (
            self.place.user.encode(), stuffed)
        done = subprocess.run(["/usr/bin/smtp-session"], input=dialogue, capture_output=True)
        replies = [line[:3] for line in done.stdout.split(b"\r\n")]
        return b"354" in replies and replies[replies.index(b"354") + 1] == b"250"


class Postfix(Sender):
    """sendmail, pickup, cleanup, qmgr and local(8), which locks by dotlock, then fcntl."""

    def send(self, text):
        return self.pipe(["/usr/sbin/sendmail", "-i", "-f", "a@example.net", self.place.user + "@localhost"], text)


class Procmail(Sender):
    """Dotlock, then kernel."""

    def __init__(self, place, name):
        super().__init__(place, name)
        self.user = place.user

    def send(self, text):
        return self.pipe(["/usr/bin/procmail", "-t", "-f", "a@example.net"], text)


class Shell(Sender):
    """A script that knows the dotlock alone, which it gets from a program that is setgid mail."""
    take, give = None, None

    def __init__(self, place, name):
        super().__init__(place, name)
        self.user = place.user

    def send(self, text):
        script = """%s || exit 75
        { echo 'From a@example.net Thu Jan  1 00:00:00 2026'; sed 's/^>*From />&/'; echo; } >>'%s'
        status=$?
        %s
        exit $status""" % (self.take, self.place.path, self.give)
        script = script.replace("LOCK", self.place.lock)
        return self.pipe(["/bin/sh", "-c", script], text)


class Dotlockfile(Shell):
    """liblockfile's; without -p the lock names nobody."""
    take, give = "dotlockfile -l -i 1 -r 300 LOCK", "dotlockfile -u LOCK"


class DotlockfilePid(Shell):
    take, give = "dotlockfile -l -p -i 1 -r 300 LOCK", "dotlockfile -u LOCK"


class Lockfile(Shell):
    """procmail's, which holds "0"."""
    take, give = "lockfile -1 -r 300 -ml", "lockfile -mu"
