#!/usr/bin/env python3
"""Mailboxes full of headers in which other servers look for unique-ids.

usage: uidl_corpus.py popa3d | dovecot SEED

The same seed makes the same mailbox, on standard output. What begins a message is beyond doubt, for the servers differ in
that; all else is as odd as mail gets.
"""
import random
import sys

FROM = b"From a@b Tue Nov 24 13:00:00 2026\n"

POPA3D_NAMES = [b"Received", b"received", b"RECEIVED", b"Receive", b"Return-Path", b"Date", b"date", b"Delivered-To",
                b"delivered-to", b"Message-ID", b"Message-Id", b"MESSAGE-ID", b"X-Delivery-ID", b"x-delivery-id",
                b"X-DELIVERY-Id", b"Subject", b"X-Mailer", b"Mime-Version", b"Dat", b"D", b"R", b"M", b"X", b"To"]


def popa3d_value(r):
    k = r.random()
    if k < .05:
        return bytes(r.randrange(256) for _ in range(r.randrange(60))).replace(b"\n", b"")
    if k < .08:
        return b"x" * r.choice([30, 100, 1000, 70000])
    if k < .1:
        return b""
    if k < .14:
        return b"a\0b"
    return b"v%d" % r.randrange(1000)


def popa3d_line(r, end):
    k = r.random()
    if k < .12:
        return r.choice([b" ", b"\t"]) + popa3d_value(r) + end
    if k < .15:
        return r.choice([b" ", b"\t", b"nocolon", b"\0", b"\r", b">From x", b"X-"]) + end
    return r.choice(POPA3D_NAMES) + r.choice([b": ", b": ", b": ", b":", b" :", b"\t:"]) + popa3d_value(r) + end


def popa3d_message(r):
    end = r.choice([b"\n", b"\n", b"\n", b"\r\n"])
    text = b"".join(popa3d_line(r, end if r.random() < .95 else b"\r\n") for _ in range(r.randrange(9)))
    text += r.choice([b"\n", b"\n", b"\r\n"])
    for _ in range(r.randrange(4)):
        text += popa3d_line(r, end) if r.random() < .5 else b"body" + end
    return FROM + text + b"\n"


def popa3d(r):
    text = b"".join(popa3d_message(r) for _ in range(40))
    k = r.random()
    if k < .3:
        return text[:-1]
    if k < .5:
        return text + FROM + b"Received: x\nDelivered-To: torn"
    return text


def dovecot_uid(r, n):
    name = r.choice([b"X-UID", b"X-UID", b"X-UID", b"x-uid", b"X-UID "])
    k = r.random()
    v = b"%d" % n
    if k < .6:
        v = b" " + v + b" " * r.choice([0, 0, 50, 120])
    elif k < .65:
        v = b"  " + v
    elif k < .7:
        pass
    elif k < .74:
        v = b" 000" + v
    elif k < .78:
        v = b" " + v + b" x"
    elif k < .8:
        v = b" -" + v
    elif k < .84:
        v = b" " + v + r.choice([b"\n \n \t", b"\n  5"])
    elif k < .86:
        v = b""
    else:
        v = b" " + v + r.choice([b"\t", b""])
    return name + b":" + v


def dovecot_base(r, last):
    validity = r.choice([1795897927, 1, 4294967295])
    value = r.choice([b" %d %010d"] * 8 + [b" %d %d", b" %d %010d  \t", b" %d\t%010d", b" %d   %010d\n  kw", b" %dx %d",
                     b" %d %d."]) % (validity, last)
    if r.random() < .1:
        value += b" kw1 kw2 " + b"k" * r.choice([1, 200])
    return r.choice([b"X-IMAPbase", b"X-IMAPbase", b"x-imapbase", b"X-IMAP"]) + b":" + value


def dovecot(r):
    count = r.randrange(1, 12)
    uid = r.randrange(1, 30)
    last = uid + count * 2 + r.choice([0, 0, 5, -3])
    text = b""
    for i in range(count):
        fields = [b"Received: from x; %d" % r.randrange(10**6), b"Message-ID: <%d@x>" % i, b"Subject: s"]
        if i == 0 and r.random() < .9:
            fields.append(dovecot_base(r, last))
        if i > 0 and r.random() < .05:
            fields.append(b"X-IMAPbase: 5 5")
        if r.random() < .93:
            fields.append(dovecot_uid(r, uid))
        uid = max(uid + r.choice([1, 1, 1, 1, 2, 3, 0, -1]), 1)
        if r.random() < .1:
            r.shuffle(fields)
        text += FROM + b"\n".join(fields) + b"\n\nbody\nX-UID: 3\n\n"
    return text


if __name__ == "__main__":
    made = {"popa3d": popa3d, "dovecot": dovecot}[sys.argv[1]](random.Random(int(sys.argv[2])))
    sys.stdout.buffer.write(made)
