"""store - what the harness knows of each kind of mailbox without libspool: how to make one, how to read it, what may
lie about when nobody uses it. A new store is one more class here and a line in STORES.
"""
import fcntl
import os
import re

FROM = re.compile(rb"From [^\n]*\d\d:\d\d:\d\d[^\n]* \d{4}\n")
QUOTED = re.compile(rb"^>(>*From )", re.M)
UNQUOTED = re.compile(rb"^(>*From )", re.M)
PADDING = re.compile(rb"\A([^\n]*\n)X-Pillarbox-Padding: [^\n]*\n(?: [^\n]*\n)*")


def split(text):
    """A mailbox's text in front of each From_ line that is the first or follows an empty line."""
    pieces = []
    for piece in text.split(b"\n\nFrom "):
        piece = piece if not pieces else b"From " + piece
        if pieces and not FROM.match(piece):
            pieces[-1] += b"\n\n" + piece
        else:
            pieces.append(piece)
    return [piece + b"\n\n" for piece in pieces[:-1]] + pieces[-1:]


class Mbox:
    name = "mbox"
    prefix = "mbox:"

    @staticmethod
    def make(place, messages):
        """A mailbox as another program has left it."""
        with open(place.box, "wb") as file:
            for octets in messages:
                file.write(b"From a@b Tue Nov 24 13:00:00 2026\n" + UNQUOTED.sub(rb">\1", octets) + b"\n")

    @staticmethod
    def read(place):
        """The messages, read strictly: mboxrd, an empty line before each From_ line and at the end."""
        try:
            with open(place.box, "rb") as file:
                text = file.read()
        except FileNotFoundError:
            return []
        return [Mbox.message(piece) for piece in split(text) if piece.strip(b"\n")]

    @staticmethod
    def message(piece):
        body = PADDING.sub(rb"\1", piece).partition(b"\n")[2]
        if body.endswith(b"\n"):
            body = body[:-1]
        return QUOTED.sub(rb"\1", body) if b">From " in body else body

    @staticmethod
    def append(place, octets):
        """One message more, by a program that has the dotlock and takes the kernel's."""
        with open(place.box, "a+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2))
            end = file.read()
            blank = b"" if end in (b"", b"\n\n") else b"\n" if end.endswith(b"\n") else b"\n\n"
            file.write(blank + b"From a@b Tue Nov 24 13:00:00 2026\n" + UNQUOTED.sub(rb">\1", octets) + b"\n")

    @staticmethod
    def rubbish(place):
        """Files that should not be there when nobody uses the mailbox."""
        known = re.compile(r"/mail/box$|/state/[^/]*box\.(session|append)$")
        return [path for path in files(place) if not known.search(path)]


def files(place):
    found = []
    for top in (place.mail, place.state):
        for folder, _, names in os.walk(top):
            found += [folder + "/" + name for name in names]
    return found


class Snapshot:
    """Files and folders as they are, to be put back."""

    def __init__(self, place):
        self.place = place
        self.folders = [folder for top in (place.mail, place.state) for folder, _, _ in os.walk(top)]
        self.files = {path: read(path) for path in files(place)}
        self.inodes = {path: os.stat(path).st_ino for path in self.files}
        self.folder_inodes = {os.stat(folder).st_ino: folder for folder in self.folders}

    def restore(self):
        """Files that are there keep their inodes."""
        now = files(self.place)
        for path in now:
            if path not in self.files:
                os.unlink(path)
        for top in (self.place.mail, self.place.state):
            for folder, _, _ in os.walk(top, topdown=False):
                if folder not in self.folders:
                    os.rmdir(folder)
        for folder in self.folders:
            os.makedirs(folder, exist_ok=True)
        for path, text in self.files.items():
            write(path, text)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, text):
    """Put the text into the file, which keeps its inode if it is there."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    view = memoryview(text)
    while view:
        view = view[os.write(fd, view):]
    os.close(fd)
