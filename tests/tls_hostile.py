"""Handshakes that a stranger cuts, bends or takes to pieces, against a service that begins with TLS.

usage: tls_hostile.py PORT CHECK   CHECK is the name of a function below; it says nothing if all is well.
"""
import socket
import ssl
import sys

from session_peer import HOST, SECONDS, context, expect

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
PORT = int(sys.argv[1])


class Client:
    """A client whose flights are in our hands."""

    def __init__(self, version):
        made = context()
        made.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = made.wrap_bio(self.incoming, self.outgoing, server_hostname=HOST)
        self.socket = socket.create_connection(("127.0.0.1", PORT), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def flight(self):
        """What the client has to say next."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            said = self.outgoing.read()
            if said:
                return said
            piece = self.socket.recv(65536)
            expect(piece, "the connection ended in a handshake that was good so far")
            self.incoming.write(piece)

    def second_flight(self):
        self.socket.sendall(self.flight())
        return self.flight()

    def expect_end(self, octets, what):
        """The service ends the connection, at once and in no other words than TLS's."""
        got = b""
        try:
            self.socket.sendall(octets)
            self.socket.shutdown(socket.SHUT_WR)
            while True:
                piece = self.socket.recv(65536)
                if not piece:
                    break
                got += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        except socket.timeout:
            expect(False, "%s: it waits" % what)
        expect(not got or 0x14 <= got[0] <= 0x17, "%s: %r" % (what, got[:40]))
        self.socket.close()


def greets(client):
    """What the service says through TLS, once the handshake has come to its end."""
    while True:
        try:
            client.tls.do_handshake()
            return client.tls.read(100)
        except ssl.SSLWantReadError:
            rest = client.outgoing.read()
            if rest:
                client.socket.sendall(rest)
            piece = client.socket.recv(65536)
            if not piece:
                return b""
            client.incoming.write(piece)


def cut():
    """It ends at any octet of either flight."""
    for version in VERSIONS:
        hello = Client(version).flight()
        for at in range(0, len(hello), 7):
            Client(version).expect_end(hello[:at], "first flight, cut at %d" % at)
        for at in range(len(Client(version).second_flight())):
            client = Client(version)
            client.expect_end(client.second_flight()[:at], "second flight, cut at %d" % at)


def bendable(flight):
    """Where something is said: not a record's version, which nobody looks at (RFC 8446 section 5.1), nor a
    change_cipher_spec, which means nothing in TLS 1.3 (appendix D.4) but is some octets of the flight."""
    at = 0
    while at < len(flight):
        end = at + 5 + int.from_bytes(flight[at + 3:at + 5], "big")
        if flight[at] != 0x14:
            yield at
            yield from range(at + 3, end)
        at = end


def bent():
    """One octet of it is another."""
    for version in VERSIONS:
        for at in range(len(Client(version).flight())):
            client = Client(version)
            octets = bytearray(client.flight())
            octets[at] ^= 0xff
            client.expect_end(octets, "first flight, bent at %d" % at)
        for at in bendable(Client(version).second_flight()):
            client = Client(version)
            octets = bytearray(client.second_flight())
            octets[at] ^= 0x41
            client.expect_end(octets, "second flight, bent at %d" % at)


def pieces():
    """A client's hello in records of any size, and in packets of one octet, is one all the same."""
    for version in VERSIONS:
        for size in (1, 2, 7, 50, None):
            client = Client(version)
            hello = client.flight()
            if size:
                body = hello[5:]
                parts = [hello[:3] + len(body[at:at + size]).to_bytes(2, "big") + body[at:at + size]
                         for at in range(0, len(body), size)]
            else:
                parts = [bytes([octet]) for octet in hello]
            for part in parts:
                client.socket.sendall(part)
            client.socket.sendall(client.flight())
            expect(greets(client).startswith((b"220 ", b"+OK")), "in pieces of %r: no greeting" % size)
            client.socket.close()


def flood():
    """Alerts without end, and a message of the handshake that is said to have 16 MB, end the connection."""
    client = Client(VERSIONS[0])
    client.second_flight()
    expect(floods(client, b"\x15\x03\x03\x00\x02\x01\x5a" * 1000), "warnings are taken without end")
    client = Client(VERSIONS[0])
    expect(floods(client, b"\x16\x03\x03\x40\x00" + b"\x01\xff\xff\xff" + b"\0" * 16380), "16 MB are taken")


def floods(client, octets):
    """Does it end in spite of 4 MB that follow, and long before a handshake's deadline?"""
    try:
        for _ in range((4 << 20) // len(octets)):
            client.socket.sendall(octets)
        while client.socket.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        return True
    except socket.timeout:
        return False
    return True


if __name__ == "__main__":
    globals()[sys.argv[2]]()
