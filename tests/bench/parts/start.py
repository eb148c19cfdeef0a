"""start - exec to greeting, and the CPU of a whole session that says QUIT, against a program that prints one line."""
from lib import settings
from lib.measure import output
from lib.report import Ratio
from lib.servers import Pillarbox

LEAST = "a program that prints one line"


def run(report, folder):
    server = Pillarbox(folder / "start", ["u1"])
    session = server.program("smtp-session")
    got = {LEAST: start([settings.tool("greet")]), "smtp-session, starting its own agent": start(session)}
    server.start()
    try:
        got["smtp-session, agent by socket"] = start(session)
    finally:
        server.stop()
    for which, title in enumerate(("exec to greeting (median of 300)", "CPU of the whole session")):
        report.table("start", "start", title)
        for name, figures in got.items():
            report.row(name, figures[which], "us", Ratio(figures[which] / got[LEAST][which], LEAST))


def start(command):
    import subprocess
    return output([settings.tool("load"), "start", str(min(300, settings.COUNT)), *command], stderr=subprocess.DEVNULL)
