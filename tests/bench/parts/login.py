"""login - connect, USER, PASS, STAT and QUIT on mailboxes of several sizes.

cold: no index, and nothing of the mailbox in memory. index: an index, and nothing of the mailbox in memory. warm: both.
The programs themselves are in memory always: an empty mailbox is looked into before.
"""
import os
import shutil
import subprocess

from lib import mailbox, settings
from lib.measure import forget_pages, least, output
from lib.report import Ratio
from lib.servers import PASSWORD, cheap_hash, crypt_us
from parts.sessions import each_server, fill, login

WARM = 10
AIM_EMPTY = ("<=", 1.2)
AIM_POPA3D = (">=", 20)
AIM_DOVECOT = (">=", 3)
NOBODY = 65534


def sizes():
    """Name: messages and their size. The last two are large."""
    big = settings.BIG
    return {
        "empty": (0, 0),
        "10 messages of 4 KB": (10, 4096),
        f"{max(10, big // 100_000)} messages of 4 KB": (max(10, big // 100_000), 4096),
        f"{max(10, big // 100_000)} messages of 100 KB": (max(10, big // 100_000), 100_000),
        f"{max(10, big // 10_000)} messages of 10 KB": (max(10, big // 10_000), 10_000),
    }


def warm(server, user):
    login(server, user, 2)
    return best(lambda: login(server, user, WARM))


def best(function):
    """Of several runs the one that took the least in all."""
    return min((function() for _ in range(settings.RUNS)), key=lambda got: got[0])


def cold(server, user, path, keep_index):
    def once():
        if not keep_index:
            server.forget_index()
        forget_pages(path)
        login(server, "empty", 1)
        return login(server, user, 1)
    return best(once)


def read_cold(path):
    def once():
        forget_pages(path)
        return output([settings.tool("pop3"), "cat", "cat", str(path)])[1] * 1e6
    return least({"cat": once})["cat"]


def measure_one(server, user, path):
    return {"cold": cold(server, user, path, False), "warm": warm(server, user),
            "index": cold(server, user, path, True)}


def run(report, folder):
    users = {f"size{n}" if n else "empty": name for n, name in enumerate(sizes())}
    took = {}
    cat = {}
    for server in each_server(folder, users):
        for user, name in users.items():
            path = fill(server, user, *sizes()[name])
            try:
                took[name, server.name] = measure_one(server, user, path)
                if name != "empty" and server.name == "pillarbox":
                    cat[name] = read_cold(path)
            except subprocess.CalledProcessError:
                report.say(f"  {server.name} does not open {name}")
            path.unlink()
    tell(report, took, cat)
    unchecked(report, folder)
    for name in ("pillarbox", "peers"):
        shutil.rmtree(folder / name, ignore_errors=True)


STATES = {"warm": "warm", "index": "an index, but nothing of the mailbox in memory",
          "cold": "neither index nor mailbox in memory"}


def tell(report, took, cat):
    large = list(sizes())[-2:]
    for state, title in STATES.items():
        for name in sizes():
            report.table(f"login-{state}", f"log-in, STAT, QUIT, {title}", name)
            if name in cat and state == "cold":
                report.row("cat, cold", cat[name], "us")
            for server in [server for box, server in took if box == name]:
                row(report, took, cat, name, state, server, name in large)
    for n, phase in enumerate(("greeting", "password", "STAT", "QUIT")):
        report.table("phases", "log-in to an empty mailbox, where the time goes", phase)
        for box, server in took:
            if box == "empty":
                report.row(server, took[box, server]["warm"][n + 1], "us")
        if phase == "password":
            report.row("the hash alone", crypt_us(cheap_hash()), "us")


def row(report, took, cat, name, state, server, is_large):
    us = took[name, server][state][0]
    ratios = []
    if name != "empty" and state == "warm":
        empty = took["empty", server]["warm"][0]
        ratios.append(Ratio(us / empty, "an empty mailbox", AIM_EMPTY if is_large and server == "pillarbox" else None))
    if name in cat and state == "cold":
        ratios.append(Ratio(us / cat[name], "cat, cold"))
    if server == "pillarbox":
        for peer, aim in (("popa3d", AIM_POPA3D), ("dovecot", AIM_DOVECOT)):
            if (name, peer) in took:
                ratios.append(Ratio(took[name, peer][state][0] / us, f"faster than {peer}",
                                    aim if is_large and state == "warm" else None))
    report.row(server, us, "us", *ratios)


def unchecked(report, folder):
    """An ordinary user behind two pipes, whose password is not checked, with a program of its own each time."""
    name, (count, size) = list(sizes().items())[-2]
    home = folder / "pipe"
    box = home / "pillarbox" / "mail"
    box.mkdir(parents=True)
    command, env, ids = as_ordinary(home)
    if subprocess.run([*command, "test", "-x", settings.BUILD / "pop3-session"], check=False).returncode:
        report.say(f"  {ids[2]} can't run {settings.BUILD}/pop3-session: nothing measured over a pipe")
        return
    got = {}
    for what, messages in (("empty", 0), (name, count)):
        mailbox.make(box / ids[2], messages, size, ids[:2] if settings.ROOT else None)
        runs = [output([*command, settings.tool("pop3"), "pipe", ids[2], PASSWORD, str(WARM + 2),
                        str(settings.BUILD / "pop3-session")],
                       env=env, stderr=subprocess.DEVNULL) for _ in range(settings.RUNS)]
        got[what] = min(figures[0] for figures in runs)
    heading = "log-in, STAT, QUIT over a pipe, no password check, started anew each time, warm"
    report.table("pipe", heading, "empty")
    report.row("pillarbox", got["empty"], "us")
    report.table("pipe", heading, name)
    report.row("pillarbox", got[name], "us", Ratio(got[name] / got["empty"], "an empty mailbox", AIM_EMPTY))
    shutil.rmtree(home)


def as_ordinary(home):
    """Who that is: this user, or, where that is root, nobody."""
    env = dict(os.environ, XDG_STATE_HOME=str(home), HOME=str(home))
    if not settings.ROOT:
        import pwd
        entry = pwd.getpwuid(os.geteuid())
        return [], env, (entry.pw_uid, entry.pw_gid, entry.pw_name)
    for path in [home, *home.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    return (["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"], env, (NOBODY, NOBODY, "nobody"))
