"""Ten senders and two readers at once: every message that was acknowledged is read exactly once, and no other.

usage: smtp_storm.py SMTP-PORT POP3-PORT
Senders put a number into each message for alice; the readers log in again and again, take what is there,
delete it and say QUIT. At the end all numbers must have been read once.
"""

import poplib
import smtplib
import sys
import threading
import time

poplib._MAXLINE = 1 << 20
SENDERS, EACH = 10, 15
smtp_port, pop3_port = int(sys.argv[1]), int(sys.argv[2])
read, read_lock, problems = [], threading.Lock(), []
sending = threading.Event()


def send(sender):
    try:
        with smtplib.SMTP("127.0.0.1", smtp_port, timeout=60) as client:
            for n in range(EACH):
                body = "X-Number: %d\r\n\r\n%s\r\nFrom the end\r\n" % (sender * EACH + n, "x" * (n * 997))
                client.sendmail("s@example.net", ["alice@example.org"], body)
    except Exception as error:  # noqa: BLE001 - any failure is the finding
        problems.append("sender %d: %r" % (sender, error))


def take():
    """One session. Returns how many messages it removed, or None if the maildrop was in use."""
    client = poplib.POP3("127.0.0.1", pop3_port, timeout=60)
    try:
        client.user("alice")
        client.pass_("secret")
    except poplib.error_proto as error:
        if b"[IN-USE]" in error.args[0]:
            return None
        raise
    numbers = []
    for n in range(1, client.stat()[0] + 1):
        lines = client.retr(n)[1]
        numbers += [int(line.split()[1]) for line in lines if line.startswith(b"X-Number:")]
        client.dele(n)
    client.quit()
    with read_lock:
        read.extend(numbers)
    return len(numbers)


def reader():
    try:
        while True:
            finished = not sending.is_set()
            if take() == 0 and finished:
                return
            time.sleep(0.02)
    except Exception as error:  # noqa: BLE001
        problems.append("reader: %r" % error)


sending.set()
senders = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
readers = [threading.Thread(target=reader) for _ in range(2)]
for thread in senders + readers:
    thread.start()
for thread in senders:
    thread.join()
sending.clear()
for thread in readers:
    thread.join()
take()
want = list(range(SENDERS * EACH))
if sorted(read) != want:
    problems.append("lost %s, twice %s" % (sorted(set(want) - set(read)), sorted({n for n in read if read.count(n) > 1})))
if problems:
    sys.exit("\n".join(problems))
