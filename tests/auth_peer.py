"""AUTH in SMTP and POP3, where a dialogue can't tell it.

usage: auth_peer.py CHECK [ARGUMENT]...   CHECK is the name of a function below; it says nothing if all is well.
"""
import base64
import os
import signal
import subprocess
import sys
import time

from session_peer import PLACE, Peer, expect, expect_absent, expect_equal, plain

WRONG = {"smtp-session": "535 5.7.8 Authentication failed",
         "pop3-session": "-ERR [AUTH] user name or password is wrong"}
TEMPORARY = {"smtp-session": "454 4.7.0 ", "pop3-session": "-ERR [SYS/TEMP] "}


def ready(program, *flags):
    peer = Peer(program, *flags)
    peer.hello()
    return peer


def b64(text):
    return base64.b64encode(text.encode("latin-1")).decode()


def equal(program, seconds):
    """Whatever is wrong with credentials, the answer is the same and takes as long."""
    attempts = {"wrong password": plain("alice", "wrong"), "no such user": plain("nobody-at-all", "secret"),
                "no name": plain("a" * 398, "secret"), "for another": plain("alice", "secret", "bob"),
                "too long a name": plain("a" * 3000, "secret"), "too long a password": plain("alice", "s" * 3000),
                "control characters": plain("al\x01ice", "secret"), "eight bits": plain("\xe4", "secret")}
    for what, response in attempts.items():
        peer = ready(program)
        peer.command("AUTH PLAIN")
        began = time.monotonic()
        expect_equal(peer.command(response), WRONG[program], what)
        took = time.monotonic() - began
        expect(float(seconds) <= took < float(seconds) + 1, "%s: %.2f s" % (what, took))
    if program == "smtp-session":
        peer = ready(program)
        peer.command("AUTH LOGIN")
        began = time.monotonic()
        expect_equal(peer.command(b64("a" * 3000)), WRONG[program], "LOGIN with too long a name")
        expect(time.monotonic() - began >= float(seconds), "LOGIN with too long a name was answered at once")


def agents_of(process):
    """The session's own agent."""
    listed = subprocess.run(["pgrep", "-P", str(process.pid)], stdout=subprocess.PIPE, universal_newlines=True)
    return [int(pid) for pid in listed.stdout.split()]


def no_agent(program):
    """An agent that goes away is our fault, and is not answered as a wrong password."""
    peer = ready(program)
    agents = agents_of(peer.process)
    expect(agents, "no agent")
    for pid in agents:
        os.kill(pid, signal.SIGKILL)
    reply = peer.command("AUTH PLAIN " + plain("alice", "secret"))
    expect(reply.startswith(TEMPORARY[program]), reply)


def forgotten(program, tls):
    """After an attempt the session's memory holds the password no more, in clear or in base64."""
    peer = ready(program)
    if int(tls):
        peer.begin_tls()
        peer.hello()
    password = "never-such-a-password"
    mechanisms = ["PLAIN"] if peer.is_pop3 else ["PLAIN", "LOGIN"]
    for mechanism in mechanisms:
        peer.command("AUTH " + mechanism)
        if mechanism == "LOGIN":
            peer.command(b64("alice"))
            reply = peer.command(b64(password))
        else:
            reply = peer.command(plain("alice", password))
        expect_equal(reply, WRONG[program], mechanism)
    expect_forgotten(peer, password)
    peer.command("AUTH PLAIN")
    peer.send(plain("alice", password).encode() * 400 + b"\r\n")
    expect(peer.reply().startswith(("500 5.5.6 ", "-ERR line too long")), "a line that is too long")
    expect_forgotten(peer, password)
    if peer.is_pop3:  # SMTP ends the connection
        peer.command("AUTH PLAIN")
        peer.send(plain("alice", password).encode() + b"\0\r\n")
        expect(peer.reply().startswith("-ERR NUL"), "a line with NUL")
        expect_forgotten(peer, password)


def expect_forgotten(peer, password):
    for secret in (password[:12], b64(password)[:12], plain("alice", password)[12:24]):
        expect_absent(peer.process.pid, secret.encode())


def cut(program):
    """A connection that ends at any octet of an exchange ends the session, and is no log-in."""
    whole = b"AUTH PLAIN\r\n" + plain("alice", "secret").encode() + b"\r\n"
    for at in range(1, len(whole) - 1):
        peer = ready(program)
        peer.send(whole[:at])
        expect_equal(peer.end(), 0, "exit status, cut at %d" % at)
    with open(PLACE + "/log") as log:
        expect("EVENT=login" not in log.read(), "somebody has logged in")


def no_line(program):
    """What can't be a line ends the exchange; in SMTP the connection, too."""
    for octets in (b"AGFsaWNl\0AHNlY3JldA==\r\n", b"AGFsaWNlAHNl\rY3JldA==\r\n"):
        peer = ready(program)
        peer.command("AUTH PLAIN")
        peer.send(octets)
        reply = peer.reply()
        expect(reply.startswith(("500 5.5.2 ", "-ERR ")), "%r: %r" % (octets, reply))
        if peer.is_pop3:
            expect_equal(peer.command(plain("alice", "secret")), "-ERR unknown command", "the exchange goes on")
        else:
            expect(peer.is_closed(), "the connection goes on")


def desync():
    """After whatever AUTH comes to there is no transaction."""
    for lines in (["AUTH PLAIN " + plain("alice", "wrong")], ["AUTH PLAIN", "*"], ["AUTH NONE"], ["AUTH PLAIN", "?"],
                  ["AUTH PLAIN", "A" * 13000], ["AUTH PLAIN " + plain("alice", "secret")], ["AUTH PLAIN ="]):
        peer = ready("smtp-session")
        for line in lines:
            peer.command(line)
        for line in ("RCPT TO:<alice@example.org>", "DATA"):
            expect(peer.command(line).startswith("503 "), "%r: %s" % (lines, line))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
