"""message - the hammer's messages: each has an id, somebody who is to remove it, and a checksum; and how to read a
mailbox so strictly that whatever is damaged in it is found.

Programs may change what is between them: a line that begins with "From " gets one ">" from some and a ">" more from
others, header fields are added. So lines are compared without these, and fields that none of the programs adds are
damage, too.
"""
import hashlib
import random
import re
import string

FIELDS = {
    # what make() writes
    b"from", b"to", b"subject", b"message-id", b"x-hammer-sum",
    # what programs add: delivery, Dovecot, mutt, libspool
    b"date", b"received", b"return-path", b"delivered-to", b"x-original-to", b"status", b"x-status", b"x-uid",
    b"x-keywords", b"x-imapbase", b"x-imap", b"content-length", b"lines", b"x-pillarbox-padding",
}
FROM_LINE = re.compile(rb"From \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3]\d \d\d:\d\d:\d\d \d{4}$")
QUOTED = re.compile(rb"^>*From ", re.M)
SUBJECT = re.compile(rb"^Subject: for (\S+) id (\S+)$", re.M)
AWKWARD = ["From here to there", ">From the quoted", ".", "..", "", "X-Pillarbox-Padding: xxxx", "Content-Length: 3",
           "From nobody Thu Jan  1 00:00:00 1970", " leading space", "trailing space "]


class Damaged(Exception):
    """ident: which message it was; "" if not even that can be told."""

    def __init__(self, text, ident=b""):
        super().__init__(text)
        self.ident = ident.decode(errors="replace")


def digest(lines):
    return hashlib.sha256(QUOTED.sub(b"From ", b"\n".join(lines))).hexdigest()


def make(sender, number, receiver, size):
    """The id, and the message in LF lines."""
    rand = random.Random()
    # No letter in it that a prompt could take for an answer, nor any that means something in a regular expression.
    ident = "%s-%d-%08d" % (sender, number, rand.randrange(10**8))
    lines = ["body of " + ident]
    left = size
    while left > 0:
        line = rand.choice(AWKWARD) if rand.random() < 0.1 else \
            "".join(rand.choices(string.ascii_letters + " ", k=60)) * (1 + rand.randrange(8))
        lines.append(line)
        left -= len(line) + 1
    lines.append("end of " + ident)
    head = ["From: hammer@example.net", "To: nobody@example.org", "Subject: for %s id %s" % (receiver, ident),
            "Message-ID: <%s@hammer.example.net>" % ident,
            "X-Hammer-Sum: " + digest([line.encode() for line in lines])]
    return ident, "\n".join(head + [""] + lines + [""]).encode()


def parse(text):
    """(id, receiver) of one message, without its From_ line. Damaged: it is not as it was made."""
    head, gap, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    found = SUBJECT.findall(head)
    if not gap or len(found) != 1:
        raise Damaged("not one header of ours: %r" % text[:300], found[0][1] if found else b"")
    receiver, ident = found[0]
    fields = [line.partition(b":")[0].lower() for line in head.split(b"\n") if line[:1] not in b" \t"]
    sums = re.findall(rb"^X-Hammer-Sum: (\S+)$", head, re.M)
    lines = body.split(b"\n")
    while lines and lines[-1] == b"":
        lines.pop()
    if not set(fields) <= FIELDS:
        raise Damaged("strange fields %r" % (set(fields) - FIELDS), ident)
    if not lines or lines[-1] != b"end of " + ident:
        raise Damaged("ends in %r" % body[-200:], ident)
    if len(sums) != 1 or digest(lines) != sums[0].decode():
        raise Damaged("the body is another", ident)
    return ident.decode(), receiver.decode()


def split(text):
    """The messages of a mailbox, without their From_ lines."""
    starts = [match.start() for match in re.finditer(rb"^From ", text, re.M)]
    if text.strip(b"\n") and (not starts or text[:starts[0]].strip(b"\n")):
        raise Damaged("the mailbox begins with %r" % text[:200])
    messages = []
    for start, end in zip(starts, starts[1:] + [len(text)]):
        line, _, message = text[start:end].partition(b"\n")
        if not FROM_LINE.match(line) or text[max(0, start - 2):start] not in (b"", b"\n", b"\n\n"):
            raise Damaged("not a From_ line at %d: %r" % (start, text[max(0, start - 60):start + 100]))
        messages.append(message)
    return messages


def padding(text):
    """How many messages of a mailbox have padding of libspool's?"""
    return len(re.findall(rb"^From .*\nX-Pillarbox-Padding: ", text, re.M))
