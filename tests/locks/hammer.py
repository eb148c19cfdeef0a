#!/usr/bin/env python3
"""hammer - everybody at once on one mailbox, for a while, and then the accounts are made up.

usage: hammer.py MIX SECONDS USER FOLDER SCRATCH

MIX: all, control (the same without Pillarbox), killed (Pillarbox's agents are killed); or names of actors, with commas, to
find out who of them get in each other's way. Exit status 0: each message that
was sent is there once, or was removed once by the one it was meant for; none is damaged; no lock is left; nobody was
kept from working.
"""
import collections
import json
import mailbox
import multiprocessing
import os
import poplib
import pwd
import subprocess
import sys
import time

import consumers
import holders
import message
import senders
from actor import Held, Place

# What the others do to each other is not ours to mend; "control" must pass, too, and for that some things are as they are:
#
#	Dovecot with Debian's defaults (read: fcntl; write: fcntl, dotlock) waits for the dotlock while it holds fcntl's:
#	two of its sessions wait for each other, or one for Postfix or procmail (dotlock, fcntl), for two minutes; then it
#	breaks the live dotlock, and messages are damaged or doubled. So it has "dotlock fcntl" for both: locks.bash.
#	mutt asks "Lock count exceeded, remove lock?" and may take a key that was meant for something else for a yes:
#	mutt-dotlock in locks.bash.
#	Dovecot sees half a message while somebody appends who has the dotlock alone: what it shows is not judged.
#	Dovecot answers EXPUNGE with OK though it has kept a message whose flag was lost: what it shows afterwards counts.
#	procmail writes one octet, sleeps for a second and goes on: who does not respect both of its locks gets between.
#	mutt and whoever puts a new file in the mailbox's place, as Python does, or moves messages and keeps its size, as
#	Dovecot does when a header needs more room, damage messages: octets of those that are kept turn into LF ("From a@"
#	LF "xample.net"). mutt (2.2.12, mbox.c) opens the mailbox, waits for the locks, and then reads where messages are
#	from what it has open, but the size by name (mbox_parse_mailbox). Before it writes it opens the mailbox again, by
#	name, and if the size is the same as then it looks no further (mbox_check_mailbox): it copies to the mailbox what
#	is now where messages were in the old file, with one LF behind each. Each write and lock of all programs was
#	recorded: mutt had its lock for reading on one inode, the one for writing on the next, Python's rename was between
#	them, and the damage began with mutt's writes. To see it alone: have the mailbox locked, start mutt, rename a new
#	mailbox over it, unlock, and delete a message in mutt. No setting of theirs helps, so they take turns: Turn.
#	Python's mailbox finds, after it has put a new file in the old one's place, that somebody else has locked that.
OURS = [(senders.Smtp, 2), (senders.Inetd, 1), (consumers.Pop3, 1), (consumers.Idle, 1)]
APPENDING = [(senders.Postfix, 1), (senders.Procmail, 1), (senders.Dotlockfile, 1), (senders.DotlockfilePid, 1),
             (senders.Lockfile, 1)]
READING = [(consumers.DovecotPop3, 1), (consumers.DovecotImap, 1), (consumers.Mutt, 1), (consumers.Python, 1)]
HOLDING = [(holders.FcntlFirst, 1), (holders.DotFirst, 1), (holders.RootHolder, 1)]
MIXES = {
    "all": OURS + APPENDING + READING + HOLDING + [(holders.Killed, 1), (holders.Killer, 1)],
    "control": APPENDING + READING + HOLDING,
    # A program that appends without a look at what the mailbox ends in could not be told from what was killed.
    "killed": OURS + READING + HOLDING + [(holders.Killed, 1), (holders.AgentKiller, 1)],
}
RECEIVERS = ["pop3"] * 8 + ["dovecot-pop3", "imap", "mutt", "mutt", "python", "python", "nobody"]
LOW, HIGH = 4 << 20, 9 << 20
PATIENCE = 600  # seconds for what must come to an end, however slow the machine is


def fill(place, user):
    """A mailbox that is large from the beginning: several MB, runs of messages for one receiver."""
    sent = []
    text = b""
    for number in range(400):
        ident, body = message.make("before", number, place.receivers[number // 7 % len(place.receivers)], 14000)
        text += b"From a@example.net Thu Jan  1 00:00:00 2026\n" + message.QUOTED.sub(lambda m: b">" + m[0], body) + b"\n"
        sent.append(ident)
    with open(place.path, "wb") as file:
        file.write(text)
    os.chmod(place.path, 0o660)
    os.chown(place.path, user.pw_uid, -1)
    return sent


def choose(mix):
    """[(class, how many)]"""
    if mix in MIXES:
        return MIXES[mix]
    everybody = vars(senders) | vars(consumers) | vars(holders)
    return [(everybody[name], 1) for name in mix.split(",")]


def hammer(place, mix, seconds):
    stop, end = multiprocessing.Event(), multiprocessing.Event()
    deadline = time.monotonic() + seconds + PATIENCE
    actors = [kind(place, "%s%d" % (kind.__name__.lower(), n)) for kind, count in choose(mix) for n in range(count)]
    # Ours go on until all others have come to an end: nobody else takes away the locks of those that were killed.
    last = [isinstance(actor, (senders.Smtp, senders.Inetd)) for actor in actors]
    processes = [multiprocessing.Process(target=actor.run, args=(stop, end if late else stop, deadline))
                 for actor, late in zip(actors, last)]
    for process in processes:
        process.start()
    time.sleep(seconds)
    stop.set()
    for late in False, True:
        for process in (process for process, is_last in zip(processes, last) if is_last == late):
            process.join()
        end.set()
    failed = [actor.name for actor, process in zip(actors, processes) if process.exitcode != 0]
    return [actor.name for actor in actors], ["%s: see its traceback" % name for name in failed]


def drain():
    """Until Postfix has delivered all that it took."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        subprocess.run(["postqueue", "-f"])
        if "empty" in subprocess.run(["postqueue", "-p"], capture_output=True, text=True).stdout:
            return []
        time.sleep(1)
    return ["Postfix's queue has not become empty"]


class Accounts:
    """What the actors wrote down, put together."""

    def __init__(self, place, names, before):
        self.sent, self.unsure, self.maybe = set(before), set(), set()
        self.removed, self.wrong, self.damaged = collections.Counter(), [], []
        self.padding = 0
        for name in names:
            self.read(os.path.join(place.scratch, name + ".log"), name)

    def read(self, path, name):
        waits, notes, done = [], collections.Counter(), 0
        for line in open(path):
            record = json.loads(line)
            if "sent" in record:
                (self.sent if record["sure"] else self.unsure).add(record["sent"])
            self.removed.update(record.get("removed", ()))
            self.maybe.update(record.get("maybe", ()))
            self.padding += record.get("padding", 0)
            if "damaged" in record:
                self.damaged.append((record["damaged"], name, record["how"]))
            if "wrong" in record:
                self.wrong.append("%s: %s" % (name, record["wrong"]))
            if "did" in record:
                waits.append(record["did"])
                done += record["done"]
                notes[record["note"]] += 1
        del notes[""]
        print("# %-16s %4d done, longest %5.1f s%s" % (name, done, max(waits, default=0),
              "".join("; %d x %s" % (n, note) for note, n in notes.most_common(3))))

    def check(self, idents):
        """Are these, which are left, what must be left?"""
        left = set(idents)
        wrong = ["twice in the mailbox: " + i for i, n in collections.Counter(idents).items() if n > 1]
        wrong += ["removed twice: " + i for i, n in self.removed.items() if n > 1]
        wrong += ["lost: " + i for i in self.sent - left - set(self.removed) - self.maybe]
        wrong += ["removed, and there again: " + i for i in left & set(self.removed)]
        wrong += ["never sent: " + i for i in left - self.sent - self.unsure]
        print("# %d sent, perhaps %d more; %d removed, perhaps %d more; %d left" % (
            len(self.sent), len(self.unsure), len(self.removed), len(self.maybe), len(left)))
        return wrong


def read_strictly(place, spared):
    """(ids of what is left, what is wrong). Damage to `spared` messages was to be expected."""
    idents, wrong = [], []
    with Held(place) as held:
        text = held.read()
    for part in message.split(text):
        try:
            idents.append(message.parse(part)[0])
        except message.Damaged as why:
            if why.ident not in spared:
                wrong.append("damaged: %s: %s" % (why.ident, why))
    print("# the mailbox has %d octets, %d messages, %d with padding" % (
        len(text), len(idents), message.padding(text)))
    return idents, wrong


def by_pop3(place, port):
    pop = poplib.POP3("127.0.0.1", port, timeout=300)
    pop.user(place.user)
    pop.pass_("secret")
    texts = [b"\n".join(pop.retr(n)[1]) + b"\n" for n in range(1, pop.stat()[0] + 1)]
    pop.quit()
    return texts


def by_python(place):
    box = mailbox.mbox(place.path, create=False)
    return [box.get_bytes(key) for key in box.keys()]


def by_mutt(place):
    """Copied by mutt to another mailbox."""
    copy = os.path.join(place.scratch, "copy")
    command = ["mutt", "-n", "-F", "/srv/locks/muttrc", "-R", "-f", place.path, "-e",
               "push '<tag-pattern>~A<enter><tag-prefix><copy-message>%s<enter><exit>'" % copy]
    actor = consumers.Mutt(place, "mutt")
    actor.drive(command)
    return message.split(open(copy, "rb").read())


def read_by_others(place, idents, mix):
    """Do all others see what is there, octet for octet?"""
    readers = {"Dovecot": lambda: by_pop3(place, 1110), "Python": lambda: by_python(place), "mutt": lambda: by_mutt(place)}
    if mix != "control":
        readers["Pillarbox"] = lambda: by_pop3(place, 110)
    wrong = []
    for name, read in readers.items():
        try:
            seen = [message.parse(text)[0] for text in read()]
            if seen != idents:
                wrong.append("%s sees %d messages of %d, or others" % (name, len(seen), len(idents)))
        except Exception as why:  # whatever it is that it could not read
            wrong.append("%s: %r" % (name, why))
    return wrong


def main():
    mix, seconds, user, folder, scratch = sys.argv[1:]
    receivers = [r for r in RECEIVERS if mix != "control" or r != "pop3"]
    os.makedirs(scratch, mode=0o777)
    os.chmod(scratch, 0o1777)
    place = Place(user, folder, scratch, LOW, HIGH, receivers)
    before = fill(place, pwd.getpwnam(user))
    names, wrong = hammer(place, mix, int(seconds))
    wrong += drain()
    if mix != "control":
        by_pop3(place, 110)  # whoever was killed last may have left a lock
    if set(os.listdir(folder)) - {user}:
        wrong.append("left behind: %s" % (set(os.listdir(folder)) - {user}))
    accounts = Accounts(place, names, before)
    wrong += accounts.wrong
    spared = accounts.unsure | accounts.maybe if mix == "killed" else set()
    wrong += ["%s: damaged: %s: %s" % (name, ident, how) for ident, name, how in accounts.damaged if ident not in spared]
    print("# padding was seen %d times" % accounts.padding)
    idents, damaged = read_strictly(place, spared)
    wrong += damaged + accounts.check(idents)
    wrong += read_by_others(place, idents, mix)
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


main()
