"""remove - the first, the middle, every second message of a large mailbox: how long QUIT takes, and how much is
written meanwhile.

What is written is what the kernel counts for the server's processes (measure.written()), from before the connection to
after its end: pages of files that were made dirty, not what the file system notes about them in its journal.
"""
import shutil
import time

from lib import settings
from lib.measure import sync, written
from lib.report import Ratio
from parts.sessions import client, each_server, fill, login

AIM_DOVECOT = (">=", 20)
MOST_MB = ("<=", 1)
TITLES = {"first": "the first message", "middle": "the middle message", "second": "every second message"}


def once(server, which):
    sync(server.mailbox("big"))
    before = written(server.writers())
    seconds, _ = client(server, "dele", "big", which)
    time.sleep(0.3)  # until the last process was waited for
    return seconds * 1000, (written(server.writers()) - before) / 1e6


def run(report, folder):
    count = max(10, settings.BIG // 100_000)
    got = {which: {} for which in TITLES}
    for server in each_server(folder, ["big"]):
        path = fill(server, "big", count, 100_000)
        for which in TITLES:
            runs = 1 if which == "second" else settings.RUNS
            login(server, "big", 2)
            got[which][server.name] = min(once(server, which) for _ in range(runs))
        path.unlink()
    for which, title in TITLES.items():
        tell(report, count, title, got[which], which == "first")
    for name in ("pillarbox", "peers"):
        shutil.rmtree(folder / name, ignore_errors=True)


def tell(report, count, title, got, is_first):
    report.table("remove", f"removal from {count} messages of 100 KB, QUIT", title)
    for name, (ms, _) in got.items():
        ratios = []
        if name == "pillarbox":
            for peer in ("popa3d", "dovecot"):
                if peer in got:
                    aim = AIM_DOVECOT if is_first and peer == "dovecot" else None
                    ratios.append(Ratio(got[peer][0] / ms, f"faster than {peer}", aim))
        report.row(name, ms, "ms", *ratios)
    report.table("written", f"removal from {count} messages of 100 KB, written", title)
    for name, (_, megabytes) in got.items():
        aim = MOST_MB if is_first and name == "pillarbox" else None
        report.row(name, megabytes, "MB", *([Ratio(megabytes, "1 MB", aim)] if aim else []))
