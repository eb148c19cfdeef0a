"""consumers - the hammer's actors that remove messages: each those that are meant for it, and only after it has verified
their octets. And the idle session, which removes none.
"""
import imaplib
import mailbox
import os
import poplib
import pty
import random
import select
import subprocess
import time

import message
from actor import Actor, Busy, Held, Turn, become


class Consumer(Actor):
    receiver = None
    pause = (0.5, 2)

    def operation(self):
        if self.place.size() < self.place.low and not self.stop.is_set():
            raise Busy("small enough")
        self.remove()

    def remove(self):
        raise NotImplementedError

    def settle(self, idents, sure):
        if idents:
            self.note(**{"removed" if sure else "maybe": idents})


class Pop3(Consumer):
    """A POP3 session: ours, or Dovecot's. What is ours must never hand out another message than the one it named."""
    receiver, port, strict, most = "pop3", 110, True, 60

    def dial(self):
        try:
            pop = poplib.POP3("127.0.0.1", self.port, timeout=300)
            pop.user(self.place.user)
            pop.pass_("secret")
        except poplib.error_proto as why:
            raise Busy(str(why)) from None
        return pop

    def retrieve(self, pop, number):
        """(id, receiver), or None if it isn't there any more."""
        try:
            text = b"\n".join(pop.retr(number)[1]) + b"\n"
        except poplib.error_proto as why:
            if "EOF" in str(why):
                raise
            return None
        try:
            return message.parse(text)
        except message.Damaged as why:
            if self.strict:
                self.damaged(why)
            return None

    def is_mine(self, pop, number):
        try:
            return b"Subject: for %s id" % self.receiver.encode() in b"\n".join(pop.top(number, 0)[1])
        except poplib.error_proto as why:
            if "EOF" in str(why):
                raise
            return False

    def mark(self, pop):
        """Ids of messages that are marked now."""
        idents = []
        for number in range(1, pop.stat()[0] + 1):
            if len(idents) < self.most and self.is_mine(pop, number):
                found = self.retrieve(pop, number)
                if found and found[1] == self.receiver:
                    pop.dele(number)
                    idents.append(found[0])
        return idents

    def remove(self):
        pop = self.dial()
        try:
            idents = self.mark(pop)
        except poplib.error_proto as why:  # before QUIT nothing is removed
            raise Busy(str(why)) from None
        try:
            sure = pop.quit().startswith(b"+OK")
        except (OSError, EOFError, poplib.error_proto) as why:
            self.settle(idents, False)
            raise Busy("QUIT: " + str(why)) from None
        self.settle(idents, sure)


class Idle(Pop3):
    """Holds the session lock for seconds, which is nobody else's concern."""
    pause = (2, 6)

    def operation(self):
        pop = self.dial()
        try:
            self.idle(pop)
        except poplib.error_proto as why:
            raise Busy(str(why)) from None

    def idle(self, pop):
        count = pop.stat()[0]
        end = time.monotonic() + random.uniform(1, 6)
        while time.monotonic() < end:
            pop.noop()
            time.sleep(0.3)
        for number in random.sample(range(1, count + 1), min(count, 5)):
            self.retrieve(pop, number)
        pop.quit()


class DovecotPop3(Pop3):
    receiver, port, strict, most = "dovecot-pop3", 1110, False, 5

    def remove(self):
        with Turn(self.place):
            super().remove()


class DovecotImap(Consumer):
    receiver = "imap"

    def find(self, imap):
        """Numbers and ids of whole messages for this receiver."""
        for number in imap.search(None, "SUBJECT", '"for imap id"')[1][0].split()[:5]:
            answer = imap.fetch(number, "(BODY.PEEK[])")[1]
            try:
                ident, whom = message.parse(answer[0][1])
            except (message.Damaged, TypeError, IndexError):
                continue  # being appended by somebody who has the dotlock alone
            if whom == self.receiver:
                yield number, ident

    def remove(self):
        try:
            with Turn(self.place), imaplib.IMAP4("127.0.0.1", 1143, timeout=300) as imap:
                imap.login(self.place.user, "secret")
                imap.select()
                found = list(self.find(imap))
                for number, _ in found:
                    imap.store(number, "+FLAGS.SILENT", "\\Deleted")
                self.expunge(imap, [ident for _, ident in found])
        except imaplib.IMAP4.error as why:
            raise Busy(str(why)) from None

    def expunge(self, imap, idents):
        """OK does not say that each of them is gone: where the mailbox was changed meanwhile a flag may be lost."""
        left, sure = set(), False
        try:
            if imap.expunge()[0] == "OK":
                left = {ident for _, ident in self.find(imap)}
                sure = True
        except (OSError, imaplib.IMAP4.error):
            pass
        self.settle([ident for ident in idents if ident not in left], sure)


class Mutt(Consumer):
    """Its keys are pushed; what it does not use of them, and anything it asks, ends with ^G and x (leave as it is)."""
    receiver = "mutt"
    pause = (1, 3)

    def remove(self):
        with Held(self.place) as held:
            text = held.read()
        idents = [ident for ident, whom in self.parse(message.split(text)) if whom == self.receiver][:8]
        self.note(padding=message.padding(text))
        if not idents:
            raise Busy("none")
        keys = '<delete-pattern>~s "id (%s)$"<enter><sync-mailbox><exit>' % "|".join(idents)
        with Turn(self.place, Turn.ALL):
            while self.dovecot_is_there():
                time.sleep(0.02)
            self.drive(["mutt", "-n", "-F", "/srv/locks/muttrc", "-f", self.place.path, "-e", "push '%s'" % keys])
        with Held(self.place) as held:
            left = {found[1].decode() for found in message.SUBJECT.findall(held.read())}
        gone = [ident for ident in idents if ident not in left]
        self.settle(gone, True)
        if not gone:
            raise Busy("mutt removed none")

    def dovecot_is_there(self):
        """It writes what is left to be written after its client is gone."""
        return subprocess.run(["pgrep", "-x", "imap|pop3"], stdout=subprocess.DEVNULL).returncode == 0

    def drive(self, command):
        pid, fd = pty.fork()
        if pid == 0:
            become(self.place.user)
            os.environ["TERM"] = "vt100"
            os.execvp(command[0], command)
        try:
            while True:
                if not select.select([fd], [], [], 4)[0]:
                    os.write(fd, b"\x07x")
                elif not os.read(fd, 65536):
                    break
        except OSError:  # that is how a terminal ends
            pass
        os.close(fd)
        os.waitpid(pid, 0)


class Python(Consumer):
    """mailbox.mbox: moves messages to another one. It replaces the mailbox by renaming a new one."""
    receiver, groups = "python", ("mail",)

    def __init__(self, place, name):
        super().__init__(place, name)
        self.user = place.user

    def remove(self):
        with Turn(self.place):
            self.take()

    def take(self):
        box = mailbox.mbox(self.place.path, create=False)
        try:
            box.lock()
        except mailbox.ExternalClashError:
            box.close()
            raise Busy("locked") from None
        try:
            if not os.path.samestat(os.fstat(box._file.fileno()), os.stat(self.place.path)):
                raise Busy("replaced")
            self.move(box)
        finally:
            box.unlock()
            box.close()

    def move(self, box):
        idents = []
        for key in box.keys():
            for ident, whom in self.parse([box.get_bytes(key)]):
                if whom == self.receiver and len(idents) < 12:
                    box.remove(key)
                    idents.append(ident)
        try:
            box.flush()
        except mailbox.ExternalClashError:  # the new file has its name by now, and somebody else the kernel's lock on it
            pass
        self.settle(idents, True)
