"""sessions - what the parts about POP3 share: each server in its turn, with mailboxes that are its own."""
from lib import mailbox, measure, settings
from lib.peers import Dovecot, Peers, Popa3d
from lib.servers import PASSWORD, Pillarbox


def each_server(folder, users):
    """One after the other, running."""
    server = Pillarbox(folder / "pillarbox", users)
    server.start("pop3-session")
    try:
        yield server
    finally:
        server.stop()
    if settings.PEERS:
        peers = Peers(folder / "peers", users)
        try:
            yield Popa3d(peers)
            yield Dovecot(peers)
        finally:
            peers.stop()


def fill(server, user, count, size):
    path = server.mailbox(user)
    mailbox.make(path, count, size, server.ids() if settings.ROOT else None)
    return path


def login(server, user, count):
    """Medians in microseconds: all, greeting, log-in, STAT, QUIT."""
    server.pace(count)
    return measure.output([*server.prefix, settings.tool("pop3"), "login", str(server.pop3), user, PASSWORD, str(count)])


def client(server, what, user, *arguments):
    server.pace(1)
    return measure.output([*server.prefix, settings.tool("pop3"), what, str(server.pop3), user, PASSWORD, *arguments])
