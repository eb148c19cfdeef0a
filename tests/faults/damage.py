"""damage - mailboxes that are damaged, what a repair must make of them, and what may be there if something goes wrong
meanwhile: the old mailbox or the new one, octet for octet, and of what was taken out a file that tells it.
"""
import os
import re

import mail
import store

FROM = b"From a@b Tue Nov 24 13:00:00 2026\n"
ADDED = re.compile(rb"^From MAILER-DAEMON [^\n]{24}\n", re.M)  # its date is the mailbox's


def piece(number, size):
    return FROM + store.UNQUOTED.sub(rb">\1", mail.make(number, size)) + b"\n"


def glued(number, size):
    assert number % 3  # or else its own end is an empty line
    return piece(number, size)[:-1]


class Damaged(store.Mbox):
    """old, new: octets. Each row has a class of its own."""
    tears = False
    old = new = b""

    @classmethod
    def make(cls, place, messages):
        store.write(place.box, cls.old)

    @classmethod
    def rubbish(cls, place):
        return [path for path in store.Mbox.rubbish(place) if ".damaged" not in path.rsplit("/", 1)[1]]

    @classmethod
    def judge(cls, place, steps, outcomes):
        """Open the mailbox once more, which fails if it still begins with no From_ line, and say what is wrong."""
        status, _ = place.run(["list"])
        text = ADDED.sub(b"From MAILER-DAEMON\n", store.read(place.box))
        is_new = text.startswith(cls.new)
        if not is_new and not text.startswith(cls.old):
            return ["neither the old mailbox nor the new one: %d octets for %d or %d, %s" % (
                len(text), len(cls.old), len(cls.new), place.said())]
        if is_new and status != 0:
            return ["the new mailbox can't be opened: " + place.said()]
        wrong = ["left behind: " + path.rsplit("/", 1)[1] for path in cls.rubbish(place)]
        wrong += cls.judge_beside(place) if is_new else []
        tail = text[len(cls.new if is_new else cls.old):]
        for step, outcome in zip(steps, outcomes):
            if step.verb[0] == "repair" and outcome == "done" and not is_new:
                wrong.append("repaired, but it is the old mailbox")
            if step.number and outcome == "done" and not cls.has(tail, step.message()):
                wrong.append("message %d is lost or glued" % step.number)
        return wrong

    @staticmethod
    def has(tail, message):
        found = [mail.strip(store.Mbox.message(part)) for part in store.split(tail.lstrip(b"\n"))]
        return tail.startswith((b"From ", b"\n")) and found.count(message) in (1, 2)  # once more: nobody was told

    @classmethod
    def judge_beside(cls, place):
        """One of the files beside tells how to come from the new mailbox to the old one."""
        paths = [path for path in store.files(place) if ".damaged" in path.rsplit("/", 1)[1]]
        if cls.takes() and cls.old not in [cls.undo(store.read(path)) for path in paths]:
            return ["what was taken out is lost: %s" % paths]
        return []

    @classmethod
    def takes(cls):
        return not cls.is_part(cls.old, cls.new)

    @staticmethod
    def is_part(old, new):
        left = iter(new)
        return all(octet in left for octet in old)

    @classmethod
    def undo(cls, told):
        """The old mailbox, or None: the file was not written to its end."""
        old, at, now = b"", 0, 0
        while now < len(told):
            line, _, _ = told[now:].partition(b"\n")
            now += len(line) + 1
            words = line.split()
            if line.startswith(b"#"):
                continue
            if len(words) != 3:
                return None
            offset, length = int(words[1]), int(words[2])
            keep = offset - len(old)
            old, at = old + cls.new[at:at + keep], at + keep
            if words[0] == b"zeros":
                old += bytes(length)
                continue
            octets = ADDED.sub(b"From MAILER-DAEMON\n", told[now:now + length])
            now += length + 1
            if words[0] == b"taken":
                old += octets
            elif cls.new[at:at + len(octets)] == octets:
                at += len(octets)
            else:
                return None
        return old + cls.new[at:]


class Small(Damaged):
    """It becomes a little larger."""
    name = "mbox"
    new = b"From MAILER-DAEMON\n" + mail.make(1, 700) + b"\n" + piece(2, 3000) + piece(3, 300) + piece(4, 5000)
    old = mail.make(1, 700) + b"\n" + glued(2, 3000) + piece(3, 300) + piece(4, 5000)


class Shrinking(Damaged):
    name = "mbox"
    front = b"no header\nnor anything else\n\n"
    middle = piece(2, 6000)
    end = piece(5, 900)[:-30]
    new = piece(1, 400) + middle + piece(4, 3000) + end + b"\n\n"
    old = front + piece(1, 400) + middle[:3000] + bytes(1701) + middle[3000:] + glued(4, 3000) + end


class Large(Damaged):
    """Several pieces of the journal."""
    name = "mbox"
    new = b"".join([piece(1, 90000), piece(2, 700), piece(4, 60000), piece(5, 20000)[:-9] + b"\n\n"])
    old = b"".join([piece(1, 90000)[:-1], glued(2, 700), glued(4, 60000), piece(5, 20000)[:-9]])


class Cut(Damaged):
    """Only its end is another."""
    name = "mbox"
    old = piece(1, 3000) + piece(2, 3000)[:-7]
    new = old + b"\n\n"


class RewrittenAsNew(Small):
    """Another program writes all of it anew, as large as the repaired one is: then that is what counts."""
    size = len(Small.new) + len(b" Tue Nov 24 13:00:00 2026")

    @classmethod
    def other(cls):
        front = piece(7, 2000) + FROM + b"A: b\n\n"
        return front + b"z" * (cls.size - len(front) - 2) + b"\n\n"

    @classmethod
    def append(cls, place, octets):
        with open(place.box, "r+b") as file:
            file.truncate(0)
            file.write(cls.other())

    @classmethod
    def judge(cls, place, steps, outcomes):
        status, _ = place.run(["list"])
        wrong = [] if status == 0 else ["it can't be opened: " + place.said()]
        return wrong + ([] if store.read(place.box) == cls.other() else ["it is not what the other program wrote"])


class RewrittenAsOld(RewrittenAsNew):
    """As large as the damaged one."""
    size = len(Small.old)


class Misnamed(store.Maildir):
    """Whose files' names tell wrong sizes: whatever happens to the names, each message stays there once."""
    @staticmethod
    def make(place, messages):
        store.Maildir.make(place, messages)
        for folder in ("new", "cur"):
            path = place.box + "/" + folder
            for name in os.listdir(path):
                base, colon, info = name.partition(":")
                os.rename("%s/%s" % (path, name), "%s/%s,S=1,W=2%s%s" % (path, base, colon, info))


KINDS = (("that grows", Small), ("that shrinks", Shrinking), ("in several pieces", Large), ("of the end", Cut))
