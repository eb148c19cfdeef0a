"""retr - octets a second that a client gets, against cat through the same kind of connection.

Small messages are fetched twice: by a client like any other, and by one that acknowledges each segment at once. What a
server loses for want of TCP_NODELAY is in the first figure and not in the second.
"""
import shutil

from lib import settings
from lib.measure import alternate, output
from lib.report import Ratio
from parts.sessions import client, each_server, fill, login

AIM_LARGE = (">=", 0.3)
AIM_POPA3D = (">=", 1.5)


def rate(got):
    octets, seconds = got
    return octets / seconds / 1e6


def run(report, folder):
    many = max(2, settings.BIG // 1_000_000)
    boxes = {"many": (f"{many} messages of 10 KB", "retr", many, 10_000),
             "eager": (f"{many} messages of 10 KB, acknowledged at once", "eager", many, 10_000),
             "one": (f"one message of {settings.BIG // 10_000_000} MB", "retr", 1, settings.BIG // 10)}
    got = {user: {} for user in boxes}
    for server in each_server(folder, boxes):
        for user, (_, how, count, size) in boxes.items():
            path = fill(server, user, count, size)
            login(server, user, 2)
            figures = alternate({
                "cat": lambda path=path: rate(output([*server.prefix, settings.tool("pop3"), "cat", "cat", str(path)])),
                server.name: lambda user=user, server=server, how=how: rate(client(server, how, user)),
            }, min(settings.RUNS, 2))
            for name, rates in figures.items():
                got[user][name] = max(rates + [got[user].get(name, 0)])
            path.unlink()
    for user, (title, _, _, _) in boxes.items():
        tell(report, title, got[user], user == "one")
    for name in ("pillarbox", "peers"):
        shutil.rmtree(folder / name, ignore_errors=True)


def tell(report, title, got, is_large):
    report.table("retr", "RETR", title)
    for name, figure in got.items():
        ratios = []
        if name != "cat":
            ratios.append(Ratio(figure / got["cat"], "cat",
                                AIM_LARGE if is_large and name == "pillarbox" else None))
        if name == "pillarbox" and "popa3d" in got:
            ratios.append(Ratio(figure / got["popa3d"], "popa3d", None if is_large else AIM_POPA3D))
        if name == "pillarbox" and "dovecot" in got:
            ratios.append(Ratio(figure / got["dovecot"], "dovecot"))
        report.row(name, figure, "MB/s", *ratios)
