"""The moment when TLS begins, in SMTP, LMTP and POP3, and what a stranger in between can do to it.

usage: tls_begin.py CHECK [ARGUMENT]...   CHECK is the name of a function below; it says nothing if all is well.
"""
import os
import re
import select
import socket
import ssl
import subprocess
import sys
import time

from session_peer import (PLACE, SECONDS, Peer, context, expect, expect_absent, expect_equal, memory, plain,
                          start)

STARTTLS = {"smtp-session": b"STARTTLS\r\n", "pop3-session": b"STLS\r\n"}
# What is put behind it, in one breath: commands, what could end a line elsewhere, octets that are no line at all.
BEHIND = {
    "smtp-session": [b"EHLO evil\r\nMAIL FROM:<evil@example.net>\r\nRCPT TO:<alice@example.org>\r\n",
                     b"NOOP\r\n", b"NOOP\n", b"NOOP", b"\r\n", b"\n", b" ", b"\0", b"\r",
                     b"DATA\r\nX: y\r\n.\r\n", b"QUIT\r\n", b"STARTTLS\r\n"],
    "pop3-session": [b"USER alice\r\n", b"USER alice\r\nPASS secret\r\n", b"NOOP\r\n", b"NOOP\n", b"NOOP", b"\r\n",
                     b"\n", b" ", b"\0", b"QUIT\r\n", b"STLS\r\n"],
}
READY = (b"220 2.0.0 Ready for TLS", b"+OK ready for TLS")
REFUSED = (b"554 5.5.0 Nothing may follow", b"-ERR nothing may follow")


def ready_peer(program, port, *flags):
    peer = Peer(program, *flags, port=port, tls=False)
    peer.hello()
    return peer


def rest_of(peer, seconds=SECONDS):
    """All that still comes in clear, up to the end or for so long."""
    got = peer.rest
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([peer.socket], [], [], left)[0]:
            return got
        piece = peer.receive()
        if not piece:
            return got
        got += piece


def check_replies(got, what):
    """Of all lines in clear at most one is a reply: that TLS may begin (and what follows is none), or that not."""
    lines = got.split(b"\r\n")
    if lines[0].startswith(REFUSED):
        expect_equal(lines[1:], [b""], what + ": behind the refusal")
        return "refused"
    if lines[0].startswith(READY):
        rest = got[len(lines[0]) + 2:]  # an alert of TLS is all that may be there
        expect(rest == b"" or rest[:1] == b"\x15", "%s: behind the consent: %r" % (what, rest))
        return "ready"
    expect(got == b"" or lines[0].startswith((b"500 5.5.2 Lines end", b"-ERR")), "%s: %r" % (what, got))
    return "bad line"


def inject(program, port):
    """In one write: refused, and the connection ends."""
    for behind in BEHIND[program]:
        peer = ready_peer(program, port)
        peer.send(STARTTLS[program] + behind)
        expect_equal(check_replies(rest_of(peer), repr(behind)), "refused", repr(behind))


def inject_split(program, port):
    """In two writes, split at each octet: no octet in clear is ever obeyed, whichever side of the handshake it
    reaches."""
    seen = set()
    for behind in BEHIND[program][:2]:
        whole = STARTTLS[program] + behind
        for at in range(1, len(whole)):
            peer = ready_peer(program, port)
            peer.send(whole[:at])
            time.sleep(0.01)
            peer.send(whole[at:])
            peer.socket.shutdown(socket.SHUT_WR)
            seen.add(check_replies(rest_of(peer), "%r at %d" % (behind, at)))
    expect(seen >= {"refused", "ready"}, "not all was tried: %r" % seen)


def inject_and_shake(program, port):
    """The stranger's octets come behind the consent and before the client's own handshake: there is no TLS then."""
    for behind in BEHIND[program]:
        peer = ready_peer(program, port)
        peer.send(STARTTLS[program])
        expect(peer.reply().encode().startswith(READY), "no consent")
        try:
            peer.send(behind)
            peer.shake()
        except (ssl.SSLError, OSError):
            continue
        expect(False, "TLS began behind %r" % behind)


def bare_ends(program, port):
    """Other line ends are no way around it."""
    first = STARTTLS[program].rstrip(b"\r\n")
    for end in (b"\n", b"\r", b"\r\r\n", b"\n\r", b"\0\r\n", b"\r\0\n"):
        for behind in (b"", b"NOOP\r\n"):
            peer = ready_peer(program, port)
            peer.send(first + end + behind)
            peer.socket.shutdown(socket.SHUT_WR)
            got = rest_of(peer)
            lenient = program == "pop3-session" and end == b"\n" and not behind
            result = check_replies(got, repr(end + behind)) if got else "nothing"
            expect(lenient == (result == "ready"), "%r: %s" % (end + behind, result))


def forgotten(program, port):
    """What was said in clear is as if it had not been."""
    peer = ready_peer(program, port)
    offers = peer.offers()
    expect({"STARTTLS", "STLS"} & set(offers), "TLS is not offered: %r" % offers)
    if peer.is_pop3:
        peer.command("USER alice")
    peer.begin_tls()
    if peer.is_pop3:
        expect(peer.command("PASS secret").startswith("-ERR PASS is not possible"), "PASS")
    else:
        expect(peer.command("MAIL FROM:<a@b.c>").startswith("503 "), "MAIL without EHLO")
        expect(peer.command("AUTH PLAIN").startswith("503 "), "AUTH without EHLO")
    offers = peer.offers()
    expect(not {"STARTTLS", "STLS"} & set(offers), "TLS is offered again: %r" % offers)
    expect({"AUTH PLAIN LOGIN", "SASL PLAIN"} & set(offers), "AUTH is not offered: %r" % offers)
    again = peer.command("STLS" if peer.is_pop3 else "STARTTLS")
    expect(again.startswith(("-ERR STLS is not possible in", "503 5.5.1")), "twice: %r" % again)


def counts_stay(program):
    """[limits] errors and logins count through the handshake; the place allows 4 and 3."""
    peer = Peer(program)
    peer.hello()
    for _ in range(2):
        expect(not peer.command("NONSENSE").startswith(("2", "+OK")), "NONSENSE")
    peer.begin_tls()
    last = [peer.command("NONSENSE"), peer.command("NONSENSE")]
    if not peer.is_pop3:
        expect(peer.line().startswith("421 4.7.0"), "not too many errors: %r" % last)
    expect(peer.is_closed(), "it goes on: %r" % last)
    peer = Peer(program)
    peer.hello()
    attempt = "AUTH PLAIN " + plain("alice", "wrong")
    for _ in range(2):
        peer.command(attempt)
    peer.begin_tls()
    peer.hello()
    peer.command(attempt)
    if not peer.is_pop3:
        expect(peer.line().startswith("421 4.7.0"), "not too many log-ins")
    expect(peer.is_closed(), "it goes on after three failures")


def not_now(program, *flags):
    """In the middle of a transaction, after a log-in, with an argument."""
    peer = Peer(program, *flags)
    peer.hello()
    if not peer.is_pop3:
        expect(peer.command("STARTTLS now").startswith("501 5.5.4"), "argument")
        expect(peer.command("MAIL FROM:<a@b.c>").startswith("250"), "MAIL")
        expect(peer.command("STARTTLS").startswith("503 5.5.1"), "after MAIL")
        expect(peer.command("RCPT TO:<alice@example.org>").startswith("250"), "RCPT")
        expect(peer.command("STARTTLS").startswith("503 5.5.1"), "after RCPT")
        expect(peer.command("RSET").startswith("250"), "RSET")
        expect(peer.command("AUTH PLAIN " + plain("alice", "secret")).startswith("235"), "AUTH")
        expect(peer.command("STARTTLS").startswith("503 5.5.1"), "after AUTH")
    else:
        expect(peer.command("STLS now").startswith("-ERR usage"), "argument")
        expect(peer.command("USER alice").startswith("+OK"), "USER")
        expect(peer.command("PASS secret").startswith("+OK"), "PASS")
        expect(peer.command("STLS").startswith("-ERR STLS is not possible"), "after a log-in")


def unusable(program, *flags):
    """A key that can't be used: TLS is refused for the time being, and the session goes on, with no passwords."""
    peer = Peer(program, *flags)
    offers = peer.offers()
    for _ in range(2):
        reply = peer.command("STLS" if peer.is_pop3 else "STARTTLS")
        expect(reply in ("454 4.7.0 TLS is not available now", "-ERR [SYS/TEMP] TLS is not available now"), reply)
    expect({"STARTTLS", "STLS"} & set(offers), "TLS is not offered: %r" % offers)
    expect(not {"AUTH PLAIN LOGIN", "SASL PLAIN", "USER"} & set(offers), "AUTH is offered: %r" % offers)
    reply = peer.command("AUTH PLAIN " + plain("alice", "secret"))
    expect(reply.startswith(("538 5.7.11", "-ERR [AUTH]")), "AUTH: %r" % reply)
    if peer.is_pop3:
        expect(peer.command("USER alice").startswith("-ERR [AUTH]"), "USER")
    elif "--submission" not in flags:
        expect(peer.command("MAIL FROM:<a@b.c>").startswith("250"), "MAIL")
    expect(peer.command("QUIT").startswith(("221", "+OK")), "QUIT")


def hostile(program, port, implicit):
    """Handshakes that are none: the connection ends without a word in clear."""
    for octets in (b"EHLO x\r\n", b"\0" * 100, b"\x16\x03\x01" + b"\xff" * 600, b"GET / HTTP/1.1\r\n\r\n",
                   b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x80\x2e\x01\x00\x02", b"\x15\x03\x01\x00\x02\x02\x28"):
        peer = socket.create_connection(("127.0.0.1", int(port)), SECONDS)
        if not int(implicit):
            for line in (b"EHLO x\r\n", STARTTLS[program]) if program == "smtp-session" else (STARTTLS[program],):
                peer.sendall(line)
                time.sleep(0.02)
        before = b""
        while not int(implicit) and not before.endswith((READY[0] + b"\r\n", READY[1] + b"\r\n")):
            before += peer.recv(65536)
        peer.sendall(octets)
        peer.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while True:
                piece = peer.recv(65536)
                if not piece:
                    break
                got += piece
        except ConnectionResetError:
            pass
        expect(got == b"" or got[:1] == b"\x15", "%r: %r" % (octets[:20], got))


def slow(port, seconds):
    """Half a handshake, then an octet now and then: the deadline holds."""
    peer = socket.create_connection(("127.0.0.1", int(port)), SECONDS)
    hello = ssl.MemoryBIO()
    tls = context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="mail.example.org")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    octets = hello.read()
    began = time.monotonic()
    for at in range(len(octets) - 1):
        try:
            peer.sendall(octets[at:at + 1])
        except OSError:
            break
        if select.select([peer], [], [], 0.1)[0] and not peer.recv(100):
            break
    took = time.monotonic() - began
    expect(float(seconds) - 0.5 < took < float(seconds) + 3, "it ended after %.1f s" % took)


def serial(program, port):
    """Prints the serial number of the certificate that is used now."""
    peer = ready_peer(program, port)
    peer.begin_tls()
    print(peer.socket.getpeercert()["serialNumber"])
    peer.command("QUIT")


def greeted(port):
    expect(Peer("smtp-session", port=port).command("QUIT").startswith("221 "), "QUIT")


def loaded_late(program):
    """No session that does without TLS pays for it."""
    peer = Peer(program)
    peer.hello()

    def is_loaded():
        with open("/proc/%d/maps" % peer.process.pid) as file:
            return "libgnutls" in file.read()

    if os.getuid() == 0:
        expect(not is_loaded(), "GnuTLS is there before anybody asked for TLS")
    peer.begin_tls()
    peer.hello()
    if os.getuid() == 0:
        expect(is_loaded(), "is it by another name?")


def parts_of(key):
    """What the private numbers of a PEM file look like in a memory: as in DER, as GMP computes with them, as text."""
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"], check=True, capture_output=True).stdout.decode()
    numbers = {}
    for line in text.splitlines():
        if line.startswith(" "):
            numbers[name] += bytes.fromhex(line.replace(":", "").strip())
        else:
            name = line.split(":")[0]
            numbers[name] = b""
    for name in "priv", "privateExponent", "prime1", "prime2", "exponent1", "exponent2":
        number = numbers.get(name, b"").lstrip(b"\0")
        if number:
            yield name, number
            yield name + ", reversed", number[::-1]
    with open(key) as file:
        yield "the file's text", file.read().splitlines()[1].encode()


def pid_of_last(program):
    with open(PLACE + "/log") as log:
        return int(re.findall(r"%s\[(\d+)\]: EVENT=connect " % program, log.read())[-1])


def keyless(program, port, key, is_listening):
    """As soon as TLS has begun, the session has the private key no more; a listener loads it before."""
    peer = Peer(program, port=port)
    peer.hello()
    pid = pid_of_last(program)
    parts = list(parts_of(key))
    expect(parts, "the key can't be read")
    if is_listening == "yes":
        expect(any(part in octets for _, part in parts for _, octets in memory(pid)), "no key was there before, either")
    peer.begin_tls()
    peer.command("NOOP")  # the handshake is over for the session, too
    for name, part in parts:
        expect_absent(pid, part, name)


def resumed(port, port_of_other):
    """A ticket is good for another process of the same service, and for no other service."""
    made = context()

    def connect(where, session):
        peer = ready_peer("smtp-session", where)
        peer.command("STARTTLS")
        peer.socket = made.wrap_socket(peer.socket, server_hostname="mail.example.org", session=session)
        peer.hello()  # tickets come behind the handshake
        session = peer.socket.session
        peer.command("QUIT")
        return session, peer.socket.session_reused

    session, reused = connect(port, None)
    expect(not reused, "a first session is resumed")
    expect(connect(port, session)[1], "the ticket is of no use")
    expect(not connect(port_of_other, session)[1], "another service takes the ticket")
    expect(connect(port, session)[1], "the ticket is of no use any more")


class Super:
    """A service manager: starts a listener on its socket as long as somebody knocks, with credentials as they are
    then."""

    def __init__(self, program, *flags):
        self.program, self.flags = program, flags
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]

    def knock(self):
        """Start a listener: somebody waits in the queue."""
        os.makedirs(PLACE + "/credentials", exist_ok=True)
        for name, source in (("tls.crt", "/cert.pem"), ("tls.key", "/key.pem")):
            with open(PLACE + source, "rb") as file, open(PLACE + "/credentials/" + name, "wb") as copy:
                os.fchmod(copy.fileno(), 0o600)
                copy.write(file.read())
        return start(self.program, self.flags, self.socket, {"CREDENTIALS_DIRECTORY": PLACE + "/credentials"})


def install(name):
    """Renew the certificate as certbot's hooks do: a new file in the place of the old one."""
    for suffix, path in ((".crt", "/cert.pem"), (".key", "/key.pem")):
        with open(PLACE + "/certs/" + name + suffix, "rb") as file, open(PLACE + path + ".new", "wb") as copy:
            os.fchmod(copy.fileno(), 0o600)
            copy.write(file.read())
        os.rename(PLACE + path + ".new", PLACE + path)


def credentials_renewed():
    """A listener with credentials ends when the certificate behind them has changed; its sessions go on, and the
    next listener has the new one."""
    def algorithm(peer):
        der = peer.socket.getpeercert(True)
        return "rsa" if b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" in der else "ecdsa"

    install("ecdsa")
    manager = Super("smtp-session")
    first = manager.knock()
    old = ready_peer("smtp-session", manager.port)
    old.begin_tls()
    expect_equal(algorithm(old), "ecdsa", "the first certificate")
    install("rsa")
    waiting = socket.create_connection(("127.0.0.1", manager.port), SECONDS)
    expect_equal(first.wait(SECONDS), 0, "the listener's exit status")
    expect(not select.select([waiting], [], [], 0.2)[0], "the connection that waits was dropped or served")
    expect(old.hello().startswith("250 "), "the session from before is gone")
    second = manager.knock()
    expect(waiting.recv(100).startswith(b"220 "), "the connection that waits")
    new = ready_peer("smtp-session", manager.port)
    new.begin_tls()
    expect_equal(algorithm(new), "rsa", "the next certificate")
    expect(old.command("QUIT").startswith("221 "), "the session from before, at its end")
    second.kill()
    second.wait()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
