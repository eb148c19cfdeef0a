"""store - what the harness knows of each kind of mailbox without libspool: how to make one, how to read it, what may
lie about when nobody uses it. A new store is one more class here, and a word in rows.STORES.
"""
import copy
import fcntl
import os
import re
import time

FROM = re.compile(rb"From [^\n]*\d\d:\d\d:\d\d[^\n]* \d{4}\n")
QUOTED = re.compile(rb"^>(>*From )", re.M)
UNQUOTED = re.compile(rb"^(>*From )", re.M)
CONVERTED = r"/state/[^/]*box\.convert-[0-9a-f]{8}$|/state/[^/]*source\.(session|dotlock|append)$"
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
    tears = True  # a power cut may leave a piece of a message that nobody was promised

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
        """Files that should not be there when nobody uses the mailbox. Drafts are selftest.drafts()'s."""
        known = re.compile(r"/mail/box$|/mail/source|/state/[^/]*box\.(session|dotlock|append)$|/cache/|\.new$|" + CONVERTED)
        return [path for path in files(place) if not known.search(path) and not (place.cache and is_stale(path))]


def is_stale(path):
    """Is it a dead process's dotlock? Who reads by the index takes no lock, and so need not break one."""
    if not path.endswith(".lock"):
        return False
    pid = read(path).strip()
    return pid.isdigit() and not os.path.exists("/proc/" + pid.decode())


class Maildir:
    name = "maildir"
    prefix = "maildir:"
    tears = False

    @staticmethod
    def make(place, messages):
        for folder in ("new", "cur", "tmp"):
            os.makedirs(place.box + "/" + folder)
        for n, octets in enumerate(messages):
            write("%s/%s/%d.M%dP7.elsewhere%s" % (
                place.box, "new" if n % 2 else "cur", 900000000 + n, n, "" if n % 2 else ":2,S"), octets)

    @staticmethod
    def read(place):
        """The messages in the order of the times in their names."""
        found = []
        for folder in ("new", "cur"):
            path = place.box + "/" + folder
            found += [path + "/" + name for name in (os.listdir(path) if os.path.isdir(path) else ())]
        return [read(path) for path in sorted(found, key=Maildir.time)]

    @staticmethod
    def time(path):
        """Those of one microsecond: as their names are."""
        name = path.rsplit("/", 1)[1]
        numbers = re.match(r"(\d+)\.(?:M(\d+))?", name)
        return int(numbers[1]), int(numbers[2] or 0), name

    @staticmethod
    def append(place, octets):
        now = time.time_ns() // 1000
        name = "%d.M%dP%d.elsewhere" % (now // 1000000, now % 1000000, os.getpid())
        write("%s/tmp/%s" % (place.box, name), octets)
        os.rename("%s/tmp/%s" % (place.box, name), "%s/new/%s" % (place.box, name))

    @staticmethod
    def rubbish(place):
        """What is in tmp is removed after a day."""
        known = re.compile(r"/mail/box/(new|cur|tmp)/|/mail/source|/state/[^/]*box\.session$|/cache/|\.new$|" + CONVERTED)
        return [path for path in files(place) if not known.search(path)]


def source_of(kind, place):
    """Of a conversion to this kind: the other kind, and a place where its mailbox is the box."""
    other = Maildir if kind is Mbox else Mbox
    there = copy.copy(place)
    there.box = place.source
    return other, there


def files(place):
    found = []
    for top in place.trees:
        for folder, _, names in os.walk(top):
            found += [folder + "/" + name for name in names]
    return found


class Snapshot:
    """Files and folders as they are, to be put back."""

    def __init__(self, place):
        self.place = place
        self.folders = [folder for top in place.trees for folder, _, _ in os.walk(top)]
        self.files = {path: read(path) for path in files(place)}
        self.inodes = {path: os.stat(path).st_ino for path in self.files}
        self.folder_inodes = {os.stat(folder).st_ino: folder for folder in self.folders}

    def restore(self):
        """Files that are there keep their inodes."""
        keep_apart(self.place, self.files)
        for top in self.place.trees:
            for folder, _, _ in os.walk(top, topdown=False):
                if folder not in self.folders:
                    os.rmdir(folder)
        for folder in self.folders:
            os.makedirs(folder, exist_ok=True)
        put({path: (self.inodes[path], text) for path, text in self.files.items()})


def keep_apart(place, kept):
    """Remove the files that are not to be kept, and those with several names, which may have to be two files."""
    for path in files(place):
        if path not in kept or os.stat(path).st_nlink > 1:
            os.unlink(path)


def put(wanted):
    """{path: (inode, text)}: paths with one inode become one file with several names. (After a power cut a file that was
    removed may be there beside one that got its number.)"""
    first = {}
    for path, (inode, text) in wanted.items():
        twin = first.setdefault((inode, text), path)
        if twin == path:
            write(path, text)
            continue
        if os.path.exists(path):
            os.unlink(path)
        os.link(twin, path)


def read(path):
    with open(path, "rb") as file:
        return file.read()


BLOCK = 4096


def write(path, text):
    """Put the text into the file, which keeps its inode if it is there. Whole blocks of zeros become holes, as the file
    systems leave them where they have taken blocks out by half."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.ftruncate(fd, len(text))
    view = memoryview(text)
    for at in range(0, len(text), 64 * BLOCK):
        piece = view[at:at + 64 * BLOCK]
        if bytes(BLOCK) not in piece.tobytes():
            os.pwrite(fd, piece, at)
            continue
        for block in range(at, at + len(piece), BLOCK):
            if any(view[block:block + BLOCK]):
                os.pwrite(fd, view[block:block + BLOCK], block)
    os.close(fd)
