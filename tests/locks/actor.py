"""actor - what all of the hammer's actors have in common: an actor is a process that does one thing with the mailbox
again and again, as some user, and writes down what it did, one JSON object a line.

	{"sent": ID, "sure": BOOL}	sure: whoever took the message has promised to deliver it
	{"removed": [ID...]}		their octets were verified before, and the program said that they are gone
	{"maybe": [ID...]}		the same, but the program didn't say
	{"damaged": ID, "how": TEXT}	a message that is not as it was made
	{"padding": COUNT}		messages with padding, when somebody looked
	{"wrong": TEXT}			what must never be
	{"did": SECONDS, "done": BOOL, "note": TEXT}	one operation
"""
import fcntl
import grp
import json
import multiprocessing
import os
import pwd
import random
import signal
import socket
import time

import message

STUCK = 400  # seconds: more than all that any of the programs waits for a lock


class Stuck(Exception):
    pass


class Busy(Exception):
    """Somebody else has the mailbox, or it is not the time: the operation did nothing."""


class Place:
    """What all actors are told."""

    def __init__(self, user, folder, scratch, low, high, receivers):
        self.user, self.path, self.scratch = user, os.path.join(folder, user), scratch
        self.low, self.high, self.receivers = low, high, receivers
        self.lock = self.path + ".lock"
        self.seats = multiprocessing.Semaphore(Turn.ALL)

    def size(self):
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:  # Python's mailbox replaces it
            return 0


def become(name, groups=()):
    user = pwd.getpwnam(name)
    os.setgroups([grp.getgrnam(group).gr_gid for group in groups])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update(HOME=user.pw_dir, USER=name, LOGNAME=name, MAIL="/var/mail/" + name)
    os.chdir(user.pw_dir)


class Held:
    """Both locks, as Debian's policy has it (11.6): both tried, both given back if either fails."""

    def __init__(self, place):
        self.place = place
        self.file = None

    def attempt(self):
        self.file = open(self.place.path, "rb+")
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock = os.open(self.place.lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except OSError:
            self.file.close()
            return False
        os.write(lock, b"%d\n" % os.getpid())
        os.close(lock)
        same = os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.place.path))
        if not same:
            self.__exit__()
        return same

    def __enter__(self):
        while not self.attempt():
            time.sleep(random.uniform(0.005, 0.05))
        return self

    def __exit__(self, *_):
        os.unlink(self.place.lock)
        self.file.close()

    def read(self):
        self.file.seek(0)
        return self.file.read()


class Turn:
    """While mutt has the mailbox open neither Dovecot nor Python have it, and the other way round: hammer.py says why.
    Each of these takes a seat, mutt takes all, one by one, so that it gets its turn."""
    ALL = 3

    def __init__(self, place, seats=1):
        self.seats, self.wanted, self.taken = place.seats, seats, 0

    def __enter__(self):
        try:
            while self.taken < self.wanted:
                self.seats.acquire()
                self.taken += 1
        except Stuck:
            self.__exit__()
            raise

    def __exit__(self, *_):
        while self.taken > 0:
            self.taken -= 1
            self.seats.release()


class Actor:
    user, groups = None, ()  # None: root
    pause = (0.2, 1.0)
    enough = 3  # operations that it must be able to finish

    def __init__(self, place, name):
        self.place, self.name, self.count = place, name, 0
        self.stop = None  # an event: the time is over, what is still to be done may be done at any size

    def operation(self):
        """Do one thing. Busy: it could not be done this time."""
        raise NotImplementedError

    def note(self, **record):
        self.log.write(json.dumps(record) + "\n")
        self.log.flush()

    def wrong(self, text):
        self.note(wrong=text)

    def damaged(self, why):
        self.note(damaged=why.ident, how=str(why))

    def parse(self, parts):
        """(id, receiver) for each message that is whole."""
        for part in parts:
            try:
                yield message.parse(part)
            except message.Damaged as why:
                self.damaged(why)

    def once(self):
        begin, note = time.monotonic(), ""
        signal.alarm(STUCK)
        try:
            self.operation()
            self.count += 1
        except Busy as why:
            note = str(why)[:60] or "busy"
        except Stuck:
            self.wrong("stuck for %d seconds" % STUCK)
            note = "stuck"
        except message.Damaged as why:
            self.damaged(why)
            note = "damage"
        except (OSError, EOFError, socket.timeout) as why:
            note = type(why).__name__ + " " + str(why)[:60]
        finally:
            signal.alarm(0)
        self.note(did=time.monotonic() - begin, done=not note, note=note)

    def run(self, stop, end, deadline):
        """Until the end, and on until it has done enough; or until the deadline."""
        def stuck(*_):
            raise Stuck

        self.log = open(os.path.join(self.place.scratch, self.name + ".log"), "w")
        self.stop = stop
        if self.user:
            become(self.user, self.groups)
        random.seed()
        signal.signal(signal.SIGALRM, stuck)
        while not (end.is_set() and self.count >= self.enough) and time.monotonic() < deadline:
            self.once()
            time.sleep(random.uniform(*self.pause))
        if self.count < self.enough:
            self.wrong("did %d of %d operations" % (self.count, self.enough))

