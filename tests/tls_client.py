"""TLS for the transports of dialogue.bash: standard input goes to the peer, what the peer says comes back.

usage: tls_client.py PORT smtp|lmtp|pop3|- [STEP]

What comes first is said in clear to make TLS begin: STARTTLS or STLS ("-": nothing, it begins with TLS). The
greeting is printed, the replies to that are not. STEP: octets in each TLS record. At the end of standard input
close_notify is sent, and what the peer still says is read. Certificates are checked against $T/certs/ca.pem.
"""
import os
import select
import socket
import ssl
import sys

from session_peer import HOST, context

BEGIN = {"smtp": (b"EHLO before.example\r\n", b"STARTTLS\r\n"),
         "lmtp": (b"LHLO before.example\r\n", b"STARTTLS\r\n"),
         "pop3": (b"CAPA\r\n", b"STLS\r\n")}


def read_line(peer):
    """From the socket octet by octet: nothing that belongs to TLS may be read too early."""
    line = b""
    while not line.endswith(b"\n"):
        octet = peer.recv(1)
        if not octet:
            sys.exit("the peer has closed: %r" % line)
        line += octet
    return line


def read_reply(peer, is_pop3, is_list=False):
    line = read_line(peer)
    if is_pop3:
        while is_list and line != b".\r\n":
            line = read_line(peer)
    else:
        while line[3:4] == b"-":
            line = read_line(peer)
    return line


def begin(peer, protocol):
    hello, start = BEGIN[protocol]
    sys.stdout.buffer.write(read_line(peer))
    peer.sendall(hello)
    read_reply(peer, protocol == "pop3", True)
    peer.sendall(start)
    reply = read_reply(peer, protocol == "pop3")
    if not reply.startswith((b"220 ", b"+OK")):
        sys.exit("no TLS: %r" % reply)


class Pump:
    """Between standard input, TLS and standard output, whatever order the peer chooses."""

    def __init__(self, peer, step):
        self.peer, self.step = peer, step
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context().wrap_bio(self.incoming, self.outgoing, server_hostname=HOST)

    def send(self):
        data = self.outgoing.read()
        if data:
            try:
                self.peer.sendall(data)
            except OSError:  # it has closed; what it said before is still there to read
                pass

    def receive(self):
        """False at the end."""
        try:
            data = self.peer.recv(65536)
        except ConnectionResetError:
            data = b""
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()
        return bool(data)

    def shake(self):
        while True:
            try:
                self.tls.do_handshake()
                return self.send()
            except ssl.SSLWantReadError:
                self.send()
                if not self.receive():
                    sys.exit("no handshake")

    def show(self):
        """Print what is there. False: the peer has said close_notify, or has just gone, which shows."""
        try:
            while True:
                data = self.tls.read(65536)
                if not data:
                    return False
                sys.stdout.buffer.write(data)
        except ssl.SSLWantReadError:
            return True
        except ssl.SSLZeroReturnError:
            return False
        except ssl.SSLEOFError:
            sys.stdout.buffer.write(b"<no close_notify>")
            return False

    def put(self, data):
        for at in range(0, len(data), self.step):
            self.tls.write(data[at:at + self.step])
            self.send()

    def close(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.send()

    def run(self):
        self.shake()
        sources = [self.peer, sys.stdin]
        while self.show():
            ready = select.select(sources, [], [])[0]
            if sys.stdin in ready:
                data = os.read(0, 65536)
                if data:
                    self.put(data)
                else:
                    self.close()
                    sources.remove(sys.stdin)
            if self.peer in ready:
                self.receive()


def main(port, protocol, step="65536"):
    peer = socket.create_connection(("127.0.0.1", int(port)))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if protocol != "-":
        begin(peer, protocol)
    Pump(peer, int(step)).run()
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
