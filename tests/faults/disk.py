"""disk - what may be on the disk after a power cut at any moment of a recorded run.

The model. A file is a list of 4 KB blocks, a size, and the octets of each block. What was recorded since a file's last
fsync is pending, in three independent parts:

- its metadata (list of blocks and size: growth, ftruncate, fallocate, collapse) is on disk up to any of the pending
  changes, in order. A write that grows the file by several blocks may have grown it by the first of them only.
- the data of each pending write is on disk or not, each 512-octet sector of it by itself (torn, reordered), and a
  sector has the content that the page cache had after that write: never a later write without an earlier one's octets
  in the same sector. Data goes to blocks, not to offsets: a write behind a collapse that is not on disk lands where
  these blocks lie then. What was never written reads as zeros, never as stale data of others.
- names (create, link, rename, unlink, mkdir) are on disk up to any pending change of that tree (the mailbox's, the state
  folder's), in order. Only the fsync of the folder that they are in makes them sure.

Two things that are easily forgotten are in it: an ftruncate into the middle of a block zeroes the rest of that block
in the page cache, and fsync writes that out before it commits the new size; and a collapse may be several transactions
(XFS: one for each extent, and one for the size; ext4 restarts its handle when it gets large), with the hole that was
made anywhere between the cut and the file's end. COLLAPSE=atomic leaves that out.

Why this is a superset of ext4 (data=ordered, delayed allocation) and XFS: both commit all metadata of a file system in
one order, so what they leave is one prefix for all, which is among the combinations of one prefix for each file and
tree here (the two trees may be two file systems). Both write data before or after metadata as they like, except that
ordered mode has data of new blocks before the size that shows them: again fewer states than here. (In a block that was
there before, an unsynced append does show as zeros on ext4.) Disks write sectors whole.
"""
import os

BLOCK, SECTOR = 4096, 512
KEEP_SIZE, PUNCH, COLLAPSE, ZERO = 1, 2, 8, 16
ZEROS = bytes(BLOCK)
BY_HALF = os.environ.get("COLLAPSE") != "atomic"


def parse(log):
    """The records of a log: lists of fields, a write's last one its octets."""
    records, at = [], 0
    while at < len(log):
        end = log.index(b"\n", at)
        fields = log[at:end].decode().split("\t")
        at = end + 1
        if fields[0] == "w":
            length = int(fields[3])
            fields[3] = log[at:at + length]
            at += length
        records.append(fields)
    return records


class File:
    """An inode: on disk, and what is pending."""

    def __init__(self, text, inode):
        self.inode = inode
        self.next = 0
        self.cache = {}     # block -> octets, as the page cache has it
        self.blocks = ()
        self.size = 0
        self.grow(len(text))
        for n, block in enumerate(self.blocks):
            self.cache[block] = bytearray(text[n * BLOCK:(n + 1) * BLOCK].ljust(BLOCK, b"\0"))
        self.sync()

    def sync(self):
        self.disk = {block: bytes(octets) for block, octets in self.cache.items()}
        self.shapes = [(self.blocks, self.size, "")]  # the first is on disk, the others pending
        self.data = []                            # of dicts {(block, sector): octets}
        self.labels = []

    def note_shape(self, remark=""):
        if self.shapes[-1][:2] != (self.blocks, self.size):
            self.shapes.append((self.blocks, self.size, remark))

    def new_block(self):
        self.next += 1
        self.cache[self.next] = bytearray(BLOCK)
        return self.next

    def grow(self, size):
        blocks = list(self.blocks)
        while len(blocks) * BLOCK < size:
            blocks.append(self.new_block())
        self.blocks = tuple(blocks)
        self.size = max(size, self.size)

    def put(self, offset, text):
        """Into the cache; the sectors that are dirty now."""
        dirty = {}
        while text:
            n, at = divmod(offset, BLOCK)
            part = text[:BLOCK - at]
            if self.blocks[n] is None:
                self.blocks = self.blocks[:n] + (self.new_block(),) + self.blocks[n + 1:]
            block = self.blocks[n]
            self.cache[block][at:at + len(part)] = part
            for sector in range(at // SECTOR, (at + len(part) - 1) // SECTOR + 1):
                dirty[block, sector] = bytes(self.cache[block][sector * SECTOR:(sector + 1) * SECTOR])
            offset, text = offset + len(part), text[len(part):]
        return dirty

    def pend(self, dirty, label):
        self.data.append(dirty)
        self.labels.append(label)

    def write(self, offset, text):
        old, end = self.size, offset + len(text)
        self.grow(end)
        dirty = self.put(offset, text)
        full, size = self.blocks, self.size
        if end > old:  # writeback may have come as far as any block
            borders = range((old // BLOCK + 1) * BLOCK, end, BLOCK)
            for border in [*borders[:1], *borders[len(borders) // 2:len(borders) // 2 + 1]]:
                self.blocks, self.size = full[:border // BLOCK], border
                self.note_shape()
        self.blocks, self.size = full, size
        self.note_shape()
        self.pend(dirty, "write of %d at %d" % (len(text), offset))

    def truncate(self, size):
        if size >= self.size:
            self.grow(size)
        elif size % BLOCK:
            tail = min(self.size, size + BLOCK - size % BLOCK) - size
            self.pend(self.put(size, bytes(tail)), "zeros of the truncation to %d" % size)
        self.blocks, self.size = self.blocks[:(size + BLOCK - 1) // BLOCK], size
        self.note_shape()

    def allocate(self, offset, length, mode):
        first, last = offset // BLOCK, (offset + length) // BLOCK
        if mode & COLLAPSE:
            self.collapse(first, last)
        elif mode & (PUNCH | ZERO):
            raise NotImplementedError("fallocate mode %d" % mode)
        elif not mode & KEEP_SIZE:
            self.grow(offset + length)
        self.note_shape()

    def collapse(self, first, last):
        old, hole = self.blocks, (None,) * (last - first)
        rest = old[last:]
        for shifted in {0, len(rest) // 2, len(rest)} if BY_HALF else ():  # a hole that moves on to the end
            self.blocks = old[:first] + rest[:shifted] + hole + rest[shifted:]
            self.note_shape(", a collapse by half")
        self.blocks, self.size = old[:first] + rest, self.size - len(hole) * BLOCK

    def content(self, shape, masks):
        """As it is on disk with this shape and of each pending write the sectors of the mask (None: all)."""
        blocks, size, _ = self.shapes[shape]
        disk = self.disk
        changed = {}
        for dirty, mask in zip(self.data, masks):
            for (block, sector), octets in dirty.items():
                if mask is None or (block, sector) in mask:
                    if block not in changed:
                        changed[block] = bytearray(disk.get(block, ZEROS))
                    changed[block][sector * SECTOR:(sector + 1) * SECTOR] = octets
        text = b"".join([bytes(changed[b]) if b in changed else disk.get(b, ZEROS) for b in blocks])
        return text[:size].ljust(size, b"\0")


class Disk:
    """All files of the two trees, by a log's records one after the other."""

    def __init__(self, snapshot, mail, state):
        self.trees = (mail, state)
        self.names = {}                                         # path -> File, on disk
        self.live = {}                                          # inode -> File, as the log knows it now
        for path, text in snapshot.files.items():
            self.names[path] = self.live[snapshot.inodes[path]] = File(text, snapshot.inodes[path])
        self.named = dict(self.names)                           # path -> File, for the running system
        self.folders = dict(snapshot.folder_inodes)             # inode -> path
        self.folder_names = set(snapshot.folders)               # on disk
        self.pending = {tree: [] for tree in self.trees}        # of names: (what, File, path...)

    def feed(self, record):
        what, inode = record[0], int(record[1])
        if what in "nldur":
            self.name(what, inode, record[2:])
        elif what == "s":
            self.sync(inode)
        elif what in "wta":
            file = self.live.setdefault(inode, File(b"", inode))
            if what == "w":
                file.write(int(record[2]), record[3])
            elif what == "t":
                file.truncate(int(record[2]))
            else:
                file.allocate(int(record[2]), int(record[3]), int(record[4]))

    def name(self, what, inode, paths):
        tree = next((tree for tree in self.trees if paths[0].startswith(tree)), None)
        if not tree:
            return
        if what == "n":
            self.live[inode] = File(b"", inode)
        if what == "d":
            self.folders[inode] = paths[0]
        # An inode's number is free for another file when its last name has gone.
        file = self.live.setdefault(inode, File(b"", inode))
        self.pending[tree].append((what, file, *paths))
        rename(self.pending[tree][-1], self.named, set())
        if file not in self.named.values():
            del self.live[inode]

    def sync(self, inode):
        folder = self.folders.get(inode)
        if not folder:
            if inode in self.live:
                self.live[inode].sync()
            return
        for pending in self.pending.values():
            sure = [change for change in pending if folder in map(parent, change[2:])]
            for change in sure:
                rename(change, self.names, self.folder_names)
                pending.remove(change)

    def state(self, names, shapes, masks):
        """(folders, {path: (inode, octets)}), with so many pending changes of each tree's names and each file's
        shape, and these masks for its pending writes; what is not said is on disk as a whole."""
        found, folders = dict(self.names), set(self.folder_names)
        for tree, pending in self.pending.items():
            for change in pending[:names.get(tree, len(pending))]:
                rename(change, found, folders)
        while any(parent(path) not in folders and path not in self.trees for path in folders):
            folders = {path for path in folders if parent(path) in folders or path in self.trees}
        content = {}
        for path, file in found.items():
            if parent(path) in folders:
                shape = shapes.get(file, len(file.shapes) - 1)
                content[path] = (file.inode, file.content(shape, masks.get(file, [None] * len(file.data))))
        return folders, content

    def states(self, dice, samples):
        """All states worth a look at this moment: (label, folders, files)."""
        for label, names, shapes, masks in self.choices(dice, samples):
            yield (label, *self.state(names, shapes, masks))

    def pending_files(self):
        """Those that have a name, or may have one."""
        named = [*self.names.items()]
        named += [(change[-1], change[1]) for pending in self.pending.values() for change in pending]
        return {file: path.rsplit("/", 1)[1].rsplit("%2F", 1)[-1] for path, file in named
                if file.data or len(file.shapes) > 1}

    def choices(self, dice, samples):
        files = self.pending_files()
        none_shapes = {file: 0 for file in files}
        none_names = {tree: 0 for tree in self.trees}
        none = {file: [()] * len(file.data) for file in files}
        everything = {file: [None] * len(file.data) for file in files}
        yield "nothing that was not synced", none_names, none_shapes, none
        yield "all", {}, {}, everything
        for tree, pending in self.pending.items():
            for n in range(len(pending)):
                yield "names up to %d" % n, {tree: n}, {}, everything
                yield "names up to %d and no data" % n, {tree: n}, none_shapes, none
        for file, name in files.items():
            for shape in range(len(file.shapes)):
                for word, masks in (("all", everything), ("no", none)):
                    label = "%s: metadata up to %d%s, " % (name, shape, file.shapes[shape][2])
                    yield label + word + " data", {}, {file: shape}, masks
                    yield label + "of others none, " + word + " data", {}, {**none_shapes, file: shape}, masks
            yield from self.lost_and_torn(dice, name, file, everything, none, none_shapes)
        for _ in range(samples if files or any(self.pending.values()) else 0):
            yield self.sample(dice, files)

    def lost_and_torn(self, dice, name, file, everything, none, none_shapes):
        for n, dirty in enumerate(file.data):
            for what, mask in tears(dirty, dice):
                label = "%s: %s of %s" % (name, what, file.labels[n])
                for rest, masks in (("all else", everything), ("nothing else", none)):
                    mine = list(masks[file])
                    mine[n] = mask
                    yield label + ", " + rest, {}, {}, {**masks, file: mine}
                    yield label + ", " + rest + ", no metadata", {}, none_shapes, {**masks, file: mine}

    def sample(self, dice, files):
        names = {tree: dice.randint(0, len(pending)) for tree, pending in self.pending.items()}
        shapes = {file: dice.randrange(len(file.shapes)) for file in files}
        masks = {file: [dice.choice(tears(dirty, dice))[1] for dirty in file.data] for file in files}
        by_half = any(file.shapes[shape][2] for file, shape in shapes.items())
        return "a sample" + ", a collapse by half" * by_half, names, shapes, masks


def tears(dirty, dice):
    """(what, mask): how a write may be on disk in part."""
    sectors = list(dirty)
    half = len(sectors) // 2
    found = [("nothing", ()), ("all", None)]
    if half:
        found += [("the first half", set(sectors[:half])), ("the second half", set(sectors[half:]))]
    few = sectors if len(sectors) <= 12 else dice.sample(sectors, 4) + [sectors[0], sectors[-1]]
    if len(sectors) > 2:
        for sector in few:
            found.append(("one sector", {sector}))
            found.append(("all but one sector", set(sectors) - {sector}))
        found.append(("some sectors", {sector for sector in sectors if dice.random() < 0.5}))
    return found


def parent(path):
    return path.rsplit("/", 1)[0]


def rename(change, names, folders):
    """Do to the names what was done."""
    what, file, path = change[:3]
    if what in "nl":
        names[path] = file
    elif what == "d":
        folders.add(path)
    elif what == "u":
        names.pop(path, None)
        folders.discard(path)
    else:
        names.pop(path, None)
        names[change[3]] = file
