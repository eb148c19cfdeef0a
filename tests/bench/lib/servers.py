"""servers - Pillarbox's programs as they are in build/, with accounts of their own in a folder of their own.

Everybody's password is PASSWORD, and its hash the cheapest that crypt(3) knows, for all servers: what is compared is
the server.
"""
import os
import pathlib
import pwd
import socket
import subprocess
import time

from lib import measure, settings

PASSWORD = "secret"


def cheap_hash():
    """crypt(3)'s oldest method; where that is no more, MD5."""
    code = '$_ = crypt("secret", "ab") // ""; $_ = crypt("secret", q($1$bench$)) unless length == 13; print'
    return subprocess.run(["perl", "-e", code], stdout=subprocess.PIPE, check=True, text=True).stdout


def crypt_us(setting):
    """Microseconds for one check."""
    code = 'use Time::HiRes "time"; $b = time; crypt("secret", $ARGV[0]) for 1..200; print 1e6 * (time - $b) / 200'
    return measure.output(["perl", "-e", code, setting])[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pillarbox:
    name = "pillarbox"
    prefix = []  # in front of a client's command line

    def __init__(self, folder, users):
        self.folder = pathlib.Path(folder)
        self.owner = "daemon" if settings.ROOT else pwd.getpwuid(os.geteuid()).pw_name
        self.processes = []
        self.ports = {}
        for name in ("mail", "state", "cache", "queue"):
            (self.folder / name).mkdir(parents=True)
        if settings.ROOT:
            for name in ("mail",):
                os.chown(self.folder / name, *self.ids())
        hashed = cheap_hash()
        (self.folder / "users").write_text("".join(f"{user}:{hashed}\n" for user in users))
        self.configure()

    def ids(self):
        entry = pwd.getpwnam(self.owner)
        return entry.pw_uid, entry.pw_gid

    def configure(self):
        user = "user = nobody" if settings.ROOT else ""
        here = self.folder
        (here / "conf").write_text(f"""[server]
hostname = mail.example.org
domains = example.org
{user}
[accounts]
source = file
file = {here}/users
owner = {self.owner}
aliases = {here}/aliases
[store]
mailbox = mbox:{here}/mail/%u
state = {here}/state
cache = {here}/cache
[queue]
directory = {here}/queue
[agent]
socket = {here}/agent
[auth]
failures = {here}/failures
[limits]
per_source = 1000
transactions = 1000000
listen_idle = 1h
""")

    def program(self, name):
        return [str(settings.BUILD / name), "--config", str(self.folder / "conf")]

    def activate(self, *arguments):
        with open(self.folder / "log", "ab") as log:
            self.processes.append(subprocess.Popen(["systemd-socket-activate", *arguments], stdin=subprocess.DEVNULL,
                                                   stdout=subprocess.DEVNULL, stderr=log,
                                                   preexec_fn=measure.die_with_parent))

    def start_agent(self):
        self.activate("--seqpacket", "-l", str(self.folder / "agent"), *self.program("spool-agent"))
        while not (self.folder / "agent").is_socket():
            time.sleep(0.01)
        (self.folder / "agent").chmod(0o666)

    def start(self, *sessions):
        """Each session listens by itself: one process, and a fork for each connection."""
        self.start_agent()
        for session in sessions:
            self.listen(session, session)

    def listen(self, name, session, *how):
        port = free_port()
        self.activate("-l", f"127.0.0.1:{port}", *how, *self.program(session))
        self.ports[name] = port
        self.await_port(port)

    @staticmethod
    def await_port(port):
        wanted = f":{port:04X} 00000000:0000 0A"
        for _ in range(1000):
            if wanted in pathlib.Path("/proc/net/tcp").read_text():
                return
            time.sleep(0.01)
        raise SystemExit(f"bench: nobody listens on port {port}")

    @property
    def pop3(self):
        return self.ports["pop3-session"]

    def mailbox(self, user):
        return self.folder / "mail" / user

    def forget_index(self):
        for path in (self.folder / "cache").rglob("*"):
            if path.is_file():
                path.unlink()

    def pace(self, sessions):
        """Others don't let the same client in so often."""

    def writers(self):
        """Who writes into mailboxes, with those that it waits for."""
        return [self.processes[0].pid]

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()
        self.processes = []
