"""holders - actors that lock the mailbox, in either order, and see that nobody else touches it meanwhile; and those
that kill who holds a lock.
"""
import fcntl
import hashlib
import os
import random
import signal
import subprocess
import time

from actor import Actor, Busy, Held


class Holder(Actor):
    """Waits for the second lock while it holds the first, but not for ever: among themselves they would lock up."""
    groups = ("mail",)
    pause = (1, 4)
    order = None
    patience = 3

    def __init__(self, place, name):
        super().__init__(place, name)
        self.user = place.user

    def fcntl(self, deadline):
        while True:
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                self.wait(deadline)

    def dot(self, deadline):
        while True:
            try:
                fd = os.open(self.place.lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
                os.write(fd, b"%d\n" % os.getpid())
                self.inode = os.fstat(fd).st_ino
                os.close(fd)
                return
            except FileExistsError:
                self.wait(deadline)

    def wait(self, deadline):
        if time.monotonic() > deadline:
            raise Busy("gave up waiting")
        time.sleep(0.01)

    def is_mine(self):
        try:
            return os.stat(self.place.lock).st_ino == self.inode
        except FileNotFoundError:
            return False

    def operation(self):
        self.inode = None
        with open(self.place.path, "rb+", buffering=0) as self.file:
            deadline = time.monotonic() + self.patience
            try:
                for lock in self.order:
                    getattr(self, lock)(deadline)
                self.hold()
            finally:
                if self.inode is not None and self.is_mine():
                    os.unlink(self.place.lock)

    def state(self):
        """Not its times: mutt puts them back when it has given up its locks."""
        st = os.stat(self.place.path)
        self.file.seek(0)
        return st.st_dev, st.st_ino, st.st_size, hashlib.sha256(self.file.read()).hexdigest()

    def hold(self):
        if not os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.place.path)):
            raise Busy("the mailbox was replaced")
        before = self.state()
        time.sleep(random.uniform(0.05, 0.7))
        if self.state() != before:
            self.wrong("the mailbox was changed although it was locked: %r, now %r" % (before, self.state()))
        if not self.is_mine():
            self.wrong("a live lock was broken")


class FcntlFirst(Holder):
    order = ("fcntl", "dot")


class DotFirst(Holder):
    order = ("dot", "fcntl")


class RootHolder(DotFirst):
    """A lock of root's, which the user may not even signal."""

    def __init__(self, place, name):
        super().__init__(place, name)
        self.user = None


class Killed(Actor):
    """A program that is killed while it holds both locks: its dotlock stays, and names a process that is gone."""
    groups = ("mail",)
    pause = (4, 9)

    def __init__(self, place, name):
        super().__init__(place, name)
        self.user = place.user

    def operation(self):
        pid = os.fork()
        if pid == 0:
            signal.alarm(0)
            Held(self.place).__enter__()
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)


class Killer(Actor):
    """kill -9 for one of our processes: not for a listener, which nobody is connected to."""
    pause = (2, 5)
    victims = ("smtp-session", "pop3-session")

    def operation(self):
        table = subprocess.run(["ps", "-eo", "pid=,ppid=,comm="], capture_output=True, text=True).stdout
        rows = [line.split() for line in table.splitlines()]
        ours = {row[0] for row in rows if row[2] in self.victims}
        victims = [row[0] for row in rows if row[2] in self.victims and row[1] in ours]
        if not victims:
            raise Busy("nobody there")
        try:
            os.kill(int(random.choice(victims)), signal.SIGKILL)
        except ProcessLookupError:
            raise Busy("too late") from None


class AgentKiller(Killer):
    """For monitors, which hold dotlocks, and for users' children, which hold the rest."""
    pause = (1, 3)
    victims = ("spool-agent",)
