"""mail - messages that can be told apart, and what may be in a mailbox after a fault.

Each message has its number, its length and a checksum of its body in it, and its number in each line, so that whatever
is found can be said to be this message or a piece of it.
"""
import functools
import hashlib
import random
import re

QUOTE = re.compile(rb"^(>*From )", re.M)
FROM_LINE = b"From a@b Sun Sep  9 01:46:40 2001\n"  # of the tool's deliveries
CONVERTED = b"From MAILER-DAEMON Sun Sep  9 01:46:40 2001\n"  # of a conversion from files of that time
TRACE = b"Return-Path: <a@b>\nDelivered-To: c@d\n"
MARK = b"Status: RO\n"  # what a Maildir's name said
FRONT = re.compile(rb"Return-Path: <[^\n]*>\nDelivered-To: [^\n]*\n|Status: RO\n")


@functools.lru_cache(None)
def make(number, size):
    """A message of about so many octets, with lines that an mbox must quote."""
    dice = random.Random(number * 1000003 + size)
    lines = [b"From the start of %d\n" % number, b">From before, of %d\n" % number]
    left = size - 200
    while left > 0:
        word = bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz", k=min(60, max(left, 1))))
        lines.append(b"%d.%d %s\n" % (number, len(lines), word))
        left -= len(lines[-1])
    if number % 3 == 0:
        lines.append(b"\n")  # ends in an empty line
    body = b"".join(lines)
    return b"Message-ID: <%d@faults>\nSubject: message %d\nX-Sum: %s\n\n%s" % (
        number, number, hashlib.sha1(body).hexdigest().encode(), body)


def strip(message):
    """Without the fields that a delivery or a conversion puts in front."""
    front = FRONT.match(message)
    return message[front.end():] if front else message


class Wanted:
    """What a mailbox must and may hold.

    kept: numbers that must be there once, in this order (a delivery's after those that were there before it);
    going: groups of numbers; those of one group must be all there or all gone;
    maybe: number -> how often it may be there at most;
    fragments: a piece of a message of `maybe` may be there, too: its writer was not told that it is on disk;
    brought: numbers of those that a conversion brings, which adds nothing to them.
    """

    def __init__(self, messages, kept, going=(), maybe=None, fragments=False, brought=()):
        self.messages = messages  # number -> octets
        self.kept = list(kept)
        self.going = list(going)
        self.maybe = dict(maybe or {})
        self.fragments = fragments
        self.brought = brought
        self.torn = False
        self.by_text = {octets: number for number, octets in messages.items()}

    def complaints(self, found):
        """What is wrong with the messages that were found, in words; none: nothing."""
        seen, wrong = [], []
        for octets in found:
            number = self.by_text.get(strip(octets))
            if number is None and self.fragments:
                number = self.glued(octets)
                self.torn |= number is not None
            if number is not None:
                seen.append(number)
            elif self.fragments and self.is_fragment(octets):
                self.torn = True
            else:
                wrong += self.explain(strip(octets))
        count = {number: seen.count(number) for number in set(seen)}
        for number in self.kept:
            if count.get(number, 0) != 1:
                wrong.append("message %d is %s" % (number, "doubled" if number in count else "lost"))
        for group in self.going:
            there = [number for number in group if number in count]
            if there and len(there) != len(group):
                wrong.append("removed by half: of %s there are %s" % (list(group), there))
        may = {**self.maybe, **{number: 1 for number in [*self.kept, *sum(self.going, ())]}}
        for number in count:
            if number not in self.kept and count[number] > may.get(number, 0):
                wrong.append("message %d is there %d times, and may be %d times" % (
                    number, count[number], may.get(number, 0)))
        if [n for n in seen if n in self.kept] != self.kept and not wrong:
            wrong.append("the order is %s" % seen)
        return wrong

    def explain(self, octets):
        name = re.match(rb"Message-ID: <(\d+)@faults>", octets)
        number = int(name[1]) if name else None
        if number in self.messages:
            want = self.messages[number]
            at = next((i for i, (a, b) in enumerate(zip(octets, want)) if a != b), min(len(octets), len(want)))
            return ["message %d is damaged: %d octets of %d, from octet %d on %r instead of %r" % (
                number, len(octets), len(want), at, octets[at:at + 40], want[at:at + 40])]
        return ["something unknown of %d octets: %r" % (len(octets), octets[:80])]

    def is_fragment(self, octets):
        """A piece of a message of `maybe`, of which nobody was told that it is on disk, as a message of its own. Who
        appends behind it ends its last line."""
        return self.is_piece_of_one(octets) or octets.endswith(b"\n") and self.is_piece_of_one(octets[:-1])

    def is_piece_of_one(self, octets):
        text = quote(octets)
        if self.brought:  # and so what follows may have made it end in an empty line
            text = text.rstrip(b"\n")
        core = text.strip(b"\0")  # what is left where its begin is not on disk and is not shown
        return any(is_piece(text, raw[raw.index(b"\n") + 1:]) or (
            core[:20] in raw and is_piece(core, raw[raw.index(core[:20]):])) for raw in self.raw_pieces())

    def raw_pieces(self):
        """What may have been written for `maybe`, one or all of them, as it is in an mbox."""
        raw = [front + quote(self.messages[number]) + b"\n" for number in self.maybe
               for front in ((CONVERTED, CONVERTED + MARK) if number in self.brought else (FROM_LINE + TRACE,))]
        return raw + [b"".join(raw)] * (len(raw) > 1)

    def glued(self, octets):
        """The number of the kept message that this is, with zeros and pieces of one of `maybe` behind it; or None.
        There is no From_ line between them on disk, so that this is one message for everybody."""
        text = quote(octets)
        for number in self.kept:
            whole = quote(self.messages[number])
            for begin in (whole, TRACE + whole, MARK + whole):
                if text.startswith(begin) and any(
                        is_piece(text[len(begin):], b"\n" + raw) for raw in self.raw_pieces()):
                    return number
        return None


@functools.lru_cache(64)
def quote(octets):
    return QUOTE.sub(rb">\1", octets)


def is_piece(octets, want):
    """The begin of it, with zeros where it is not on disk."""
    if len(octets) > len(want):
        return False
    for at in range(0, len(octets), 64):
        mine, other = octets[at:at + 64], want[at:at + 64]
        if not other.startswith(mine) and not all(a in (0, b) for a, b in zip(mine, other)):
            return False
    return True
