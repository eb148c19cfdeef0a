#!/usr/bin/env python3
"""Mailboxes to be converted, and whether what came of it is right: read without any program of ours.

usage: convert_corpus.py mbox SEED COUNT FILE   make an mbox of odd messages
       convert_corpus.py maildir SEED COUNT DIR make a Maildir of odd messages, as other programs leave one
       convert_corpus.py same MBOX MBOX         the messages are the same, but for CRLF and LF, and for nothing else
       convert_corpus.py like MBOX MAILDIR      the same messages in the same order, with the same marks and dates
       convert_corpus.py numbers MBOX|MAILDIR   the numbers in the Subject fields, in the mailbox's order
"""
import calendar
import os
import random
import re
import sys
import time

FROM = re.compile(rb"From (\S*) +(?:\w{3} )?(\w{3}) +(\d+) (\d\d:\d\d:\d\d) (?:\S+ )?(\d{4})")
SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S* +(?:\w{3} )?\w{3} +\d+ \d\d:\d\d:\d\d[^\n]*\d{4}\r?\n")
METADATA = re.compile(rb"^(?:x-)?status:[^\n]*\n", re.I | re.M)
TO_MAILDIR = {"R": "S", "A": "R", "F": "F", "D": "T", "T": "D"}

STATUSES = ["", "", "Status: O\n", "Status: RO\n", "Status: R\n", "status: OR\n", "X-Status: F\n",
            "Status: RO\nX-Status: AF\n", "Status: O\nX-Status: TD\n", "Status: N\n", "X-Status:\n"]
LINES = [b"From the start\n", b">From before\n", b">>From\n", b">>>From x Tue Nov 24 13:00:00 2026\n", b"\n", b"\n", b"x\n",
         b"cr\r\n", b"two\r\r\n", b"lone\rcr\n", b"\0\377\200\n", b"From \n", b".\n", b"Status: RO\n", b"X-UID: 3\n",
         b"From a@b Tue Nov 24 13:00:00 2026\n", b"x" * 3000 + b"\n", b"\r\n"]
DATES = ["Tue Nov 24 13:00:0%d 2026", "Mon Jan  1 00:00:0%d 2024", "Fri Feb 28 23:59:5%d 2020", "Tue Dec 11 10:12:1%d UTC 2018",
         "Thu Jan  1 00:00:0%d 1998"]


def header(r, number, status):
    fields = [b"Message-ID: <%d@x>\n" % r.choice([number, number, 1]), b"Subject: %d\n" % number, b"Received: x\n\tfolded\n",
              b"X-Pillarbox-Padding: xxx\n", b"X-Odd:\n", b"no colon\n", b"Date: x\n", status.encode()]
    r.shuffle(fields)
    front = [b"Return-Path: <s%d@example.net>\n" % number] if r.random() < .7 else [b"X-First: y\n"]
    return b"".join(front + fields)


def body(r):
    return b"".join(r.choice(LINES) for _ in range(r.randrange(12)))


def make_mbox(seed, count, path):
    r = random.Random(seed)
    with open(path, "wb") as file:
        for number in range(1, count + 1):
            text = header(r, number, r.choice(STATUSES)) + b"\n" + body(r)
            if r.random() < .1:
                text = text.replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
            file.write(b"From s%d@example.net %s\n" % (number, (r.choice(DATES) % r.randrange(10)).encode()) +
                       re.sub(rb"^(>*From )", rb">\1", text, flags=re.M) + b"\n")


def make_maildir(seed, count, path):
    r = random.Random(seed)
    for folder in ("new", "cur", "tmp"):
        os.makedirs(path + "/" + folder)
    for number in range(1, count + 1):
        text = r.choice([b"", header(r, number, r.choice(STATUSES)), header(r, number, "") + b"X-IMAPbase: 1 1\nX-UID: 7\n"])
        text += b"Subject: %d\n" % number * (not text) + b"\n" + body(r)
        if r.random() < .2:
            text = header(r, number, "").replace(b"X-First: y\n", b"")  # no body, and perhaps padding in front
        if r.random() < .2:
            text = text[:-1]
        is_new = r.random() < .4
        name = "%d.M%dP%d.elsewhere" % (1500000000 + number // 3, number, r.randrange(9))
        name = name if is_new else name + r.choice([":2,", ":2,S", ":2,FS", ":2,RST", ":2,DPS", ":1,odd", ""])
        name = "%s/%s/%s" % (path, "new" if is_new else "cur", name)
        with open(name, "wb") as file:
            file.write(text)
        os.utime(name, (1400000000 + number, 1400000000 + number))


def read_mbox(path):
    """(From_ line, message) of each, read strictly; padding behind a From_ line is not the message's."""
    with open(path, "rb") as file:
        text = file.read()
    begins = [found.start() for found in SEPARATOR.finditer(text)]
    found = []
    for begin, end in zip(begins, begins[1:] + [len(text)]):
        line, _, message = text[begin:end].partition(b"\n")
        message = re.sub(rb"\r?\n\Z", b"", message)
        found.append((line, re.sub(rb"^>(>*From )", rb"\1", message, flags=re.M)))
    return found


def wire(message):
    message = re.sub(rb"\r?\n", b"\r\n", message)
    return message + b"\r\n" if message and not message.endswith(b"\n") else message


def without_marks(message):
    head, blank, rest = wire(message).replace(b"\r\n", b"\n").partition(b"\n\n")
    return METADATA.sub(b"", head + b"\n") + blank[1:] + rest


def marks(message):
    """In a Maildir's letters, with O for what is in cur."""
    head = message.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"
    status = b"".join(re.findall(rb"^status:([^\n]*)", head, re.I | re.M)).decode()
    x_status = b"".join(re.findall(rb"^x-status:([^\n]*)", head, re.I | re.M)).decode()
    found = {TO_MAILDIR[c] for c in status if c == "R"} | {TO_MAILDIR[c] for c in x_status if c in "AFDT"}
    return found | ({"O"} if found or "O" in status else set())


def date(line):
    month, day, clock, year = FROM.match(line).groups()[1:]
    return calendar.timegm(time.strptime(b" ".join([month, day, clock, year]).decode(), "%b %d %H:%M:%S %Y"))


def maildir_time(path):
    numbers = re.match(r"(\d+)\.(?:M(\d+))?", path.rsplit("/", 1)[1])
    return int(numbers[1]), int(numbers[2] or 0), path.rsplit("/", 1)[1]


def read_maildir(path):
    found = []
    for folder in ("new", "cur"):
        found += [path + "/" + folder + "/" + name for name in os.listdir(path + "/" + folder)]
    return sorted(found, key=maildir_time)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def same(one, other):
    one, other = ([wire(message) for _, message in read_mbox(path)] for path in (one, other))
    assert len(one) == len(other), (len(one), len(other))
    for number, (mine, theirs) in enumerate(zip(one, other)):
        assert mine == theirs, "message %d: %r is not %r" % (number + 1, mine[:300], theirs[:300])


def like(mbox, maildir):
    """The mbox's marks are what it says; the Maildir's are in names. Dates are From_ lines' and mtimes."""
    messages, paths = read_mbox(mbox), read_maildir(maildir)
    assert len(messages) == len(paths), (len(messages), len(paths))
    for (line, message), path in zip(messages, paths):
        name = path.rsplit("/", 1)[1]
        info = name.partition(":2,")[2]
        letters = set(info) - {"P"} | ({"O"} if "/cur/" in path else set())
        assert marks(message) == letters, (path, message[:200])
        assert without_marks(message) == without_marks(read(path)), (path, message[:300], read(path)[:300])
        assert os.stat(path).st_mtime == date(line), (path, line)
        size = re.search(r",S=(\d+)", name)
        assert not size or int(size[1]) == os.stat(path).st_size, path
        assert not size or ",W=%d," % len(wire(read(path))) in name.partition(":")[0] + ",", path


def numbers(path):
    messages = [read(p) for p in read_maildir(path)] if os.path.isdir(path) else [m for _, m in read_mbox(path)]
    for message in messages:
        print(re.search(rb"^Subject: (\d+|message \d+)", message, re.M)[1].decode().split()[-1])


if __name__ == "__main__":
    if sys.argv[1] == "mbox":
        make_mbox(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    elif sys.argv[1] == "maildir":
        make_maildir(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        {"same": same, "like": like, "numbers": numbers}[sys.argv[1]](*sys.argv[2:])
