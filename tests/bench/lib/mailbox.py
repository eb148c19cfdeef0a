"""mailbox - mailboxes of any size, made fast."""
import os
import time

LINE = b"the quick brown fox jumps over the lazy dog and runs for a while\n"


def message(n, size):
    """An mbox message of about `size` octets with its From_ line and the empty line behind it."""
    head = (b"From bench@example.net Thu Jan  1 00:00:00 2026\nReturn-Path: <bench@example.net>\n"
            b"Received: from bench.example.net by mail.example.org with ESMTP id %08d;\n\tThu, 1 Jan 2026 00:00:00 +0000\n"
            b"Date: Thu, 1 Jan 2026 00:00:00 +0000\nFrom: bench@example.net\nTo: user@example.org\n"
            b"Message-ID: <%08d@bench.example.net>\nSubject: message %d\n\n" % (n, n, n))
    lines = max(1, (size - len(head)) // len(LINE))
    return head, lines


def make(path, count, size, owner=None):
    """`count` messages of `size` octets, on disk when this returns, and last written to an hour ago: what has just been
    written to is nothing that a server may rely on to stay so."""
    _, lines = message(0, size)
    body = LINE * lines + b"\n"
    with open(path, "wb", buffering=1 << 20) as file:
        for n in range(count):
            file.write(message(n, size)[0])
            file.write(body)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o600)
        if owner is not None:
            os.fchown(file.fileno(), *owner)
    then = time.time() - 3600
    os.utime(path, (then, then))
