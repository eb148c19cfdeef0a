"""others - delivery by servers that people use today.

Dovecot's LMTP server answers when the message is in the mailbox. Postfix answers when it is in its queue, and local(8)
brings it into the mailbox afterwards: what counts is when all of them are there.
"""
import shutil
import threading
import time

from lib import settings
from lib.measure import most, output
from lib.peers import Dovecot, Peers, Postfix
from lib.report import Ratio
from lib.servers import Pillarbox
from parts.delivery import tick

MANY = 100


def load(server, kind, port, at_once, users):
    command = [*server.prefix, settings.tool("load"), kind, str(port), str(at_once), str(settings.COUNT), "50",
               str(settings.SIZE), *users]
    return output(command)[0]


def size_of(paths):
    return sum(path.stat().st_size for path in paths if path.exists())


def into_mailboxes(server, at_once, users):
    """Messages a second, from the first connection to the last message's arrival."""
    paths = [server.mailbox(user) for user in users]
    for path in paths:
        path.unlink(missing_ok=True)
    begun = time.monotonic()
    sender = threading.Thread(target=load, args=(server, "smtp", server.smtp, at_once, users))
    sender.start()
    while size_of(paths) < settings.COUNT * settings.SIZE:
        if time.monotonic() - begun > 300:
            raise SystemExit("bench: Postfix does not deliver")
        time.sleep(0.005)
    took = time.monotonic() - begun
    sender.join()
    return settings.COUNT / took


def compare(report, server, dovecot, postfix, at_once, users):
    got = most({
        "smtp-session listening": lambda: load(server, "smtp", server.ports["smtp-session"], at_once, users),
        "dovecot lmtp": lambda: load(dovecot, "lmtp", dovecot.lmtp, at_once, users),
        "postfix smtpd and local": lambda: into_mailboxes(postfix, at_once, users),
    }, min(settings.RUNS, 2))
    report.table("peers", f"delivery of {settings.SIZE} octets, 50 messages in each connection",
                 tick(len(users), at_once, "connections"))
    for peer in ("dovecot lmtp", "postfix smtpd and local"):
        report.row(peer, got[peer], "/s")
    ours = "smtp-session listening"
    report.row(ours, got[ours], "/s", Ratio(got[ours] / got["dovecot lmtp"], "dovecot lmtp"),
               Ratio(got[ours] / got["postfix smtpd and local"], "postfix smtpd and local"))


def run(report, folder):
    users = [f"u{n}" for n in range(MANY)]
    server = Pillarbox(folder / "pillarbox", users)
    server.start("smtp-session")
    peers = Peers(folder / "peers", users)
    try:
        for count in (1, MANY):
            for at_once in (1, 4, 16):
                compare(report, server, Dovecot(peers), Postfix(peers), at_once, users[:count])
    finally:
        peers.stop()
        server.stop()
    shutil.rmtree(folder / "peers", ignore_errors=True)
