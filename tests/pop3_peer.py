"""A POP3 client for tests that a dialogue file can't tell: it looks between the commands.

usage: pop3_peer.py CHECK [ARGUMENT]...   with $BUILD, $CONF and $T as helper.bash sets them.
CHECK is the name of a function below; it says nothing if all is well, and what is wrong otherwise.
"""
import os
import signal
import socket
import subprocess
import sys
import time

PLACE = os.environ["T"]
MAILBOX = PLACE + "/mail/alice"


class Session:
    """A pop3-session at the other end of a socket. kind: SOCK_SEQPACKET shows its single writes; under: a
    command that runs it."""

    def __init__(self, user="alice", kind=socket.SOCK_STREAM, under=()):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, kind)
        self.socket.settimeout(20)
        command = [*under, os.environ["BUILD"] + "/pop3-session", "--config", os.environ["CONF"]]
        with open(PLACE + "/log", "ab") as stderr:
            self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=stderr)
        theirs.close()
        self.rest = b""
        self.greeting = self.line() if kind == socket.SOCK_STREAM else b""
        if user and kind == socket.SOCK_STREAM:
            self.command("USER " + user)
            self.login = self.command("PASS secret")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line with its end; what there is of it at the end of the connection."""
        while b"\n" not in self.rest:
            piece = self.receive()
            if not piece:
                break
            self.rest += piece
        at = self.rest.find(b"\n") + 1 or len(self.rest)
        line, self.rest = self.rest[:at], self.rest[at:]
        return line

    def receive(self):
        try:
            return self.socket.recv(1 << 20)
        except ConnectionResetError:
            return b""

    def command(self, text):
        self.send(text.encode("latin-1") + b"\r\n")
        return self.line().decode("latin-1").rstrip("\r\n")

    def body(self):
        """The lines of a multi-line response, and whether it came to its end."""
        lines = []
        while True:
            line = self.line()
            if line == b".\r\n":
                return lines, True
            if not line.endswith(b"\r\n"):
                return lines + [line], False
            lines.append(line[1:] if line.startswith(b".") else line)

    def drain(self):
        """Let the rest of a multi-line response go by, however long its lines: how many octets it had."""
        octets = 0
        tail = b"\r\n"
        while not tail.endswith(b"\r\n.\r\n"):
            piece = self.rest or self.receive()
            self.rest = b""
            expect(piece, "the response broke off")
            octets += len(piece)
            tail = (tail + piece[-5:])[-5:]
        return octets

    def retrieve(self, number):
        """The message as it was before dot-stuffing, or None for -ERR."""
        reply = self.command("RETR %d" % number)
        if not reply.startswith("+OK"):
            return None
        lines, whole = self.body()
        expect(whole, "RETR %d broke off" % number)
        return b"".join(lines)

    def listing(self, verb):
        expect_ok(self.command(verb))
        lines, whole = self.body()
        expect(whole, verb + " broke off")
        return dict(line.decode().split() for line in lines)

    def end(self):
        self.socket.close()
        return self.process.wait(20)

    def is_closed(self):
        """After what was read, nothing but the end."""
        return self.rest == b"" and self.receive() == b""


def patient(user="alice", under=()):
    """A session that is logged in, once the agent has noticed that the one before has ended without QUIT."""
    for _ in range(200):
        session = Session(user, under=under)
        if not session.login.startswith("-ERR [IN-USE] "):
            break
        session.end()
        time.sleep(0.01)
    expect_ok(session.login)
    return session


def expect(true, text):
    if not true:
        sys.exit("pop3_peer: " + text)


def expect_equal(got, wanted, what):
    expect(got == wanted, "%s: wanted %.300r, got %.300r" % (what, wanted, got))


def expect_ok(reply):
    expect(reply.startswith("+OK"), "wanted +OK, got %r" % reply)


def read(path=MAILBOX):
    with open(path, "rb") as file:
        return file.read()


def write(data, path=MAILBOX):
    """Rewrite in place, as mail readers do: the same inode."""
    with open(path, "r+b") as file:
        file.truncate(0)
        file.write(data)


def message(number, body=b"body\n"):
    return b"From a@example.net Mon Jan  1 00:00:00 2024\nMessage-ID: <m%d@example.net>\n\n%s\n" % (
        number, body)


# What the session says, and when.


def one_write():
    session = Session(kind=socket.SOCK_SEQPACKET)
    expect(session.receive().startswith(b"+OK Pillarbox"), "no greeting")
    session.send(b"USER alice\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nNOOP\r\n")
    replies = session.receive()
    expect_equal(replies.count(b"+OK"), 7, "replies in the first write")
    session.send(b"NOOP\r\nNOO")
    expect_equal(session.receive(), b"+OK nothing done\r\n", "a reply while half a command waits")
    session.send(b"P\r\n")
    expect_equal(session.receive(), b"+OK nothing done\r\n", "the reply to the other half")


def free_before_reply():
    first = Session()
    expect_ok(first.command("DELE 1"))
    os.kill(first.process.pid, 0)
    expect_ok(first.command("QUIT"))
    second = Session()
    expect_ok(second.login)
    expect(second.command("STAT").startswith("+OK 2 "), "the deleted message is still there")


def password_is_gone():
    """After log-in the session's memory doesn't hold the password any more (needs the right to look)."""
    session = Session(None)
    expect_ok(session.command("USER alice"))
    expect(not session.command("PASS never-such-a-password").startswith("+OK"), "a wrong password is right")
    pid = session.process.pid
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(part, 16) for part in area.split("-"))
            memory.seek(begin)
            expect(b"never-such-a" not in memory.read(end - begin), "the password is still in " + line)


def in_use():
    first = Session()
    expect_ok(first.command("DELE 1"))
    second = Session()
    expect(second.login.startswith("-ERR [IN-USE] "), "second session: %r" % second.login)
    expect(second.is_closed(), "the second session goes on")
    expect_ok(Session("bob").login)
    with open(MAILBOX, "ab") as file:  # deliveries go on meanwhile
        file.write(message(99))
    expect_ok(first.command("QUIT"))
    third = Session()
    expect_ok(third.login)
    expect(third.command("STAT").startswith("+OK 3 "), "after both: " + third.command("STAT"))


def lock_goes_with_its_holder():
    first = Session()
    first.process.kill()
    first.process.wait()
    patient().end()


# Nothing but QUIT removes.


def nothing_removed(how):
    before = read()
    session = Session()
    for number in (1, 2, 3):
        expect_ok(session.command("DELE %d" % number))
    if how == "eof":
        session.socket.shutdown(socket.SHUT_WR)
        expect_equal(session.process.wait(20), 0, "exit status")
    elif how == "half-quit":
        session.send(b"QUIT")
        session.socket.shutdown(socket.SHUT_WR)
        session.process.wait(20)
    elif how == "reset":
        session.socket.close()
        session.process.wait(20)
    elif how == "hung-up":  # replies can't be sent any more, QUIT is already there
        session.process.send_signal(signal.SIGSTOP)
        session.send(b"RETR 3\r\nNOOP\r\nQUIT\r\n")
        session.socket.close()
        session.process.send_signal(signal.SIGCONT)
        session.process.wait(20)
    elif how == "errors":
        while session.command("FROB") == "-ERR unknown command":
            pass
        expect(session.is_closed(), "goes on after too many errors")
        session.process.wait(20)
    elif how == "endless-line":
        try:
            for _ in range(64):
                session.send(b"x" * 65536)
        except OSError:
            pass
        session.process.wait(20)
    else:
        session.process.send_signal(getattr(signal, how))
        session.process.wait(20)
    patient().end()
    expect_equal(read(), before, "mailbox after " + how)


# Other programs at the mailbox, between any two commands.


def foreign(change):
    bodies = [b"first\n", b"second\n" * 3, b"third\n"]
    old = b"".join(message(n + 1, body) for n, body in enumerate(bodies))
    write(old)
    for moment in range(4):
        write(old)
        session = patient()
        if moment == 0:
            foreign_change(change, old)
        uidl = session.listing("UIDL")
        if moment == 1:
            foreign_change(change, old)
        expect_equal(len(uidl), 3, "messages")
        got = session.retrieve(2)
        wanted = (b"Message-ID: <m2@example.net>\n\n" + bodies[1]).replace(b"\n", b"\r\n")
        expect(got in (None, wanted), "RETR 2 gives what never was there: %r" % got)
        if change in ("append", "swap", "drop-first") or moment > 1:
            expect_equal(got, wanted, "RETR 2 (%s, %d)" % (change, moment))
        expect_ok(session.command("DELE 2"))
        if moment == 2:
            foreign_change(change, old)
        reply = session.command("QUIT")
        expect(reply.startswith(("+OK", "-ERR [SYS/TEMP] ")), "QUIT: %r" % reply)
        session.end()
        if moment == 3:
            foreign_change("append", old)
        check_kept(change if moment < 3 else "append", reply, bodies)
        restore()


def restore():
    if not os.path.isfile(MAILBOX):
        open(MAILBOX, "wb").close()
        if os.getuid() == 0:
            owner = os.stat(PLACE + "/mail")
            os.chown(MAILBOX, owner.st_uid, owner.st_gid)


def foreign_change(change, old):
    """What a mail reader or an administrator might do."""
    first, second, third = message(1, b"first\n"), message(2, b"second\n" * 3), message(3, b"third\n")
    if change == "append":
        with open(MAILBOX, "ab") as file:
            file.write(message(9, b"new\n"))
    elif change == "swap":
        write(third + second + first)
    elif change == "drop-first":
        write(second + third)
    elif change == "drop-second":
        write(first + third)
    elif change == "truncate":
        os.truncate(MAILBOX, len(first) + 20)
    elif change == "empty":
        os.truncate(MAILBOX, 0)
    elif change == "delete":
        os.unlink(MAILBOX)
    elif change == "replace":
        with open(MAILBOX + ".new", "wb") as file:
            file.write(first + third)
        os.chmod(MAILBOX + ".new", 0o600)
        if os.getuid() == 0:
            owner = os.stat(PLACE + "/mail")
            os.chown(MAILBOX + ".new", owner.st_uid, owner.st_gid)
        os.rename(MAILBOX + ".new", MAILBOX)
    elif change == "garbage":
        write(b"\0" * 5000)
    else:
        expect(False, "unknown change " + change)


def check_kept(change, reply, bodies):
    """Messages 1 and 3 stay wherever the foreigner left them; message 2 is gone if QUIT said so."""
    data = read() if os.path.exists(MAILBOX) else b""
    if change in ("append", "swap", "drop-first", "drop-second", "replace"):
        expect(b"\nthird\n" in data, "the third message was lost: %r" % data)
    if change in ("append", "swap", "drop-second", "replace"):
        expect(b"\nfirst\n" in data, "the first message was lost: %r" % data)
    if change == "append":
        expect(b"\nnew\n" in data, "a message that came meanwhile was lost: %r" % data)
    if reply.startswith("+OK") and change not in ("truncate", "empty", "delete", "garbage"):
        expect(bodies[1] not in data, "QUIT said +OK, the message is there: %r" % data)


def cut_while_sent():
    """A mailbox cut while RETR sends: the client must not take what it got for whole."""
    big = message(1, b"0123456789abcdef\n" * (1 << 19))  # 8 MB: more than all buffers between us
    write(big + message(2))
    session = Session()
    expect(session.command("RETR 1").startswith("+OK "), "RETR")
    os.truncate(MAILBOX, 1 << 20)
    lines, whole = session.body()
    expect(not whole, "RETR of a message that was cut ended with a dot")
    expect(session.is_closed(), "the session goes on")
    expect_equal(session.process.wait(20), 0, "exit status")


def moved_while_sent():
    """The message is moved about in the file while RETR sends it, its old place overwritten."""
    small, big = message(1, b"x\n" * 1000), message(2, b"0123456789abcdef\n" * (1 << 19))
    write(small + big)
    session = Session()
    expect(session.command("RETR 2").startswith("+OK "), "RETR")
    write(big + message(3, b"y\n" * 1000))
    lines, whole = session.body()
    expect(not whole, "RETR of a message that was overwritten ended with a dot")


def set_back_while_sent():
    """As above, by a program that sets the file's time back."""
    small, big = message(1, b"x\n" * 1000), message(2, b"0123456789abcdef\n" * (1 << 19))
    write(small + big)
    before = os.stat(MAILBOX)
    session = Session()
    expect(session.command("RETR 2").startswith("+OK "), "RETR")
    time.sleep(0.3)  # the session has filled all buffers, and waits
    with open(MAILBOX, "r+b") as file:
        file.write(big + small)
    os.utime(MAILBOX, ns=(before.st_atime_ns, before.st_mtime_ns))
    lines, whole = session.body()
    expect(not whole, "RETR of a message that was overwritten ended with a dot")


def rewritten_in_the_gap(how):
    """The mailbox is rewritten when the agent has said where message 2 lies and before the session has looked
    there: what was asked for with a dot, or no dot. (Once in a while we come too early or too late: again.)"""
    for _ in range(5):
        write(message(1) + message(2) + message(3))
        broken = gap(how)
        expect(b"<m2@" in read(), "message 2 was removed")
        if how == "append":
            expect(not broken, "a delivery broke RETR")
            return
        if broken:
            return
    expect(False, "the mailbox was never rewritten in the gap")


def gap(how):
    """True: the session gave up message 2 and itself."""
    before = os.stat(MAILBOX)
    old = read()
    # The replies to LOGIN and OPEN come first.
    session = patient(under=["strace", "-qq", "-o", "/dev/null", "-e", "trace=recvmsg", "-e",
                             "inject=recvmsg:delay_exit=600000:when=3+"])
    session.send(b"RETR 2\r\n")
    time.sleep(0.2)
    if how == "append":
        with open(MAILBOX, "ab") as file:
            file.write(message(4))
    else:
        write(message(2) + message(3) + message(4))
        expect_equal(len(read()), len(old), "the mailbox's size")
    if how == "set-back":
        os.utime(MAILBOX, ns=(before.st_atime_ns, before.st_mtime_ns))
    expect_ok(session.line().decode())
    lines, whole = session.body()
    if whole:
        expect(b"Message-ID: <m2@example.net>\r\n" in lines, "RETR 2 gave another message, whole: %r" % lines)
        session.command("DELE 1")
        session.send(b"RSET\r\n")
    else:
        expect(session.is_closed(), "the session goes on")
    session.end()
    return not whole


# What the agent tells ahead: a client that reads one message after the other.


PARTS = [message(n, b"body %d\n" % n * 3) for n in range(1, 9)]


def wanted_of(part):
    return part.split(b"\n", 1)[1][:-1].replace(b"\n", b"\r\n")


def descendants(pid):
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task)) as file:
            for child in map(int, file.read().split()):
                found += [child, *descendants(child)]
    return found


def retrieve_alone(session, number):
    """With nobody there to be asked."""
    others = descendants(session.process.pid)
    expect(others, "the session has no agent of its own")
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        return session.retrieve(number)
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def overwrite(data):
    with open(MAILBOX, "r+b") as file:
        file.write(data)


def told_ahead(change):
    """The agent has told where all messages lie, and then another program changes the mailbox: each RETR gives the
    message that was asked for, or says that it is gone."""
    write(b"".join(PARTS))
    time.sleep(0.1)  # as long as it is young nothing is told ahead
    session = patient()
    expect_equal(session.retrieve(1), wanted_of(PARTS[0]), "RETR 1")
    expect_equal(retrieve_alone(session, 2), wanted_of(PARTS[1]), "RETR 2, known from RETR 1")
    expect_equal(retrieve_alone(session, 8), wanted_of(PARTS[7]), "RETR 8, known from RETR 1")
    left = change_ahead(change)
    for number in (3, 4, 3, 7, 5, 6, 8, 1, 2):
        part = PARTS[number - 1]
        got = session.retrieve(number)
        expect_equal(got, wanted_of(part) if part in left else None, "RETR %d after %s" % (number, change))
    if change == "append":
        time.sleep(0.1)
        expect_equal(session.retrieve(3), wanted_of(PARTS[2]), "RETR 3 once more")
        expect_equal(session.retrieve(4), wanted_of(PARTS[3]), "RETR 4 once more")
        expect_equal(retrieve_alone(session, 5), wanted_of(PARTS[4]), "RETR 5, known from RETR 4")
    expect_ok(session.command("QUIT"))
    session.end()


def change_ahead(change):
    """The messages that are still there."""
    before = os.stat(MAILBOX)
    other = PARTS[:2] + [PARTS[2].replace(b"body 3", b"BODY 4").replace(b"<m3@", b"<mX@")] + PARTS[3:]
    if change == "append":
        with open(MAILBOX, "ab") as file:
            file.write(message(9))
        return PARTS
    if change in ("same-size", "set-back"):
        overwrite(b"".join(other))
        if change == "set-back":
            os.utime(MAILBOX, ns=(before.st_atime_ns, before.st_mtime_ns))
        return PARTS[:2] + PARTS[3:]
    if change == "swap":
        overwrite(b"".join(reversed(PARTS)))
        return PARTS
    if change == "drop":
        write(b"".join(PARTS[:2] + PARTS[3:]))
        return PARTS[:2] + PARTS[3:]
    if change == "truncate":
        os.truncate(MAILBOX, len(b"".join(PARTS[:4])))
        return PARTS[:4]
    expect_equal(change, "replace", "change")
    with open(MAILBOX + ".new", "wb") as file:
        file.write(b"".join(reversed(PARTS[:6])))
    os.chmod(MAILBOX + ".new", 0o600)
    if os.getuid() == 0:
        owner = os.stat(PLACE + "/mail")
        os.chown(MAILBOX + ".new", owner.st_uid, owner.st_gid)
    os.rename(MAILBOX + ".new", MAILBOX)
    return PARTS[:6]


def told_while_young():
    """Two writes so soon one after the other that the file's times may not show the second, a RETR between them."""
    for _ in range(30):
        write(b"".join(PARTS))
        session = patient()
        overwrite(b"".join(PARTS))
        first = session.retrieve(1)
        overwrite(b"".join(reversed(PARTS)))
        second = session.retrieve(2)
        expect_equal(first, wanted_of(PARTS[0]), "RETR 1")
        expect_equal(second, wanted_of(PARTS[1]), "RETR 2")
        session.end()


def agent_gone():
    """Nobody is there who could tell which messages there are, or remove any."""
    session = Session()
    for pid in reversed(descendants(session.process.pid)):
        os.kill(pid, signal.SIGKILL)
    for command in ("LIST", "UIDL", "LIST 1", "UIDL 1", "DELE 1", "RETR 1"):
        expect(session.command(command).startswith("-ERR [SYS/TEMP] "), command + " without an agent")
    expect(session.command("STAT").startswith("+OK 3 "), "STAT")
    expect(session.command("DELE 4").startswith("-ERR no such message"), "DELE 4")
    expect_ok(session.command("QUIT"))


def status_added():
    """A mail reader adds a field: RETR's octets are those that come, LIST's are those of the log-in."""
    write(message(1) + message(2))
    session = Session()
    listed = session.listing("LIST")
    write(message(1).replace(b"\n\n", b"\nStatus: RO\n\n", 1) + message(2))
    for number in (1, 2):
        reply = session.command("RETR %d" % number)
        lines, whole = session.body()
        expect(whole, "RETR %d broke off" % number)
        expect_equal(reply, "+OK %d octets" % sum(map(len, lines)), "RETR %d" % number)
    expect_equal(sum(map(len, lines)), int(listed["2"]), "octets of the unchanged message")
    expect_equal(session.listing("LIST"), listed, "LIST")


def grown_while_sent():
    big = message(1, b"0123456789abcdef\n" * (1 << 19))
    write(big)
    session = Session()
    expect(session.command("RETR 1").startswith("+OK "), "RETR")
    with open(MAILBOX, "ab") as file:
        file.write(message(2))
    lines, whole = session.body()
    expect(whole, "a delivery broke RETR")
    expect_equal(len(lines), 2 + (1 << 19), "lines")


# Whatever is in a command.


def verbs():
    dump = subprocess.run([os.environ["BUILD"] + "/pop3-session", "--dump-verbs"],
                          stdout=subprocess.PIPE, check=True)
    return [line.split("\t")[0] for line in dump.stdout.decode().splitlines()]


def lengths():
    """Every verb with arguments of every length, before and after log-in: one reply each, and in step."""
    for logged_in in (False, True):
        session = Session("alice" if logged_in else None)
        for verb in verbs():
            for n in (1, 69, 255, 256, 399, 400, 504, 512, 1024, 2000, 2040, 2041, 2042, 2043, 2044, 2048,
                      4096, 65535, 65536):
                if verb == "PASS" and not logged_in and n not in (1, 255, 256, 2040):
                    continue
                expect_one_reply(session, b"%s %s" % (verb.encode(), b"9" * n), logged_in)
                if session.process.poll() is not None:
                    expect(False, "the session ended at %s with %d octets" % (verb, n))


def expect_one_reply(session, line, logged_in):
    session.send(line + b"\r\nXNOSUCH\r\n")
    reply = session.line()
    expect(reply.startswith((b"+OK ", b"-ERR ")), "%.60r: %r" % (line, reply))
    expect(len(reply) <= 512, "%.60r: a reply of %d octets" % (line, len(reply)))
    if len(line) + 2 > 2048:
        expect_equal(reply, b"-ERR line too long\r\n", "%.20r of %d octets" % (line, len(line)))
    expect_equal(session.line(), b"-ERR unknown command\r\n", "after %.60r" % line)


def odd_lines():
    """Lines that are no commands: one -ERR each, and in step."""
    for logged_in in (False, True):
        session = Session("alice" if logged_in else None)
        for line in (b"", b":", b" ", b"\t", b" NOOP", b"NOOP\0", b"\0", b"NO\0OP", b"NOOP\rNOOP", b"\rNOOP",
                     b"NOOP\r", b"\xff\xfe\x80", b"STAT\xa0", b"DELE \xb2", b"DELE 1\0", b"DELE 1\r",
                     b"\x1b[31mNOOP", b"%s%n%x", b"USER \x01\x02", b"+OK", b"-ERR", b".", b"QUIT\0",
                     b"QUIT\rQUIT", b"QUITE", b"QUI", b"TOP 1", b"UIDL :", b"LIST :", b"\xc3\xbc" * 1000):
            session.send(line + b"\r\nXNOSUCH\r\n")
            reply = session.line()
            expect(reply.startswith(b"-ERR "), "%r: %r" % (line, reply))
            expect_equal(session.line(), b"-ERR unknown command\r\n", "after %.60r" % line)


# Whatever is in a message.


def corpus():
    """LIST's octets are RETR's octets, and TOP with enough lines is RETR, whatever the message is."""
    session = Session()
    expect_ok(session.login)
    sizes = session.listing("LIST")
    total = 0
    for number, size in sizes.items():
        got = session.retrieve(int(number))
        expect_equal(len(got), int(size), "octets of message " + number)
        expect(got.endswith(b"\r\n") or not got, "message %s does not end with a line end" % number)
        expect_ok(session.command("TOP %s 4000000000" % number))
        lines, whole = session.body()
        expect(whole and b"".join(lines) == got, "TOP %s is not RETR %s" % (number, number))
        total += len(got)
    expect_equal(session.command("STAT"), "+OK %d %d" % (len(sizes), total), "STAT")


def contents(*wanted):
    """The bodies of all messages, in order."""
    session = Session()
    expect_ok(session.login)
    expect_equal(len(session.listing("LIST")), len(wanted), "messages")
    for number, text in enumerate(wanted, 1):
        got = session.retrieve(number)
        body = got.split(b"\r\n\r\n", 1)[1]
        expect_equal(body, text.encode("latin-1").decode("unicode_escape").encode("latin-1"),
                     "body of message %d" % number)


def long_line():
    """The second of three messages is one endless line."""
    session = Session()
    expect_ok(session.login)
    size = int(session.command("LIST 2").split()[2])
    expect_equal(session.command("RETR 2"), "+OK %d octets" % size, "RETR 2")
    expect_equal(session.drain(), size + len(".\r\n"), "octets sent")
    expect(session.retrieve(3) is not None, "the message behind the long line")


def stable_uidl():
    session = patient()
    first = session.listing("UIDL")
    session.end()
    expect_equal(len(set(first.values())), len(first), "different unique-ids")
    for n in range(3):
        with open(MAILBOX, "ab") as file:
            file.write(message(100 + n))
        session = patient()
        now = session.listing("UIDL")
        expect_equal({k: now[k] for k in first}, first, "unique-ids after append %d" % n)
        expect_equal(len(set(now.values())), len(first) + n + 1, "different unique-ids")
        session.end()
    session = patient()
    before = session.listing("UIDL")
    gone = before.pop(str(len(before) - 1))  # one that has no twin
    expect_ok(session.command("DELE %d" % len(before)))
    expect_ok(session.command("QUIT"))
    now = list(Session().listing("UIDL").values())
    expect(gone not in now, "the message is still there")
    expect_equal(now, list(before.values()), "unique-ids after DELE")


def peak(number, limit_kb):
    """RETR and all listings keep the session's memory, at its highest, below the limit."""
    session = Session()
    expect_ok(session.login)
    expect(len(session.listing("LIST")) >= int(number), "LIST")
    expect(len(session.listing("UIDL")) >= int(number), "UIDL")
    for command in ("TOP %s 10", "RETR %s"):
        expect_ok(session.command(command % number))
        session.drain()
    with open("/proc/%d/status" % session.process.pid) as file:
        fields = dict(line.split(":", 1) for line in file)
    used = int(fields["VmHWM"].split()[0])
    expect(used <= int(limit_kb), "the session used %d KB" % used)
    expect_ok(session.command("QUIT"))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
