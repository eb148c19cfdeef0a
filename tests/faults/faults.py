"""faults - one row, with each of the last step's calls going wrong in each way that it can."""
import re

import disk
import rows
import store
import tool
from rows import DONE, FAILED, UNKNOWN

KILLS = ("before", "after", "half")
CLOCK = 60  # see calls.c
NESTED = ("before", "half", "EIO", "ENOSPC+", "EIO+")  # where a step in front varies, too


def calls(log):
    """(number, what, kinds) of each call in a log."""
    for record in disk.parse(log):
        if record[0] == "c":
            number, name, length, path, kinds = record[1:]
            yield int(number), "%s %s %s" % (name, path.rsplit("/", 1)[-1], length), kinds.split()


def changes(log):
    """The numbers of the calls that change something, and what they are."""
    call = None
    for record in disk.parse(log):
        if record[0] == "c":
            call = int(record[1]), "%s %s" % (record[2], record[4].rsplit("%2F", 1)[-1].rsplit("/", 1)[-1])
        elif record[0] != "p" and call:
            yield call
            call = None


class Runner:
    def __init__(self, row, place, front):
        self.row = row
        self.place = place
        self.front = front   # how many of the ways in which a step in front varies are taken; 0: all
        self.wrong = {}      # what is wrong, without its numbers -> how often, and the first of them
        self.count = 0
        self.missed = 0      # of them those that found no call to kill at

    def step(self, step, **faults):
        if step.verb[0] == "append":
            self.row.store.append(self.place, step.message())
            return 0, b""
        if step.fault and "KIND" not in faults:
            faults.update(KIND=step.fault[0], AT=step.fault[1])
        return self.place.run(step.verb, step.message(), CLOCK=CLOCK, **faults)

    def log_of(self, step, **faults):
        store.write(self.place.log, b"")
        status, _ = self.step(step, LOG=self.place.log, **faults)
        return status, store.read(self.place.log)

    def variants(self, before):
        """The row's steps with the ways in which a step in front varies: (label, steps)."""
        found = list(self.all_variants(before))
        take = min(self.front, len(found)) or len(found)
        return [found[(n + 1) * len(found) // take - 1] for n in range(take)]

    def all_variants(self, before):
        front = next((n for n, step in enumerate(self.row.steps) if step.vary), None)
        if front is None:
            yield "", self.row.steps
            return
        step = self.row.steps[front]
        before.restore()
        _, log = self.log_of(step)
        for at, what in changes(log):
            for kind in step.vary:
                if kind == "half" and "write" not in what:
                    continue
                varied = rows.dataclasses.replace(step, fault=(kind, at))
                yield "%s %s %d (%s), " % (step.verb[0], kind, at, what), (
                    *self.row.steps[:front], varied, *self.row.steps[front + 1:])

    def complain(self, label, complaints):
        if complaints:
            text = "; ".join(complaints[:4])
            kind = re.sub(r"'.*'|[^ ]*%2F|/[^ ]*/|\d+", "", text)[:80]
            count, first = self.wrong.get(kind, (0, "%s: %s" % (label, text)))
            self.wrong[kind] = count + 1, first

    def run(self):
        before = store.Snapshot(self.place)
        for label, steps in self.variants(before):
            before.restore()
            outcomes = [self.outcome(step, *self.step(step)) for step in steps[:-1]]
            middle = store.Snapshot(self.place)
            status, log = self.log_of(steps[-1])
            outcome = self.outcome(steps[-1], status, b"") if hasattr(self.row.store, "judge") else DONE
            self.complain(label + "unharmed", self.judge(steps, outcomes + [outcome]))
            for at, what, kinds in calls(log):
                for kind in kinds:
                    if label and kind not in NESTED:
                        continue
                    middle.restore()
                    self.hit(label, what, steps, outcomes, kind, at)
        if self.missed > self.count / 20:
            self.complain("all", ["%d times nobody was killed" % self.missed])
        if not self.count:
            self.complain("all", ["no call was recorded that could go wrong"])

    def hit(self, label, what, steps, outcomes, kind, at):
        step = steps[-1]
        status, out = self.step(step, KIND=kind, AT=at)
        self.count += 1
        outcome = self.outcome(step, status, out)
        label = "%s%s %s %d (%s)" % (label, step.verb[0], kind, at, what)
        wrong = []
        self.missed += kind in KILLS and status == 0
        if (status == tool.KILLED and kind not in KILLS) or status not in (0, 1, tool.KILLED):
            wrong.append("exit status %d, %s" % (status, self.place.said()))
        # Nothing of a delivery that failed, but for one whose fsync did, or what may be after it.
        if step.number and outcome == UNKNOWN and kind not in KILLS and not what.startswith("fsync") and "+" not in kind:
            outcome = FAILED
        wrong += self.judge(steps, [*outcomes, outcome], out)
        if not wrong and outcome != DONE:
            wrong = self.again(steps, outcomes)
        self.complain(label, wrong)

    @staticmethod
    def outcome(step, status, _):
        return DONE if status == 0 else UNKNOWN

    def judge(self, steps, outcomes, out=b""):
        """Open the mailbox once more and say what is wrong with it."""
        row = rows.dataclasses.replace(self.row, steps=steps)
        if hasattr(row.store, "judge"):
            return row.store.judge(self.place, steps, outcomes)
        wanted = rows.wanted(row, outcomes)
        step = steps[-1]
        found, wrong = self.place.dump()
        if found is None:
            return [wrong]
        self.found = found
        complaints = wanted.complaints(found)
        if out and step.verb[0] == "dump" and outcomes[-1] == DONE and tool.parse_dump(out) != found:
            complaints.append("what was read is not what is there")
        complaints += unread(self.row.store, self.place, found)
        return complaints + self.changed_source()

    def changed_source(self):
        """A conversion leaves it as it is."""
        if not self.row.source():
            return []
        kind, there = store.source_of(self.row.store, self.place)
        return [] if kind.read(there) == list(self.row.source().values()) else ["the source is not what it was"]

    def again(self, steps, outcomes):
        """After a failure all works as ever: the same once more, and what it must make of what there was."""
        if hasattr(self.row.store, "judge"):
            status, _ = self.step(steps[-1])
            return self.judge(steps, [*outcomes, self.outcome(steps[-1], status, b"")])
        step, before = steps[-1], self.found
        if step.removed and len(before) < len(self.row.sizes):
            return []  # it was finished
        status, _ = self.place.run(step.verb, step.message(), CLOCK=CLOCK)
        after, wrong = self.place.dump()
        if status != 0 or after is None:
            return ["the second time: status %d, %s" % (status, wrong or self.place.said())]
        before, after = [list(map(rows.mail.strip, found)) for found in (before, after)]
        gone = {rows.mail.make(n, self.row.sizes[n - 1]) for n in step.removed}
        want = [octets for octets in before if octets not in gone]
        want += [step.message()] if step.number else []
        if step.brings:
            want = [rows.mail.strip(octets) for octets in row_texts(self.row)]
        return [] if after == want else ["the second time it is not as it should be"]


def row_texts(row):
    """What is there when a conversion is done."""
    return [*row.initial().values(), *row.source().values()]


def unread(kind, place, found):
    """What the strict parser sees differently, and what lies about."""
    complaints = ["left behind: " + path.rsplit("/", 1)[1] for path in kind.rubbish(place)]
    mine = kind.read(place)
    if mine != found:
        at = next((n for n, (a, b) in enumerate(zip(mine, found)) if a != b), min(len(mine), len(found)))
        complaints.append("libspool reads %d messages, a strict parser %d; they differ from number %d on" % (
            len(found), len(mine), at + 1))
    return complaints
