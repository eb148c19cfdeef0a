#!/usr/bin/env python3
"""A session in its jail, and its log: a stand-in for journald or syslogd, and an SMTP session that logs to it.

usage: jail_logs.py journal|syslog PROGRAM CONFIG

In a mount namespace of its own, where /run (journal) or /dev (syslog) is empty but for what is needed. The log daemon
is stopped and started again in the middle: as systemd does it (its socket stays), or as syslogd does (a new socket).
What was logged goes to standard output, one entry a line; the exit status is 1 if the session did not end well."""

import os
import socket
import struct
import subprocess
import sys

JOURNAL, SYSLOG = "/run/systemd/journal/socket", "/dev/log"


def listen(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(path)
    os.chmod(path, 0o666)
    log.settimeout(0.5)
    return log


def fields(entry):
    """The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""
    while entry:
        name, entry = entry.split(b"\n", 1)
        if b"=" in name:
            yield name.decode()
            continue
        (size,) = struct.unpack("<Q", entry[:8])
        assert entry[8 + size : 9 + size] == b"\n", entry
        yield f"{name.decode()}={entry[8:8 + size]!r}"
        entry = entry[9 + size :]


def show(log, kind):
    try:
        while True:
            entry = log.recv(1 << 20)
            print(" | ".join(fields(entry)) if kind == "journal" else entry.decode(), flush=True)
    except TimeoutError:
        pass


def main(kind, program, config):
    path = JOURNAL if kind == "journal" else SYSLOG
    log = listen(path)
    environment = dict(os.environ)
    ours, stderr = socket.socketpair()
    if kind == "journal":
        status = os.fstat(stderr.fileno())
        environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
    session = subprocess.Popen(
        [program, "--config", config], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
    )

    def say(line, code):
        if line:
            session.stdin.write(line + b"\r\n")
            session.stdin.flush()
        reply = session.stdout.readline()
        assert reply.startswith(code), (line, reply)

    say(None, b"220")
    show(log, kind)
    if kind == "syslog":
        log.close()
        say(b"NONSENSE", b"500")  # what is logged now is lost
        log = listen(path)
    say(b"ANOTHER", b"500")
    say(b"THIRD", b"500")
    say(b"QUIT", b"221")
    show(log, kind)
    ours.settimeout(0.1)
    stderr.close()
    try:
        assert not ours.recv(1), "something came to the peer's socket"
    except TimeoutError:
        pass
    return session.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
