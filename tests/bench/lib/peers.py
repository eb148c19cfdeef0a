"""peers - Dovecot, popa3d and Postfix as Debian ships them, in a root, a network and a tree of processes of their own.

Passwords have the same cheap hash as everywhere here. Mailboxes are mboxes in folders of that root, which lies on the
same file system as all others, and belong to one user.
"""
import os
import pathlib
import shutil
import subprocess
import time

from lib import measure, settings
from lib.servers import cheap_hash

UID = 2000

DOVECOT = """
protocols = pop3 lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = /var/log/dovecot.log
mail_location = mbox:/srv/folders/%n:INBOX=/srv/dovecot/%n:INDEX=/srv/index/%n
first_valid_uid = 1
auth_username_format = %Ln
passdb {
  driver = passwd-file
  args = scheme=CRYPT username_format=%n /etc/dovecot/bench
}
userdb {
  driver = static
  args = uid=2000 gid=8 home=/srv/home/%n allow_all_users=yes
}
service pop3-login {
  inet_listener pop3 {
    port = 1110
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = 1024
  }
}
"""

POSTFIX = """
compatibility_level = 3.6
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mail.example.org
mydestination = example.org
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
mailbox_size_limit = 0
message_size_limit = 0
in_flow_delay = 0
maillog_file = /var/log/postfix.log
queue_directory = /var/spool/postfix
"""

# In the new root, as the first process there. It ends when its input does.
START = """
set -e
dovecot
popa3d -D
postfix start >/dev/null 2>&1
touch /ready
read -r _ || true
postfix stop >/dev/null 2>&1
"""

# What the root lacks before it is entered.
ENTER = """
mount --bind /dev "$0/dev"
mount -t proc proc "$0/proc"
ip link set lo up
exec chroot "$0" bash -c "$1"
"""


class Peers:
    def __init__(self, folder, users):
        if not settings.ROOT:
            raise SystemExit("bench: BENCH_PEERS=1 takes root")
        self.root = pathlib.Path(folder)
        tar = settings.BUILD / "bench-peers" / "root.tar"
        subprocess.run([pathlib.Path(__file__).parent.parent / "make-peers", tar], check=True)
        self.root.mkdir()
        subprocess.run(["tar", "-x", "-f", tar, "-C", self.root, "--numeric-owner"], check=True)
        self.configure(users)
        self.start()

    def configure(self, users):
        hashed = cheap_hash()
        everybody = list(users)
        with open(self.root / "etc/passwd", "a") as passwd, open(self.root / "etc/shadow", "a") as shadow:
            for user in everybody:
                passwd.write(f"{user}:x:{UID}:8::/srv/home:/bin/sh\n")
                shadow.write(f"{user}:{hashed}:19000:0:99999:7:::\n")
            passwd.write("popa3d:x:2001:65534::/var/lib/popa3d:/usr/sbin/nologin\n")
        (self.root / "etc/dovecot/dovecot.conf").write_text(DOVECOT)
        (self.root / "etc/dovecot/bench").write_text("".join(f"{user}:{hashed}\n" for user in everybody))
        (self.root / "etc/postfix/main.cf").write_text(POSTFIX)
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost mail.example.org\n")
        (self.root / "etc/services").open("a").write("pop3 110/tcp\n")
        for name in ("var/mail", "srv/dovecot", "srv/index", "srv/home", "srv/folders"):
            (self.root / name).mkdir(exist_ok=True)
            os.chown(self.root / name, UID, 8)
        (self.root / "var/lib/popa3d").mkdir(exist_ok=True)
        self.unjail_postfix()

    def unjail_postfix(self):
        """Debian's smtpd runs in a chroot that the package's start script fills; here it needs none."""
        path = self.root / "etc/postfix/master.cf"
        lines = path.read_text().splitlines()
        for n, line in enumerate(lines):
            words = line.split()
            if len(words) >= 8 and not line.startswith(("#", " ", "\t")) and words[4] == "y":
                words[4] = "n"
                lines[n] = " ".join(words)
        path.write_text("\n".join(lines) + "\n")

    def start(self):
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "sh", "-ec", ENTER, self.root, START],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, preexec_fn=measure.die_with_parent)
        for _ in range(300):
            if (self.root / "ready").exists():
                break
            if self.process.poll() is not None:
                raise SystemExit("bench: the peers did not start")
            time.sleep(0.1)
        inside = self.find("bash")[0]
        self.prefix = ["nsenter", "--net", "--target", str(inside)]

    def find(self, name):
        """Processes of that name in the root."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "root") == str(self.root) and \
                        (entry / "comm").read_text().strip() == name:
                    found.append(int(entry.name))
            except OSError:
                pass
        return sorted(found)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Peer:
    def __init__(self, peers):
        self.peers = peers
        self.prefix = peers.prefix

    def ids(self):
        return UID, 8

    def forget_index(self):
        pass

    def pace(self, sessions):
        pass


class Dovecot(Peer):
    name = "dovecot"
    pop3 = 1110
    lmtp = 1024

    def mailbox(self, user):
        return self.peers.root / "srv/dovecot" / user

    def forget_index(self):
        for path in (self.peers.root / "srv/index").iterdir():
            shutil.rmtree(path)

    def writers(self):
        return self.peers.find("dovecot") + self.peers.find("pop3")


class Popa3d(Peer):
    name = "popa3d"
    pop3 = 110
    ROOM, SECONDS = 40, 11  # it counts sessions of one client, those that ended some seconds ago, too

    def __init__(self, peers):
        super().__init__(peers)
        self.left = self.ROOM

    def mailbox(self, user):
        return self.peers.root / "var/mail" / user

    def pace(self, sessions):
        if sessions > self.left:
            time.sleep(self.SECONDS)
            self.left = self.ROOM
        self.left -= sessions

    def writers(self):
        return self.peers.find("popa3d")


class Postfix(Peer):
    name = "postfix local"
    smtp = 25

    def mailbox(self, user):
        return self.peers.root / "var/mail" / user
