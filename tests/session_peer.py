"""A peer for the sessions of both programs, in clear or through TLS, that looks between the commands.

For other files here; the environment has $BUILD, $CONF and $T as helper.bash sets them. All certificates that come
from a place are checked.
"""
import base64
import os
import socket
import ssl
import subprocess
import sys

PLACE = os.environ["T"]
HOST = "mail.example.org"
SECONDS = 20


def expect(true, text):
    if not true:
        sys.exit("%s: %s" % (os.path.basename(sys.argv[0]), text))


def expect_equal(got, wanted, what):
    expect(got == wanted, "%s: wanted %.300r, got %.300r" % (what, wanted, got))


def memory(pid):
    """What a process may write to: pairs of a line of its maps, and the octets. Needs the right to look."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as octets:
        for line in maps:
            area, rights = line.split()[:2]
            if rights.startswith("rw"):
                begin, end = (int(part, 16) for part in area.split("-"))
                octets.seek(begin)
                yield line, octets.read(end - begin)


def expect_absent(pid, secret, what=None):
    for line, octets in memory(pid):
        expect(secret not in octets, "%s is still in %s" % (what or repr(secret), line))


def plain(user, password, act_for=""):
    """A response of SASL PLAIN."""
    return base64.b64encode(("%s\0%s\0%s" % (act_for, user, password)).encode()).decode()


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(PLACE + "/certs/ca.pem")
    return made


def start(program, flags, theirs, environment=None):
    """A program of ours on a socket, with its log in the place."""
    command = [os.environ["BUILD"] + "/" + program, "--config", os.environ["CONF"], *flags]
    with open(PLACE + "/log", "ab") as stderr:
        return subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=stderr,
                                env=dict(os.environ, **(environment or {})))


class Peer:
    """The other end of a session: of one that it starts, or with port, of one that listens there."""

    def __init__(self, program, *flags, port=None, tls=None):
        self.is_pop3 = program == "pop3-session"
        self.is_lmtp = "--lmtp" in flags
        self.process = None
        self.rest = b""
        if port:
            self.socket = socket.create_connection(("127.0.0.1", int(port)), SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket, theirs = socket.socketpair()
            self.process = start(program, flags, theirs)
            theirs.close()
        self.socket.settimeout(SECONDS)
        if "--tls" in flags if tls is None else tls:
            self.shake()
        self.greeting = self.reply()

    def shake(self):
        self.socket = context().wrap_socket(self.socket, server_hostname=HOST)

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        try:
            return self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return b""

    def line(self):
        while b"\n" not in self.rest:
            piece = self.receive()
            if not piece:
                break
            self.rest += piece
        at = self.rest.find(b"\n") + 1 or len(self.rest)
        line, self.rest = self.rest[:at], self.rest[at:]
        return line.decode("latin-1").rstrip("\r\n")

    def reply(self):
        """The last line of a reply; self.lines has all of them."""
        self.lines = [self.line()]
        while not self.is_pop3 and self.lines[-1][3:4] == "-":
            self.lines.append(self.line())
        return self.lines[-1]

    def body(self):
        """Of a multi-line POP3 response."""
        lines = [self.line()]
        while lines[-1] not in (".", ""):
            lines.append(self.line())
        return lines[:-1]

    def command(self, text):
        self.send(text.encode("latin-1") + b"\r\n")
        return self.reply()

    def hello(self):
        """POP3 has no such thing."""
        if self.is_pop3:
            return ""
        return self.command(("LHLO" if self.is_lmtp else "EHLO") + " test.example")

    def offers(self):
        """What EHLO, or CAPA, says is there."""
        if self.is_pop3:
            self.command("CAPA")
            return self.body()
        self.hello()
        return [line[4:] for line in self.lines[1:]]

    def begin_tls(self):
        reply = self.command("STLS" if self.is_pop3 else "STARTTLS")
        expect(reply.startswith(("220 ", "+OK")), "STARTTLS: %r" % reply)
        expect_equal(self.rest, b"", "octets behind the reply")
        self.shake()

    def is_closed(self):
        """After what was read, nothing but the end."""
        return self.rest == b"" and self.receive() == b""

    def end(self):
        self.socket.close()
        return self.process.wait(SECONDS)
