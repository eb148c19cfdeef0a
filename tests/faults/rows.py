"""rows - what is done to which mailbox. A row is a mailbox and a list of steps; what goes wrong goes wrong in the last
one. A step in front may be killed or fail on purpose, to leave something for the last one to mend.
"""
import dataclasses

import damage
import mail
from store import Maildir, Mbox


@dataclasses.dataclass(frozen=True)
class Step:
    verb: tuple                  # of spool-tool
    number: int = 0              # the message that is delivered
    size: int = 0
    removed: tuple = ()          # numbers
    fault: tuple = ()            # (kind, at): goes wrong by itself
    brings: tuple = ()           # numbers of the messages that a conversion brings from another mailbox
    vary: tuple = ()             # kinds: each change that the step makes goes wrong in each of these ways in turn

    def message(self):
        return mail.make(self.number, self.size) if self.number else b""


def deliver(number, size, **more):
    return Step(("deliver", "a@b", "c@d"), number, size, **more)


def remove(*numbers, **more):
    return Step(("remove", *map(str, numbers)), removed=numbers, **more)


def convert(**more):
    return Step(("convert",), brings=tuple(range(101, 101 + len(BROUGHT))), **more)


LIST = Step(("list",))
DUMP = Step(("dump",))
REPAIR = Step(("repair",))
APPEND = Step(("append",), 91, 400)  # by another program, which knows of no journal


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    store: type
    sizes: tuple                 # of the messages that are there, from 1 on; None: there is no mailbox
    steps: tuple
    faults: bool = True          # calls that go wrong
    cut: bool = True             # power cut

    def initial(self):
        return {n + 1: mail.make(n + 1, size) for n, size in enumerate(self.sizes or ())}

    def source(self):
        """What a conversion is from: a mailbox of the other kind."""
        return {step_number: mail.make(step_number, size) for step in self.steps[-1:]
                for step_number, size in zip(step.brings, BROUGHT)}

    def messages(self):
        return {**self.initial(), **self.source(), **{step.number: step.message() for step in self.steps if step.number}}


DONE, FAILED, UNKNOWN = "done", "failed", "unknown"


def wanted(row, outcomes, fragments=False):
    """What must and may be in the mailbox when the steps ended like this."""
    kept, going, maybe = list(row.initial()), [], {}
    brought = row.source() if any(step.brings for step in row.steps) else ()
    for step, outcome in zip(row.steps, outcomes):
        if step.brings and outcome == DONE:
            kept += [number for number in step.brings if number not in kept]
        elif step.brings:
            maybe.update({number: 1 for number in step.brings})
        if step.number and outcome == DONE:
            kept.append(step.number)
        elif step.number and outcome == UNKNOWN:
            maybe[step.number] = 1
        if step.removed:
            kept = [number for number in kept if number not in step.removed]
            if outcome != DONE:
                going.append(step.removed)
    return mail.Wanted(row.messages(), kept, going, maybe, fragments, brought)


SMALL = (300,) * 5
MIXED = (300, 5000, 40, 9000, 2500, 700, 12000, 30, 4000)
PIECES = (50000,) * 18 # a removal of the first moves 850 KB: four pieces of the journal
BROUGHT = (300, 9000, 40)
CHANGES = ("before",)

# Each of these is for all stores.
OPERATIONS = (
    ("delivery", SMALL, (deliver(90, 400),)),
    ("delivery of a large message", SMALL, (deliver(90, 300000),)),
    ("delivery into a new mailbox", None, (deliver(90, 400),)),
    ("delivery into an empty mailbox", (), (deliver(90, 6000),)),
    ("two deliveries", SMALL, (deliver(90, 3000), deliver(91, 400))),
    ("delivery behind one that was killed", SMALL, (deliver(90, 9000, vary=("before", "half", "after")), deliver(91, 400))),
    ("removal of the first message", MIXED, (remove(1),)),
    ("removal in the middle", MIXED, (remove(4),)),
    ("removal of every second message", MIXED, (remove(1, 3, 5, 7, 9),)),
    ("removal of the last messages", MIXED, (remove(8, 9),)),
    ("removal of all messages", MIXED, (remove(1, 2, 3, 4, 5, 6, 7, 8, 9),)),
    ("removal in several pieces", PIECES, (remove(1, 2, 4, 17),)),
    ("delivery, then removal", MIXED, (deliver(90, 5000), remove(2, 5))),
    ("removal, then delivery", MIXED, (remove(2, 5), deliver(90, 5000))),
    ("removal behind a delivery that was killed", MIXED, (deliver(90, 9000, vary=("before", "half")), remove(2, 5))),
    ("delivery behind a removal that was killed", MIXED, (remove(2, 5), deliver(90, 400)), {"vary": CHANGES}),
    ("list after a removal that was killed", MIXED, (remove(1, 4), LIST), {"vary": ("before", "half")}),
    ("list after a removal in several pieces that was killed", PIECES, (remove(1, 4, 9), LIST), {"vary": CHANGES}),
    ("list", MIXED, (LIST,)),
    ("reading", MIXED, (DUMP,)),
    ("conversion from another", None, (convert(),)),
    ("conversion behind one that was killed", None, (convert(), convert()), {"vary": CHANGES}),
    ("conversion behind another", None, (convert(), convert())),
)

STORES = (Mbox, Maildir)


def repairs():
    killed = dataclasses.replace(REPAIR, vary=("before", "half"))
    for what, kind in damage.KINDS:
        name = "mbox: repair " + what
        yield Row(name, kind, (), (REPAIR,))
        if kind is damage.Large:  # costs more than all others together
            yield Row(name + " that was killed, then list", kind, (), (killed, LIST), cut=False)
            continue
        yield Row(name + " that was killed, another's mail, then list", kind, (), (killed, APPEND, LIST), cut=False)
        if kind is damage.Cut:  # of all else less can go wrong than with those that move octets
            continue
        yield Row(name + " after one that was killed", kind, (), (killed, REPAIR))
        yield Row(name + " that was killed, then list", kind, (), (killed, LIST))
        yield Row(name + " that was killed, then mail", kind, (), (killed, deliver(90, 400)))
    for what, kind in (("new", damage.RewrittenAsNew), ("old", damage.RewrittenAsOld)):
        yield Row("mbox: repair that was killed, another mailbox as large as the %s one, then list" % what, kind, (),
                  (killed, APPEND, LIST), cut=False)
    yield Row("maildir: repair of names", damage.Misnamed, SMALL, (REPAIR,))


def all_rows():
    yield from repairs()
    for store in STORES:
        for name, sizes, steps, *more in OPERATIONS:
            if more:
                steps = (dataclasses.replace(steps[0], **more[0]), *steps[1:])
            yield Row(store.name + ": " + name, store, sizes, steps,
                      cut=any(step.number or step.removed or step.brings for step in steps))
