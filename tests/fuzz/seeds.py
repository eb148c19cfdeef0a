"""The fuzzers' first inputs: dialogues of the tests, and what is known to have broken other servers.

usage: tests/fuzz/seeds.py FOLDER    writes FOLDER/NAME/HASH for each target NAME

Each target's own file says how its input begins; what comes behind that is the same text that a client, a
mailbox or an administrator would write.
"""

import hashlib
import os
import struct
import sys

sys.dont_write_bytecode = True

from seed_texts import *  # noqa: E402,F403 (all of it is for this program)


def smtp():
    def seed(service, flags, text, chance=7):
        return bytes([service, flags, chance]) + text

    for text in dialogues("smtp"):
        yield seed(0, AT_ONCE | NETWORK, text)
        yield seed(0, BY_LINE | NETWORK | LOCAL | TLS, text)
        yield seed(1, IN_PIECES | LOCAL, text.replace(b"MAIL", b"AUTH PLAIN " + PLAIN + b"\r\nMAIL", 1))
        yield seed(2, AT_ONCE, text.replace(b"EHLO", b"LHLO").replace(b"HELO", b"LHLO"))
    for end in ENDS:
        yield seed(0, AT_ONCE | NETWORK, b"EHLO x\r\n" + TO_DATA + b"A: b\r\n\r\ntext" + end + SECOND + b"QUIT\r\n")
        yield seed(0, IN_PIECES | NETWORK, b"EHLO x\r\n" + TO_DATA + b"x" * 4200 + end + SECOND)
        yield seed(2, AT_ONCE, b"LHLO x\r\n" + TO_DATA + end + SECOND)
    for message in MESSAGES:
        stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in message.split(b"\n"))
        for chance in range(4):
            yield seed(0, AT_ONCE | NETWORK, b"EHLO x\r\n" + TO_DATA + stuffed + b".\r\nQUIT\r\n", chance)
        recipients = b"RCPT TO:<bob@example.org>\r\nRCPT TO:<ALICE@example.org>\r\nRCPT TO:<alice@example.org>\r\n"
        several = TO_DATA.replace(b"DATA", recipients + b"DATA")
        for chance in range(4):
            yield seed(2, AT_ONCE, b"LHLO x\r\n" + several + stuffed + b".\r\n" + several + b"x\r\n.\r\n", chance)
    for path in PATHS:
        yield seed(
            0,
            AT_ONCE | NETWORK,
            b"EHLO x\r\nMAIL FROM:" + path + b"\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:" + path + b"\r\n",
        )
    for auth in AUTHS:
        for service, flags in ((1, LOCAL), (1, NETWORK), (3, TLS | NETWORK), (0, LOCAL)):
            yield seed(service, flags, b"EHLO x\r\n" + auth + b"\r\nMAIL FROM:<a@b>\r\n" + auth[:1000] + b"\r\n")
    for before in (b"", b"EHLO x\r\n", b"EHLO x\r\nMAIL FROM:<a@b>\r\n", b"EHLO x\r\n" + AUTHS[0] + b"\r\n"):
        for after in (
            b"MAIL FROM:<a@b>\r\n",
            b"EHLO y\r\n" + TO_DATA + b"x\r\n.\r\nQUIT\r\n",
            b"STARTTLS\r\n",
            b"RCPT TO:<a@example.org>\r\n",
        ):
            for line_end in (b"\r\n", b"\n", b" x\r\n"):
                for flags in (
                    AT_ONCE | NETWORK | TLS,
                    BY_LINE | NETWORK | TLS,
                    BY_LINE | LOCAL | TLS,
                    BY_LINE,
                    BY_LINE | TLS | FAILS_AT_TLS,
                    BY_LINE | TLS | LATER,
                    BY_LINE | TLS | BAD_TLS,
                ):
                    yield seed(0, flags, before + b"STARTTLS" + line_end + after)
    for line in (
        b"NOOP\n",
        b"NO\rOP\r\n",
        b"NOOP\r\r\n",
        b"NO\0OP\r\n",
        b"\0\r\n",
        b"\r\n",
        b"GET / HTTP/1.1\r\n",
        b"x" * 2100 + b"\r\n",
        b"NOOP " + b"x" * 2041 + b"\r\n",
        b"NOOP " + b"x" * 2042 + b"\r\n",
        b"HELP\r\nHELP MAIL\r\nVRFY x\r\nEXPN y\r\n",
        b"BDAT 5 LAST\r\n",
    ):
        yield seed(0, AT_ONCE | NETWORK, b"EHLO x\r\n" + line + b"NOOP\r\n")
    yield seed(0, AT_ONCE | NETWORK, b"EHLO x\r\n" + b"BAD\r\n" * 30)
    yield seed(0, AT_ONCE | NETWORK, b"NOOP\r\n" * 40)
    yield seed(0, AT_ONCE | NETWORK, b"EHLO x\r\n" + b"MAIL FROM:<a@b>\r\nRSET\r\n" * 12)
    yield seed(0, AT_ONCE | NETWORK, b"EHLO x\r\n" + TO_DATA + b"Received: x\r\n" * 7 + b"\r\n.\r\n")


def pop3():
    log_in = b"USER alice\r\nPASS secret\r\n"

    def seed(service, flags, text, chance=3):
        return bytes([service, flags, chance]) + text

    for text in dialogues("pop3"):
        for chance in range(3):
            yield seed(0, AT_ONCE | LOCAL, text, chance)
        yield seed(0, BY_LINE | NETWORK | TLS | LOCAL, b"STLS\r\n" + text)
        yield seed(1, IN_PIECES | NETWORK | TLS, text)
        yield seed(0, AT_ONCE | NETWORK, text)
    for n in range(8):
        for chance in range(6):
            yield seed(
                0,
                LOCAL,
                log_in
                + b"RETR %d\r\nTOP %d 0\r\nTOP %d 1\r\nLIST %d\r\nUIDL %d\r\nDELE %d\r\nRETR %d\r\nQUIT\r\n"
                % ((n,) * 7),
                chance,
            )
    for commands in (
        b"DELE 1\r\nDELE 3\r\nRSET\r\nDELE 2\r\nLIST\r\nUIDL\r\nSTAT\r\nQUIT\r\n",
        b"DELE 1\r\nDELE 1\r\n",
        b"DELE 6\r\nQUIT \r\n",
        b"QUIT x\r\n",
        b"RETR 18446744073709551617\r\nRETR 01\r\nRETR +1\r\nRETR 1 \r\n",
        b"CAPA\r\nNOOP\r\nNOOP x\r\n",
        b"TOP 1\r\nTOP 1 x\r\nTOP 1 99999\r\n",
    ):
        for chance in range(8):
            yield seed(0, LOCAL, log_in + commands, chance)
    for auth in AUTHS:
        yield seed(0, LOCAL, auth + b"\r\nSTAT\r\nQUIT\r\n")
        yield seed(1, TLS | NETWORK, b"USER x\r\n" + auth + b"\r\nPASS y\r\n")
        yield seed(0, NETWORK, auth + b"\r\n")
    for before in (b"", b"USER alice\r\n", log_in):
        for after in (b"PASS secret\r\n", b"CAPA\r\n" + log_in + b"QUIT\r\n", b"STLS\r\n"):
            for line_end in (b"\r\n", b"\n", b" x\r\n"):
                for flags in (
                    AT_ONCE | NETWORK | TLS,
                    BY_LINE | NETWORK | TLS,
                    BY_LINE | LOCAL | TLS,
                    BY_LINE,
                    BY_LINE | TLS | FAILS_AT_TLS,
                    BY_LINE | TLS | LATER,
                    BY_LINE | TLS | BAD_TLS,
                ):
                    yield seed(0, flags, before + b"STLS" + line_end + after)
    for line in (
        b"NO\rOP\r\n",
        b"NO\0OP\r\n",
        b"x" * 2100 + b"\n",
        b"\n",
        b"USER " + b"x" * 500 + b"\r\n",
        b"PASS\r\n",
        b"USER a\tb\r\n",
        b"BAD\r\n" * 25,
    ):
        yield seed(0, AT_ONCE | LOCAL, line + b"CAPA\r\n" + log_in)


def data():
    for strict in (0, 1):
        for end in ENDS:
            yield bytes([strict, 5]) + b"text" + end + SECOND
        for message in MESSAGES:
            yield bytes([strict, 9]) + message
            yield bytes([strict, 9]) + message.replace(b"\n", b"\r\n") + b"\r\n.\r\n"


def stream():
    texts = [
        b"NOOP\r\n",
        b"\r\n",
        b"NOOP\n",
        b"NO\rOP\r\nA\r\r\n\0\r\n",
        b"x" * 2046 + b"\r\ny\r\n",
        b"x" * 2047 + b"\r\ny\r\n",
        b"x" * 3000,
        b"a\nb\n" * 20,
        b"",
    ]
    for text in texts:
        for flags in range(4):
            yield bytes([flags, len(text) % 251]) + (b"\3" if flags & 2 else b"") + text


def words():
    lines = [
        b"QUIT",
        b"quit ",
        b"MAIL FROM:<>",
        b"NOOP x",
        b"RETR 1",
        b"USER",
        b"EHLO x",
        b"LHLO x",
        b"AUTH PLAIN",
        b"",
        b" ",
        b"GET /",
    ]
    numbers = [
        b"0",
        b"1",
        b"01",
        b"+1",
        b" 1",
        b"1x",
        b"4294967296",
        b"18446744073709551615",
        b"18446744073709551616",
        b"10K",
        b"1G",
        b"5m",
        b"1d",
    ]
    addresses = [
        b"192.0.2.1",
        b"127.0.0.1",
        b"::1",
        b"2001:db8::1",
        b"::ffff:192.0.2.1",
        b"::ffff:127.0.0.1",
        b"localhost",
        b"1.2.3",
        b"1.2.3.4 ",
    ]
    names = [
        b"alice",
        b"a.b+c",
        b"alice@example.org",
        b"../x",
        b".x",
        b"-x",
        b"x.lock",
        b"x.lock@y",
        b"a/b",
        b"a" * 127,
        b"a" * 128,
        b"a..b",
        b"a/b@c",
        b"a@b..c",
        b"\xc3\xa4",
        b"a b",
    ]
    for n, text in enumerate(lines + numbers + addresses + names):
        yield bytes([n, n * 37 & 255, n * 61 & 255]) + text
    for text in (b"MAIL FROM:<>", b"AUTH PLAIN", b"STARTTLS", b"STLS", b"RETR 1"):
        for state in range(4):
            for has in (0, 1, 2, 5, 8, 16, 31):
                yield bytes([state, has, 0]) + text


def sasl():
    for flags in (3, 7):
        for front in range(6):
            for text in (
                b"\0user\0pass",
                b"user\0user\0pass",
                b"x\0user\0pass",
                b"\0\0pass",
                b"\0user\0",
                b"user\npass",
                b"\n\0user\0pass",
                b"*",
                b"=",
                b"\0a\0b\0c",
                b"AHVzZXIAcGFzcw==",
                b"dXNlcg==\ncGFzcw==",
                b"AAA",
                b"AB==",
                b"AA==AA==",
                b"A\0AA",
                b"\0" + b"u" * 400 + b"\0p",
                b"\0u\0" + b"p" * 256,
                b"\0u\n\0p",
            ):
                yield bytes([flags, front]) + text


def agent():
    def packet(op, service=b"", recipient=b"", password=b"", sender=b"", number=0, more=b""):
        return bytes([op, number]) + more + b"".join(field + b"\n" for field in (service, recipient, password, sender))

    def log_in(service, password=b"secret"):
        return packet(4, service, b"alice", password)

    lookup, stage, fetch = packet(1, recipient=b"alice@example.org"), packet(2), packet(6, number=1)
    update = packet(7, number=3)

    def mark(number, octet, bits):
        return packet(9, number=number) + bytes([octet, bits])

    for deliver in (
        b"alice@example.org",
        b"staff",
        b"loop@example.org",
        b"postmaster",
        b"bob",
        b"x@y",
        b'"a b"@example.org',
        b"alice+tag@example.org",
    ):
        yield packet(1, recipient=deliver) + stage + packet(3, recipient=deliver, sender=b"a@b") * 2 + log_in(
            b"smtp"
        ) + stage + packet(3, recipient=deliver)
    for marks in (b"", mark(1, 0, 0), mark(1, 0, 1), mark(1, 0, 7), mark(1, 0, 8), mark(1, 1, 1), mark(1, 255, 1)):
        yield log_in(b"pop3") + packet(5) + fetch + packet(6, number=4) + marks + update + fetch
    for marks in (mark(0, 0, 1), mark(2, 0, 1), mark(9, 0, 1), mark(1, 0, 7) + mark(1, 0, 2)):
        yield log_in(b"pop3") + packet(5) + marks + update
    many = stage + packet(3, recipient=b"alice") * 9 + log_in(b"pop3") + packet(5)
    for marks in (
        mark(1, 0, 255),
        mark(9, 0, 15),
        mark(9, 0, 16),
        mark(1, 1, 15),
        mark(9, 0, 9) + mark(1, 0, 5),
        mark(1, 0, 5) + mark(9, 0, 9),
    ):
        yield many + marks + packet(7, number=12) + fetch
    yield many + packet(7, number=3)
    yield log_in(b"pop3") + packet(5) + packet(7 | 32, number=3)
    yield log_in(b"pop3", b"wrong") * 4
    yield packet(3, recipient=b"alice")
    yield packet(8, b"smtps") * 2 + packet(8, b"../x")
    yield log_in(b"imap") + lookup
    yield log_in(b"smtp") * 2
    yield log_in(b"pop3") + lookup
    yield bytes([4 | 16, 0]) + b"S" * 24 + b"\n192.0.2.2\nq\n" + b"pop3\nalice\nsecret\n\n"
    yield bytes([4 | 16, 0]) + b"s\n192.0.2.2\nq\n" + b"pop3\nalice\nsecret\n\n"
    yield stage + packet(3, sender=b"x" * 400)
    yield packet(4, b"pop3", b"alice", b"x" * 256)
    yield packet(8, b"x" * 16)
    yield bytes([1 | 16, 0]) + b"s\n" + b"1" * 64 + b"\nq\n" + b"\nalice\n\n\n"
    yield bytes([1 | 16, 0]) + b"s\n192.0.2.2\n" + b"q" * 24 + b"\n" + b"\nalice\n\n\n"
    yield packet(1, recipient=b"x" * 400) + packet(1, recipient=b"a\x07b@example.org")
    yield bytes([1 | 64, 0, 4, 171]) + b"\nx\n\n\n"
    yield packet(1 | 32)
    for op in (0, 9, 10, 15):
        yield packet(op)


def reply():
    for count, entries in ((0, 0), (1, 1), (5, 5), (5, 4), (4, 5), (200, 1)):
        answer = b"\0\3" + struct.pack("<II", 0, count) + b"\0" * 320 + bytes([0, entries])
        yield b"\0" + answer * 8
    for first in (0, 1):
        for kind in (0, 1, 2, 3):
            for pattern in (b"\0", b"\xff", b"\2\0\0\0", b"A"):
                yield bytes([first]) + (bytes([0, kind]) + (pattern * 330)[:330] + b"\0\3") * 9
        for op in range(1, 8):
            yield bytes([first]) + (b"\0" + struct.pack("<IIQi", op, 5, 1, 0) + b"text\x07\n" * 30) * 6


def mbox():
    for text in MAILBOXES:
        yield b"\5" + text
    for message in MESSAGES:
        yield b"\6" + MAILBOX + from_line(5) + message + b"\n" + MAILBOX


def spool():
    large = MAILBOX.replace(b">From me\n", b">From me\n@\n@\n@\n") * 2

    def seed(what, kill, mailbox, rest=b"", lock=b"", damage=0, by=0, marks=0):
        return (
            struct.pack(">BBBHBBB", what, kill * 37 & 255, kill, damage, by, marks, 0)
            + lock
            + b"\n%%\n"
            + mailbox
            + b"\n%%\n"
            + rest
        )

    for kill in range(0, 20):
        for marks in (1, 10):
            yield seed(0 | 32, kill, large, marks=marks)
        yield seed(0 | 32 | 16, kill, large, marks=10)
        yield seed(0, kill, MAILBOX, marks=2)
        yield seed(0 | 32 | 64, kill, large, marks=10, damage=kill * 97)
        yield seed(0 | 32 | 64, kill, large, marks=10, damage=kill * 97, by=1)
        yield seed(0 | 64, kill, MAILBOX, marks=2, damage=kill * 7, by=1)
        yield seed(1 | 64, kill, MAILBOX[:150], b"A: b\n\n" + b"x\n" * 200, damage=kill * 31)
        for by in (0, 1, 64):
            yield seed(0 | 32 | 4, kill, large, marks=10, damage=kill * 311, by=by, rest=b"\xff" * 80)
    for damage in range(0, 260, 6):  # of the plan
        yield seed(0 | 32 | 4, 12, large, marks=10, damage=damage, by=4)
    for kill in range(0, 8):
        for message in MESSAGES[:8]:
            yield seed(1, kill, MAILBOX[:150], message)
            yield seed(1 | 16, kill, MAILBOX[:150], message * 3)
    for mailbox in MAILBOXES:
        yield seed(1, 0, mailbox, b"A: b\n\nx\n")
        yield seed(0, 3, mailbox, marks=1)
    for lock in (b"1", b"999999999", b"x", b"", b"From x\n", b"1:host", b" 1\n", b"0"):
        yield seed(1 | 8, 0, MAILBOX, b"A: b\n", lock=lock)
    plan = (
        struct.pack("<8Q", 0x326E616C70786270, 1, 0, 100, 500, 4096, 2, 0)
        + b"\0" * 72
        + struct.pack("<4Q", 0, 50, 60, 50)
    )
    note = struct.pack("<5Q", 0x3265746F6E786270, 1, 10, 900, 128) + b"From " * 28
    for what in (2, 3):
        yield seed(what, 0, MAILBOX, struct.pack(">H", len(plan)) + plan + note)
        yield seed(
            what,
            0,
            MAILBOX,
            struct.pack(">H", 9000)
            + plan
            + b"\0" * 3920
            + struct.pack("<8Q", 0x32746F6C73786270, 0, 0, 0, 16, 1, 0, 0)
            + b"x" * 16,
        )
        yield seed(what, 0, MAILBOX, struct.pack(">H", 4) + note)
    huge = struct.pack("<8Q", 0x326E616C70786270, 1, 0, 100, 500, 4096, 60 << 20, 0) + b"\0" * 72
    yield seed(2, 0, MAILBOX, struct.pack(">H", len(huge)) + huge)


def path():
    for text in PATHS:
        yield text
    for text in (b"x\nEVENT=y", b'a="b" c\\', b"\xff\x00", b"mail.example.org", b"[192.0.2.1]", b"a b (c)\r\n"):
        yield text


def maildir():
    name = b"1000000001.M000123P45Q6R0123abcd.host,S=10,W=12"
    for text in (
        name,
        name + b":2,FRS",
        b"1000000001.V2I3M4.host:1,x",
        b"a,S=1,W=99",
        b"a,S=18446744073709551615,W=1",
        b"99999999999999999999.M9",
        b"x" * 71,
        b"y" * 251 + b":2,S",
        b".hidden",
        b":2,",
        b"a/b",
        b"\xc3\xa4 \n\0",
        b"a\r\nb\r\r\n\nc\r",
    ):
        yield b"\3" + text


def mboxrd():
    for message in MESSAGES:
        yield b"\5" + message


def index_row(front, length, octets, gap, uidl, is_hex):
    count = 2 * len(uidl) if is_hex else len(uidl)
    return struct.pack("=QQIBBBB", length, octets, front, gap, count, is_hex, 0) + uidl


def index():
    rows = [index_row(34, 100, 104, 1, b"\x12" * 16, 1), index_row(34, 7, 8, 2, b"<id@x>-2", 0)]
    rows += [index_row(9000 + n, n * 1000, n * 1040, 1, b"%d" % n * 8, 0) for n in range(1, 10)]
    for count in range(len(rows) + 1):
        size = sum(struct.unpack("=QQIB", row[:21])[0] + row[16] + row[20] for row in rows[:count])
        yield struct.pack(">BHHH", count, 0, size, 0) + b"".join(rows[:count])


def conf():
    with open(os.path.join(TESTS, "..", "packaging", "pillarbox.conf"), "rb") as file:
        text = file.read()
    yield text
    yield b"\n".join(line.lstrip(b"#;").strip() for line in text.split(b"\n"))
    yield b'[server]\nhostname = A.b\ndomains = a.b, C.d\ndomains = e.f\n[tls]\ncertificate = /a\nkey = /b\n[tls "x.y"]\nkey=/d\ncertificate=/c\n'
    yield b"[limits]\nerrors = 0\n"
    yield b"[limits]\ncommand_timeout = 5m\nidle_timeout = 1d\n[smtp]\nmax_message_size = 50M\nmax_recipients = 99999999999999999999\n"
    for line in (
        b"key = value",
        b"[server",
        b"[server]\nx = y",
        b"[auth]\nplaintext = maybe",
        b" [server]",
        b"[store]\nmailbox = mbox:/x/%u/%d/%h/%%\n",
        b"[store]\nmailbox = mbox:/%x",
        b"[tls]\nkey = /b",
        b'[tls "a"]\npriorities = x',
        b"[server]\nhostname = " + b"a" * 300,
        b"\xef\xbb\xbf[server]\n",
    ):
        yield line + b"\n"


def accounts():
    aliases = b'alice: bob, :include:/list, "|cmd", /file, \\carol\nlist: :include:/list\n  more\n# c\npostmaster: alice\nself: self, bob\n"a b": bob\n'
    users = b"bob:$5$x$y\ncarol@example.net:*\nself:!\n#x:y\nbad\n"
    names = b"bob, dave\n alice\n# comment\nremote@elsewhere.example\n:include:/list\n"
    for address in (
        b"alice@example.org",
        b"alice+x",
        b"list@example.net",
        b'"a b"@example.org',
        b"self",
        b"abuse@example.org",
        b"carol@example.net",
        b"x@elsewhere",
        b"",
        b"@",
        b"a/b",
    ):
        yield b"\n%%\n".join((address, aliases, users, names))
    for text in (
        b"a:\n",
        b":b\n",
        b"a: b\n c\n,d\n",
        b'a: "b',
        b"a: b\\",
        b"loop: pool\npool: loop\n",
        b"a: <b>, <c\n",
        b"a b: c\n",
        b"a:b,,c\n",
        b"a: :include:x\n",
        b"\0: x\n",
    ):
        yield b"\n%%\n".join((text.split(b":")[0], text, users, text))


def main(folder):
    for target in (accounts, agent, conf, data, index, maildir, mbox, mboxrd, path, pop3, reply, sasl, smtp, spool, stream, words):
        place = os.path.join(folder, target.__name__)
        os.makedirs(place, exist_ok=True)
        for text in target():
            with open(os.path.join(place, hashlib.sha1(text).hexdigest()[:12]), "wb") as file:
                file.write(text)


main(sys.argv[1])
