"""cut - one row, with the power going out at any moment of it: disk.py says what may be on the disk then."""
import hashlib
import os
import random
import shutil
import time

import disk
import faults
import rows
import store
from rows import DONE, UNKNOWN


class Cutter(faults.Runner):
    def __init__(self, row, place, front, seed, samples, lie=None):
        super().__init__(row, place, front)
        self.dice = random.Random(seed)
        self.samples = samples
        self.lie = lie
        self.seen = set()
        self.torn = 0
        self.hold = place.folder + "/hold"

    def run(self):
        before = store.Snapshot(self.place)
        for label, steps in self.variants(before):
            before.restore()
            records, marks = self.record(steps)
            self.keep_inode(before)
            self.replay(label, steps, before, records, marks)
            self.let_go()
        if self.count < 2:
            self.complain("all", ["nothing was recorded that changes the disk"])

    def record(self, steps):
        """All records of the steps, and for each step where among them it begins and where it was promised."""
        records, marks = [], []
        for step in steps:
            more = {"LIE": self.lie} if self.lie else {}
            _, log = self.log_of(step, **more)
            begin = len(records)
            mine = disk.parse(log)
            promises = [begin + n for n, record in enumerate(mine) if record == ["p", "0"]]
            records += mine
            marks.append((begin, promises[0] if promises else None))
        return records, marks

    def keep_inode(self, before):
        """The mailbox's inode is in journals, notes and ledgers, so it must be the recorded one."""
        self.inode = os.stat(self.place.box).st_ino if os.path.exists(self.place.box) else None
        if self.inode and self.place.box in before.inodes and before.inodes[self.place.box] != self.inode:
            self.inode = None

    def let_go(self):
        if os.path.isdir(self.hold):
            os.rmdir(self.hold)
        elif os.path.exists(self.hold):
            os.unlink(self.hold)
        self.inode = None

    def replay(self, label, steps, before, records, marks):
        model = disk.Disk(before, self.place.mail, self.place.state)
        for moment, record in enumerate([*records, None]):
            if record is None or record[0] not in "cp" or self.is_mark(moment, marks):
                self.look(label, steps, model, moment, marks, record)
            if record and record[0] not in "cp":
                model.feed(record)

    @staticmethod
    def is_mark(moment, marks):
        return any(promise == moment - 1 for _, promise in marks)

    def look(self, label, steps, model, moment, marks, record):
        outcomes = [self.outcome_at(mark, moment) for mark in marks]
        name = "%spower cut before record %d (%s)" % (label, moment, describe(record))
        for what, folders, files in model.states(self.dice, self.samples):
            key = hashlib.sha1(repr((outcomes, sorted(folders), [
                (path, hash(text)) for path, (_, text) in sorted(files.items())])).encode()).digest()
            if key in self.seen:
                continue
            self.seen.add(key)
            self.count += 1
            self.materialize(folders, files)
            wrong = self.judge(steps, outcomes)
            if not wrong and steps[-1].brings:
                wrong = self.go_on(steps)
            self.complain(name + ", on disk: " + what, wrong)

    def go_on(self, steps):
        """A conversion goes on where it was, whatever is on the disk."""
        status, _ = self.place.run(steps[-1].verb, CLOCK=faults.CLOCK)
        if status != 0:
            return ["the second time: status %d, %s" % (status, self.place.said())]
        outcomes = [*[UNKNOWN] * (len(steps) - 1), DONE]
        return ["the second time: " + wrong for wrong in self.judge(steps, outcomes, pieces=steps[-1].brings)]

    @staticmethod
    def outcome_at(mark, moment):
        return DONE if mark[1] is not None and mark[1] < moment else UNKNOWN

    def materialize(self, folders, files):
        box = self.place.box
        if os.path.isdir(self.hold) and os.path.exists(box):  # somebody has made another one
            shutil.rmtree(box)
        if os.path.isfile(box) and os.stat(box).st_ino == self.inode:
            os.rename(box, self.hold)
        store.keep_apart(self.place, files)
        for top in self.place.trees:
            for folder, _, _ in os.walk(top, topdown=False):
                if folder == box and folder not in folders and os.stat(box).st_ino == self.inode:
                    os.rename(box, self.hold)
                elif folder not in folders:
                    os.rmdir(folder)
        if box in folders and os.path.isdir(self.hold) and not os.path.exists(box):
            os.rename(self.hold, box)
        for folder in sorted(folders):
            os.makedirs(folder, exist_ok=True)
        if box in files and files[box][0] == self.inode and os.path.exists(self.hold):
            os.rename(self.hold, box)
        then = time.time() - 600
        store.put(files)
        for path in files:
            os.utime(path, (then, then))

    def judge(self, steps, outcomes, out=b"", pieces=()):
        """pieces: numbers of messages of which a power cut may have left some, though they are there by now."""
        row = rows.dataclasses.replace(self.row, steps=steps)
        if hasattr(row.store, "judge"):
            return row.store.judge(self.place, steps, outcomes)
        wanted = rows.wanted(row, outcomes, fragments=row.store.tears)
        wanted.maybe.update({number: 1 for number in pieces})
        found, wrong = self.place.dump()
        if found is None:
            return [wrong]
        complaints = wanted.complaints(found)
        if wanted.torn:
            self.torn += 1
            return complaints + self.changed_source()
        return complaints + self.changed_source() + faults.unread(self.row.store, self.place, found)


def describe(record):
    if record is None:
        return "the end"
    return " ".join(str(f) if isinstance(f, str) else "%d octets" % len(f) for f in record).rsplit("%2F", 1)[-1]
