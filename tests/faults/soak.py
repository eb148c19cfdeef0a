#!/usr/bin/env python3
"""soak - many processes use one mailbox for long, and are killed and failed at random.

usage: tests/faults/soak.py    BUILD names the build folder

For each of SEEDS, OPS operations: deliveries by up to three processes at once, removals, reading, and what another
program appends (which respects dotlock and fcntl). A third of them is killed, or has a call fail, at a random call.
The driver knows what must be there: what was promised is there once, in its place; what was not promised, at most once;
a removal is whole or not at all. It looks all the time. Odd seeds run on memory, even ones on the file system of TMPDIR.
STORE=mbox or maildir takes only one of them. A seed says what is tried; which of several processes comes first is up to
the kernel.
"""
import collections
import os
import random
import select
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import faults
import mail
import rows
import store
import tool

SEEDS = os.environ.get("SEEDS", "1 2").split()
STORE = os.environ.get("STORE")
OPS = int(os.environ.get("OPS", "100000"))
KINDS = ("before", "before", "before", "after", "half", "half", "short", "one", "ENOSPC", "ENOSPC+", "full", "EDQUOT", "EIO",
         "EIO+", "EINTR")
SIZES = (200, 400, 400, 1000, 3000, 9000, 40000)
FULL = 60           # messages: from here on more is removed
WAIT = "20"         # seconds for a lock


class Broken(Exception):
    pass


class Soak:
    def __init__(self, folder, kind, seed):
        self.dice = random.Random(seed)
        self.kind = kind
        self.slots = [tool.Place(folder, kind.prefix, "." + str(n), True) for n in range(4)]
        self.place = tool.Place(folder, kind.prefix, ".look", True)
        for slot in (*self.slots, self.place):
            slot.server = tool.Server()
        for tree in self.place.trees:
            os.makedirs(tree)
        self.next = 1
        self.messages = {}                 # number -> octets
        self.kept = []                     # numbers, in their order
        self.batch = {}                    # number -> when it came: those of one batch are in any order
        self.batches = 0
        self.maybe = {}                    # number -> 1, since the last look
        self.going = []                    # a removal that nobody knows the end of
        self.jobs = {}                     # slot -> what runs there
        self.ended = []                    # (slot, what, status)
        self.foreign = False               # another program has appended since the last look
        self.history = collections.deque(maxlen=40)
        self.count = collections.Counter()

    def faults(self, share):
        if self.dice.random() >= share:
            return {}
        return {"KIND": self.dice.choice(KINDS), "AT": self.dice.randint(1, self.dice.choice((15, 40, 80)))}

    def start_delivery(self, slot):
        number, self.next = self.next, self.next + 1
        size = 300000 if self.dice.random() < 0.005 else self.dice.choice(SIZES)
        self.messages[number] = mail.make.__wrapped__(number, size)
        self.batch[number] = self.batches
        how = self.faults(0.35)
        slot.begin(["deliver", "a@b", "c@d"], self.messages[number], SPOOL_TOOL_WAIT=WAIT, **how)
        self.jobs[slot] = "deliver", number, how

    def start_removal(self, slot):
        self.look()
        if not self.kept:
            return
        places = range(1, len(self.kept) + 1)
        chosen = self.dice.choice((
            lambda: [1], lambda: [self.dice.choice(places)], lambda: places[-self.dice.randint(1, 3):],
            lambda: [n for n in places if self.dice.random() < self.dice.choice((0.1, 0.5, 0.9))] or [1],
            lambda: places if len(places) > FULL or self.dice.random() < 0.1 else [1]))()
        how = self.faults(0.45)
        slot.begin(["remove", *map(str, chosen)], SPOOL_TOOL_WAIT=WAIT, **how)
        self.jobs[slot] = "remove", [self.kept[n - 1] for n in chosen], how

    def step(self):
        self.batches += 1
        what = self.dice.random()
        if what < 0.25 or (len(self.kept) > FULL and what < 0.6):
            self.start_removal(self.slots[3])
        if what > 0.15:
            for slot in self.slots[:self.dice.randint(1, 3)]:
                self.start_delivery(slot)
        if self.dice.random() < 0.06:
            self.append()
        while self.jobs:
            self.reap(None)
        for slot, what, status in self.ended:
            self.note(slot, what, status)
        self.ended = []
        if self.dice.random() < 0.05:
            self.read_badly()

    def reap(self, seconds):
        """Whoever has ended, in their order; None: wait for one."""
        for server in select.select([slot.server for slot in self.jobs], [], [], seconds)[0]:
            slot = next(slot for slot in self.jobs if slot.server is server)
            what, status = self.jobs.pop(slot), slot.end()
            self.history.append("%s %s %s: %d" % (*what, status))
            self.ended.append((slot, what, status))

    def note(self, slot, what, status):
        verb, subject, how = what
        self.count["operations"] += 1
        self.count["killed"] += status == tool.KILLED
        self.count["failed"] += status > 0
        if status not in (0, 1, tool.KILLED) or (status and not how):
            raise Broken("%s %s %s: exit status %d, %s" % (verb, subject, how, status, slot.said()))
        if verb == "deliver":
            if status == 0:
                self.kept.append(subject)
            else:
                self.maybe[subject] = 1
        else:
            self.kept = [number for number in self.kept if number not in subject]
            if status != 0:
                self.going.append(tuple(subject))

    def append(self):
        """As another mail program does it."""
        number, self.next = self.next, self.next + 1
        self.messages[number] = mail.make.__wrapped__(number, 500)
        self.batch[number] = self.batches
        lock = self.place.box + ".lock"  # nobody minds where there is nothing to lock
        deadline = time.monotonic() + 60
        while not take(lock):
            if self.jobs:
                self.reap(0)
            if not self.jobs and os.path.exists(lock):
                os.unlink(lock)  # whoever made it was killed, though another may have its id by now
            if time.monotonic() > deadline:
                raise Broken("another program gets no dotlock within a minute" + holder(lock))
            time.sleep(0.001)
        try:
            if not os.path.exists(self.place.box):
                self.kind.make(self.place, [])
            self.kind.append(self.place, self.messages[number])
        finally:
            os.unlink(lock)
        self.kept.append(number)
        self.foreign = True
        self.count["operations"] += 1
        self.history.append("another program appends %d" % number)

    def read_badly(self):
        """What is read while a call fails is what is there, or nothing."""
        self.look()
        how = self.faults(1)
        status, out = self.place.run(["dump"], SPOOL_TOOL_WAIT=WAIT, **how)
        self.count["operations"] += 1
        self.history.append("dump %s: %d" % (how, status))
        if status not in (0, 1, tool.KILLED):
            raise Broken("dump %s: exit status %d, %s" % (how, status, self.place.said()))
        if status == 0:
            self.judge(tool.parse_dump(out))

    def look(self):
        status, out = self.place.run(["dump"], SPOOL_TOOL_WAIT=WAIT)
        if status != 0:
            raise Broken("the mailbox can't be read: status %d, %s%s" % (
                status, self.place.said(), holder(self.place.box + ".lock")))
        self.judge(tool.parse_dump(out))

    def judge(self, found):
        wanted = mail.Wanted(self.messages, [], self.going, self.maybe, self.foreign)
        seen = []
        for octets in found:
            number = wanted.by_text.get(mail.strip(octets))
            if number is None and self.foreign and wanted.is_fragment(octets):
                number, self.next = self.next, self.next + 1
                self.messages[number] = mail.strip(octets)  # it stays, as a message like others
                self.batch[number] = self.batch[seen[-1]] if seen else 0
                self.kept.append(number)
                self.count["fragments"] += 1
            if number is None:
                raise Broken("; ".join(wanted.explain(mail.strip(octets))))
            seen.append(number)
        kept = sorted(self.kept, key=seen_order(seen))
        wrong = mail.Wanted(self.messages, kept, self.going, self.maybe).complaints(found)
        wrong += faults.unread(self.kind, self.place, found)
        when = [self.batch[number] for number in seen]
        if wrong or when != sorted(when):
            raise Broken("; ".join(wrong) or "the order is %s" % seen)
        self.messages = {number: self.messages[number] for number in seen}
        self.kept, self.maybe, self.going, self.foreign = seen, {}, [], False
        self.count["looks"] += 1

    def run(self, ops):
        while self.count["operations"] < ops:
            self.step()
            if self.batches % 5 == 0:
                self.look()
        self.look()

    def close(self):
        for slot in (*self.slots, self.place):
            slot.server.close()


def seen_order(seen):
    places = {number: place for place, number in enumerate(seen)}
    return lambda number: places.get(number, -1)


def holder(lock):
    """Who has the dotlock."""
    try:
        pid = store.read(lock).decode().strip()
        with open("/proc/%s/cmdline" % pid, encoding="utf-8") as file:
            return "; %s has the dotlock: %s" % (pid, file.read().replace("\0", " "))
    except OSError as error:
        return "; %s" % error


def take(lock):
    """As dotlockfile(1) does it: made whole, then linked."""
    mine = "%s.%d" % (lock, os.getpid())
    with open(mine, "w", encoding="ascii") as file:
        file.write("%d\n" % os.getpid())
    try:
        os.link(mine, lock)
        return True
    except FileExistsError:
        return False
    finally:
        os.unlink(mine)


def soak(kind, seed, ops):
    """Where, what was done, what is wrong: lines, none if nothing is."""
    where = "memory" if seed % 2 and os.access("/dev/shm", os.W_OK) else "disk"
    folder = tempfile.mkdtemp(prefix="soak-of-pillarbox.", dir="/dev/shm" if where == "memory" else None)
    run = Soak(folder + "/place", kind, seed)
    wrong = []
    try:
        run.run(ops)
    except Broken as broken:
        saved = "%s/faults/soak-%s-%d" % (tool.BUILD, kind.name, seed)
        shutil.rmtree(saved, ignore_errors=True)
        shutil.copytree(folder, saved)
        wrong = [str(broken), "the mailbox as it is then: " + saved, "before that:", *run.history]
    finally:
        run.close()
        shutil.rmtree(folder)
    return where, ", ".join("%d %s" % (n, what) for what, n in sorted(run.count.items())), wrong


def main():
    tests = [(kind, int(seed)) for seed in SEEDS for kind in rows.STORES if not STORE or STORE == kind.name]
    failed = 0
    for number, (kind, seed) in enumerate(tests):
        begin = time.monotonic()
        where, done, wrong = soak(kind, seed, OPS)
        failed += bool(wrong)
        print("%sok %d - %s: soak, seed %d, %s: %s in %.0f s" % (
            "not " * bool(wrong), number + 1, kind.name, seed, where, done, time.monotonic() - begin))
        print("".join("#   %s\n" % line for line in wrong), end="", flush=True)
    print("\n%d passed, %d failed" % (len(tests) - failed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
