"""delivery - messages a second that are on disk, by spool_deliver() and by smtp-session, against programs that only
open, lock, append and fsync."""
import os
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
SIMULATED = ("simulated: after each fsync(2) of its own a process waits for a flush of 2 ms; the disk does one at a time, "
             "and all who wait for the same one share it")


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


def tick(count, processes, what="processes"):
    return f"{boxes(count)}, {what}: {processes}"


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
            report.table("delivery", f"delivery of {settings.SIZE} octets", tick(count, processes))
            rows(report, got, HOT if (count, processes) == (1, 16) else AIM)


def slow(report, folder):
    """On a disk that takes its time."""
    (folder / "flush").write_bytes(bytes(8))
    env = dict(os.environ, LD_PRELOAD=settings.tool("slow_disk.so"), BENCH_FLUSH=str(folder / "flush"),
               BENCH_FLUSH_US="2000")
    for count in (1, MANY):
        for processes in (1, 4, 16):
            messages = min(settings.COUNT, 200 * processes)
            got = most(Spool(folder / "spool", count).contenders(processes, messages, env=env), min(settings.RUNS, 2))
            report.table("slow", f"delivery of {settings.SIZE} octets, fsync takes 2 ms", tick(count, processes), SIMULATED)
            rows(report, got, HOT_SLOW if (count, processes) == (1, 16) else None)


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
    messages = min(settings.COUNT, 500)
    contenders = Spool(folder / "spool", len(users)).contenders(at_once, messages)
    del contenders["libspool"]

    def load(way, each):
        return lambda: output([settings.tool("load"), "smtp", str(server.ports[way]), str(at_once),
                               str(messages), str(each), str(settings.SIZE), *users])[0]
    contenders["smtp-session listening, 50 messages/connection"] = load("listening", 50)
    contenders["smtp-session listening, 1 message/connection"] = load("listening", 1)
    contenders["smtp-session for each connection, 1 message"] = load("each", 1)
    report.table("smtp", f"SMTP, {settings.SIZE} octets", tick(len(users), at_once, "connections"))
    rows(report, most(contenders, min(settings.RUNS, 2)), None)
