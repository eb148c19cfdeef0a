"""Every verb in every state with everything that a connection may have, made from a program's own table.

usage: matrix.py PROGRAM [FLAG]...

A verb that the table (--dump-verbs) says is legal must not be refused as out of place; one that is not must be, in
the words that its place in the table means, and must leave all as it was. The place has TLS set up, and [auth]
plaintext = never; the scenes below say what is changed.
"""
import os
import re
import subprocess
import sys

from session_peer import Peer, expect, expect_equal, plain

# What a connection has, by the names that --dump-verbs uses, and how to come by it.
SCENES = {
    "clear": {"clear", "tls", "nobody"},
    "bare": {"clear", "nobody"},  # no certificate
    "private": {"clear", "tls", "nobody", "privacy"},
    "login": {"clear", "tls", "privacy", "login"},
    "tls": {"tls", "nobody", "privacy"},
    "tls-login": {"tls", "privacy", "login"},
}
TLS_SCENES = ("tls", "tls-login")
LOGIN_SCENES = ("login", "tls-login")

# What is lacking, in the order in which it is told.
SMTP_REFUSALS = [("clear", "503 5.5.1 %s "), ("nobody", "503 5.5.1 %s "), ("tls", "502 5.5.1 %s "),
                 ("privacy", "538 5.7.11 %s "), ("login", "530 5.7.0 %s ")]
POP3_REFUSALS = [("clear", "-ERR %s is not possible in this state"),
                 ("nobody", "-ERR %s is not possible in this state"),
                 ("tls", "-ERR %s is not possible on this server"), ("privacy", "-ERR [AUTH] ")]

SMTP_WAYS = {"start": [], "ready": ["HELLO"],
             "sender": ["HELLO", "MAIL FROM:<a@b.c>"],
             "recipients": ["HELLO", "MAIL FROM:<a@b.c>", "RCPT TO:<alice@example.org>"]}
POP3_WAYS = {"authorization": [], "named": ["USER alice"], "transaction": ["USER alice", "PASS secret"]}

EXAMPLES = [(r" \[.*", ""), ("mechanism", "PLAIN " + plain("alice", "secret")), ("domain", "x"), ("string", "alice"),
            ("<reverse-path>", "<a@b.c>"), ("<forward-path>", "<bob@example.org>"), (r"\bname\b", "alice"),
            (r"\bpassword\b", "secret"), (r"\bmessage\b", "1"), (r"\blines\b", "0")]


def example(usage):
    for pattern, text in EXAMPLES:
        usage = re.sub(pattern, text, usage)
    return usage


class Matrix:
    def __init__(self, program, flags):
        self.program, self.flags = program, flags
        self.is_pop3 = program == "pop3-session"
        self.ways = POP3_WAYS if self.is_pop3 else SMTP_WAYS
        self.refusals = POP3_REFUSALS if self.is_pop3 else SMTP_REFUSALS
        self.count = 0
        dump = subprocess.run([os.environ["BUILD"] + "/" + program, *flags, "--dump-verbs"], check=True,
                              stdout=subprocess.PIPE, universal_newlines=True).stdout
        self.verbs = [line.split("\t") for line in dump.splitlines()]
        states = {state for row in self.verbs for state in row[1].split(",")}
        expect_equal(states, set(self.ways), "states in the table")

    def refusal(self, row, state, scene):
        """How the reply must begin, or None: the verb is legal."""
        name, states, _, needs = row
        if state not in states.split(","):
            return self.refusals[0][1] % name
        for need, text in self.refusals:
            if need in needs.split(",") and need not in SCENES[scene]:
                return text % name if "%" in text else text
        return None

    def set_scene(self, scene):
        with open(os.environ["T"] + "/base.conf") as base, open(os.environ["CONF"], "w") as conf:
            text = base.read()
            if scene == "bare":
                text = re.sub(r"\[tls\][^[]*", "", text)
            if scene in ("private", "login"):
                text = text.replace("plaintext = never", "plaintext = local")
            conf.write(text)

    def reach(self, scene, state):
        """A session in this state, or None where there is no way."""
        peer = Peer(self.program, *self.flags)
        if scene in TLS_SCENES:
            peer.hello()
            peer.begin_tls()
        if scene in LOGIN_SCENES and not self.is_pop3:
            peer.hello()
            expect(peer.command("AUTH PLAIN " + plain("alice", "secret")).startswith("235 "), "AUTH")
            if state == "start":  # EHLO was needed, and there is no way back
                peer.end()
                return None
        for step in self.ways[state]:
            reply = peer.hello() if step == "HELLO" else peer.command(step)
            if not reply.startswith(("250 ", "+OK")):
                expect(reply.startswith(("530 ", "-ERR [AUTH]")), "%s: %r" % (step, reply))
                peer.end()
                return None
        return peer

    def probe(self, peer):
        """What tells the state, and what the connection has; nothing can follow."""
        probes = ("RCPT TO:<bob@example.org>", "MAIL FROM:<x@y.z>", "AUTH NONE")
        replies = [peer.command(text) for text in (("PASS secret", "STAT", "USER alice") if self.is_pop3 else probes)]
        peer.end()
        return replies

    def check_refused(self, scene, state, rows):
        untouched = self.probe(self.reach(scene, state))
        peer = self.reach(scene, state)
        for row, begin in rows:
            got = peer.command(example(row[2]))
            expect(got.startswith(begin), "%s, %s: %s: wanted %r, got %r" % (scene, state, row[0], begin, got))
            self.count += 1
        expect_equal(self.probe(peer), untouched, "%s, %s: after refusals" % (scene, state))

    def check_legal(self, scene, state, row):
        peer = self.reach(scene, state)
        got = peer.command(example(row[2]))
        expect(got.startswith(("2", "3", "502 5.5.1 Lists", "+OK")), "%s, %s: %s: %r" % (scene, state, row[0], got))
        peer.end()
        self.count += 1

    def check_scene(self, scene):
        self.set_scene(scene)
        for state in self.ways:
            peer = self.reach(scene, state)
            if not peer:
                continue
            peer.end()
            refused = []
            for row in self.verbs:
                begin = self.refusal(row, state, scene)
                if begin:
                    refused.append((row, begin))
                else:
                    self.check_legal(scene, state, row)
            self.check_refused(scene, state, refused)


def main(program, *flags):
    matrix = Matrix(program, flags)
    for scene, has in SCENES.items():
        if program != "pop3-session" or "login" not in has:
            matrix.check_scene(scene)
    print(matrix.count)


if __name__ == "__main__":
    main(*sys.argv[1:])
