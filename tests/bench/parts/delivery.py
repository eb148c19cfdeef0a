"""delivery - messages a second that are on disk, by spool_deliver() and by smtp-session, against programs that only
open, lock, append and fsync."""
import shutil

from lib import settings
from lib.measure import most, output
from lib.report import Ratio
from lib.servers import Pillarbox

UNDER = "floor, fsync under the lock"
AFTER = "floor, fsync after unlocking"
AIM = (">=", 0.8)
HOT = (">=", 1.5)
HOT_SLOW = (">=", 5)
MANY = 100


class Spool:
    """Mailboxes that nobody but libspool and the floors write to."""

    def __init__(self, folder, count):
        self.folder = folder
        self.count = count
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "state").mkdir(parents=True)

    def files(self, name):
        return [str(self.folder / f"{name}{n}") for n in range(self.count)]

    def contenders(self, processes, messages=None, **options):
        work = [str(processes), str(messages or settings.COUNT), str(settings.SIZE)]
        deliver = [settings.tool("deliver"), *work, str(self.folder / "state"), *self.files("box")]
        floor = settings.tool("floor")
        return {
            UNDER: lambda: output([floor, "under", *work, *self.files("under")], **options)[0],
            AFTER: lambda: output([floor, "after", *work, *self.files("after")], **options)[0],
            "libspool": lambda: output(deliver, **options)[0],
        }


def boxes(count):
    return "one mailbox" if count == 1 else f"{count} mailboxes"


def rows(report, got, aim):
    for name in (UNDER, AFTER):
        report.row(name, got[name], "/s")
    for name in got:
        if name not in (UNDER, AFTER):
            report.row(name, got[name], "/s", Ratio(got[name] / got[UNDER], UNDER, aim if name == "libspool" else None),
                       Ratio(got[name] / got[AFTER], AFTER))


def library(report, folder):
    for count in (1, MANY):
        for processes in (1, 4, 16):
            got = most(Spool(folder / "spool", count).contenders(processes))
            report.table("delivery", f"delivery of {settings.SIZE} octets to {boxes(count)}, processes: {processes}")
            rows(report, got, HOT if (count, processes) == (1, 16) else AIM)


def slow(report, folder):
    """The hot mailbox on a slow disk."""
    import os
    (folder / "flush").write_bytes(bytes(8))
    env = dict(os.environ, LD_PRELOAD=settings.tool("slow_disk.so"), BENCH_FLUSH=str(folder / "flush"),
               BENCH_FLUSH_US="2000")
    contenders = Spool(folder / "spool", 1).contenders(16, min(settings.COUNT, 1000), env=env)
    report.table("hot", f"delivery of {settings.SIZE} octets to one mailbox, processes: 16, fsync takes 2 ms",
                 "simulated: after each fsync(2) of its own the process waits for a flush of 2 ms; one flush at a "
                 "time, shared by all that wait for the same one")
    rows(report, most(contenders), HOT_SLOW)


def sessions(report, folder):
    users = [f"u{n}" for n in range(MANY)]
    server = Pillarbox(folder / "smtp", users)
    server.start()
    server.listen("listening", "smtp-session")
    server.listen("each", "smtp-session", "--inetd", "-a")
    try:
        for count in (1, MANY):
            for at_once in (1, 4, 16):
                compare(report, server, folder, at_once, users[:count])
    finally:
        server.stop()


def compare(report, server, folder, at_once, users):
    contenders = Spool(folder / "spool", len(users)).contenders(at_once)
    del contenders["libspool"]

    def load(way, each):
        return lambda: output([settings.tool("load"), "smtp", str(server.ports[way]), str(at_once),
                               str(settings.COUNT), str(each), str(settings.SIZE), *users])[0]
    contenders["smtp-session listening, 50 messages/connection"] = load("listening", 50)
    contenders["smtp-session listening, 1 message/connection"] = load("listening", 1)
    contenders["smtp-session for each connection, 1 message"] = load("each", 1)
    report.table("smtp", f"SMTP, {settings.SIZE} octets to {boxes(len(users))}, connections: {at_once}")
    rows(report, most(contenders, min(settings.RUNS, 2)), None)
