"""The texts that seeds.py makes inputs of: lines, paths, messages, mailboxes, dialogues."""

import glob
import os

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The ends of data that one server or another has taken for CRLF.CRLF (SMTP smuggling, 2023), and NULs.
ENDS = [
    b"\n.\n",
    b"\n.\r",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\0\r\n.\r\n",
    b"\r\n.\r\n",
    b"\r\n..\r\n.\r\n",
]
SECOND = b"MAIL FROM:<smuggled@b.c>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: second\r\n\r\n.\r\n"

PATHS = [
    b"<>",
    b"<a@b>",
    b"<Postmaster>",
    b"<postmaster@example.org>",
    b"<a.b+c@d.e-f.g>",
    b"<@x.y,@z:a@b>",
    b"<@:a@b>",
    b'<"a b"@c>',
    b'<"a\\"b\\\\"@c>',
    b'<""@c>',
    b'<"a\x7f"@c>',
    b'<"a\tb"@c>',
    b'<"a\0b"@c>',
    b"<a@[192.0.2.1]>",
    b"<a@[IPv6:2001:db8::1]>",
    b"<a@[IPv6:::ffff:192.0.2.1]>",
    b"<a@[tag:x]>",
    b"<a@[192.0.2.1>",
    b"<a@b..c>",
    b"<a@-b>",
    b"<a@b->",
    b"<a@b.>",
    b"<.a@b>",
    b"<a..b@c>",
    b"<a.@b>",
    b"<a@b",
    b"a@b>",
    b"<a b@c>",
    b"<a@b@c>",
    b"<a%b@c>",
    b"<c!a@b>",
    b"<;id;@b>",
    b"<$(id)@b>",
    b"<`id`@b>",
    b"<|id@b>",
    b"<-oX@b>",
    b"</etc/passwd@b>",
    b"<../x@b>",
    b"<:include:/etc/shadow@b>",
    b"<%s%n@b>",
    b"<\xc3\xa4@b>",
    b"<a@\xc3\xa4>",
    b"<" + b"a" * 64 + b"@b>",
    b"<" + b"a" * 65 + b"@b>",
    b"<a@" + b"b" * 63 + b"." + b"c" * 63 + b">",
    b"<a@" + b"b." * 127 + b"b>",
    b"<a@" + b"b." * 128 + b"b>",
    b"<a@b> SIZE=1000 BODY=8BITMIME",
    b"<a@b> SIZE=",
    b"<a@b> SIZE=1=2",
    b"<a@b>SIZE=1",
    b"<a@b> =1",
    b"<a@b> X-Y",
    b"<a@b>  SIZE=99999999999999999999 ",
    b"<> AUTH=<>",
]

MESSAGES = [
    b"",
    b"\n",
    b"x",
    b"Subject: x\n\nbody\n",
    b"A: b\n c\n\n.\n..\n.x\n",
    b"From x\n>From y\n>>From z\nFrom",
    b"\n\nFrom \n",
    b"Received: 1\nReceived: 2\nreceived : 3\nX-Received: 4\n\nReceived: 5\n",
    b"Status: RO\nX-UID: 5\n 6\nSubject: s\n\n",
    b"STATUS : O\nx-imapbase: 1 2\nX-Keywords:\n\nStatus: text\n",
    b"A: b\r\n\r\nCR\rLF\nNUL\0\r\n\r\r\n\r",
    b"\tcontinued\nA: b\n",
    b"a" * 1500 + b"\n",
    b"\xff\xfe\x80\n",
    b">" * 70 + b"From x\n",
    b"From a@b Tue Nov 24 13:00:00 2026\nA: b\n\nx\n",
]


def from_line(n):
    return b"From %c@b Tue Nov 24 13:00:0%d 2026\n" % (97 + n, n)


MAILBOX = b"".join(
    from_line(n) + b"Received: from %d\nMessage-ID: <%d@x>\nSubject: s\n\nbody %d\n>From me\n\n" % (n, n, n)
    for n in range(4)
)
MAILBOXES = [
    b"",
    b"\n\n",
    b"x",
    b"From x",
    b"From x\n",
    MAILBOX,
    b"\r\n\n" + MAILBOX,
    MAILBOX[:-1],
    MAILBOX.replace(b"\n", b"\r\n"),
    from_line(0) + from_line(1) + b"\n" + from_line(2),
    from_line(0) * 3,
    from_line(0) + b"X-Pillarbox-Padding: xxx\n xx\n" * 2 + b"A: b\n\n" + from_line(1) + b"X-Pillarbox-Padding: x\r\n\n",
    b"\r" + MAILBOX,
    b">" + MAILBOX,
    from_line(0) + b"A: b\n\n>From \n> From \n>>From x\n>From",
    from_line(0) + b"\n\n\n" + from_line(1) + b"\n\r\n\n",
    from_line(0) + b"Date: 1\n\nFrom me Nov 24\n\nFrom me Nov 24 13:00\n",
    from_line(0) + b"x" * 1100 + b"\n",
    b"From " + b"x" * 1100 + b"\n\nA: b\n\n" + b"From " + b"y" * 1010 + b" Nov 24 13:00\nA: c\n\n",
]


def dialogues(protocol):
    for path in sorted(glob.glob(os.path.join(TESTS, "dialogues", protocol, "*.in"))):
        with open(path, "rb") as file:
            text = file.read().replace(b"\n", b"\r\n")
        if len(text) < 6000:
            yield text


AT_ONCE, BY_LINE, IN_PIECES, NETWORK, LOCAL, TLS, FAILS_AT_TLS, LATER, BAD_TLS = 0, 1, 2, 4, 8, 16, 32, 64, 64 | 128
PLAIN = b"AHVzZXIAcGFzc3dvcmQ="
TO_DATA = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n"

AUTHS = [
    b"AUTH PLAIN " + PLAIN,
    b"AUTH PLAIN\r\n" + PLAIN,
    b"auth plain =",
    b"AUTH PLAIN\r\n*",
    b"AUTH LOGIN\r\ndXNlcg==\r\ncGFzcw==",
    b"AUTH LOGIN dXNlcg==\r\ncGFzcw==",
    b"AUTH X",
    b"AUTH PLAIN AHVzZXIA",
    b"AUTH PLAIN\r\n" + b"A" * 12300,
    b"AUTH PLAIN AAAA====",
    b"AUTH PLAIN eABhAGI=",
    b"AUTH PLAIN\r\nNO\0OP",
    b"AUTH",
]
