"""selftest - that the harness can fail: no call bypasses the library, and a missing fsync is noticed."""
import collections
import os
import re
import shutil
import subprocess

import cut
import disk
import faults
import rows
import store
import tool

# What strace calls it -> what the library calls it.
NAMES = {
    "openat": "open", "open": "open", "creat": "open", "pread64": "pread", "pwrite64": "pwrite", "read": "read",
    "write": "write", "writev": "write", "pwritev": "pwritev", "ftruncate": "ftruncate", "fallocate": "fallocate",
    "fsync": "fsync", "fdatasync": "fdatasync", "rename": "rename", "renameat": "rename", "renameat2": "rename",
    "link": "link", "linkat": "link", "unlink": "unlink", "unlinkat": "unlink", "rmdir": "unlink", "mkdir": "mkdir",
    "mkdirat": "mkdir", "close": "close", "fcntl": "fcntl", "newfstatat": "stat", "fstat": "stat", "lstat": "stat",
    "stat": "stat",
}
# What changes files and that no function of the library stands in front of: it may not be called at all.
FOREIGN = "truncate,preadv,preadv2,pwritev2,copy_file_range,sendfile,splice,symlink,symlinkat,sync_file_range,syncfs,flock"

# What the C library does by itself for a folder's stream, but for a call that the library in front of it makes, too.
STREAMS = {"fdopendir": ("stat", "fcntl"), "readdir": (), "closedir": ("close",)}

# For the library, in both runs: as the clock says, no file was written just now, for such ones are read once more or not,
# as the machine's load has it; and syncs are made.
AS_USUAL = {"CLOCK": str(faults.CLOCK), "SYNC": "1"}

# The rows, and which syncs are left out of the record: the checker must find fault with each.
LIES = (
    ("mbox: delivery", "*/box", "the mailbox"),
    ("mbox: delivery into a new mailbox", "*/mail", "the mailbox's folder"),
    ("mbox: removal in the middle", "*/box", "the mailbox"),
    ("mbox: removal in the middle", "*.journal*", "the journal"),
    ("mbox: removal in the middle", "*/state", "the journal's folder"),
    ("mbox: removal of the last messages", "*/box", "the mailbox"),
    ("mbox: repair that shrinks", "*/box", "the mailbox"),
    ("mbox: repair that shrinks", "*.mend*", "the journal"),
    ("mbox: repair that shrinks", "*/state", "the journal's folder"),
    ("mbox: repair that shrinks", "*/box.damaged", "the file beside"),
    ("mbox: repair that shrinks", "*/mail", "its folder"),
    ("maildir: delivery", "*/tmp/*", "the message"),
    ("maildir: delivery", "*/new", "new"),
    ("maildir: delivery into a new mailbox", "*/mail", "the Maildir's folder"),
    ("mbox: conversion from another", "*/box", "the mailbox"),
    ("mbox: conversion from another", "*/state", "the ledger's folder"),
    ("maildir: conversion from another", "*/tmp/*", "the messages"),
    ("maildir: conversion from another", "*/new", "new"),
    ("maildir: removal of every second message", "*/state", "the list's folder"),
    ("maildir: removal of every second message", "*/cur", "cur"),
)


def strace_counts(place, step):
    """How often the tool makes each call that is about a file in the place, from main() on."""
    environment = place.environment(AS_USUAL)
    preload = "LD_PRELOAD=" + environment.pop("LD_PRELOAD")
    trace = place.folder + "/trace"
    calls = ",".join(NAMES) + "," + FOREIGN
    with open(place.message, "wb") as file:
        file.write(step.message())
    with open(place.message, "rb") as message, open(place.out, "wb") as out, open(place.err, "wb") as err:
        subprocess.run(["strace", "-qq", "-y", "-o", trace, "-E", preload, "-e", "trace=geteuid,?" + calls.replace(",", ",?"),
                        *place.command(step.verb)], env=environment, stdin=message, stdout=out, stderr=err,
                       check=False)
    with open(trace, encoding="utf-8") as file:
        lines = file.read().splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("geteuid"))
    counts = collections.Counter()
    for line in lines[begin + 1:]:
        name, arguments = re.match(r"(\w+)\((.*)", line).groups()
        if place.folder in arguments and not re.match(r"[12]<|.*\bF_GETFL\b", arguments):
            counts[NAMES.get(name, name)] += 1
    return counts


def library_counts(place, step):
    store.write(place.log, b"")
    place.run(step.verb, step.message(), LOG=place.log, **AS_USUAL)
    counts = collections.Counter()
    for record in disk.parse(store.read(place.log)):
        if record[0] == "c" and (record[4].startswith(place.folder) or not record[4].startswith("/")) and \
                record[4] not in (place.out, place.err):
            name = {"posix_fallocate": "fallocate"}.get(record[2], record[2])
            for name in STREAMS.get(name, (name,)):
                counts["stat" if name.endswith(("stat", "statat")) else name] += 1
    return counts


def drop_index(place):
    """It is of another file."""
    for name in os.listdir(place.cache):
        os.unlink(place.cache + "/" + name)


def bypassed(row, place):
    """Calls that strace sees and the library doesn't, or the other way round, in words."""
    if not shutil.which("strace"):
        return None
    before = store.Snapshot(place)
    wrong = []
    for step in row.steps:
        drop_index(place)
        seen = strace_counts(place, step)
        if not seen:
            return None  # it may not trace here
        before.restore()
        drop_index(place)
        mine = library_counts(place, step)
        wrong += ["%s: %s: strace counts %d, the library %d" % (step.verb[0], name, seen[name], mine[name])
                  for name in sorted({*seen, *mine}) if seen[name] != mine[name]]
        before = store.Snapshot(place)
    return wrong


def lie_rows():
    """(name, row, pattern) of the power cuts that must go wrong."""
    by_name = {row.name: row for row in rows.all_rows()}
    for name, pattern, what in LIES:
        row = by_name[name]
        yield "%s without fsync of %s is noticed" % (row.name, what), row, pattern


def unnoticed(make_place, row, pattern):
    """How many disks, and what is wrong: nothing that is not wrong without the lie, too."""
    kinds = []
    for lie in (None, pattern):
        cutter = cut.Cutter(row, make_place(), 6, 1, 10, lie=lie)
        cutter.run()
        kinds.append(set(cutter.wrong))
    return cutter.count, [] if kinds[1] - kinds[0] else ["nobody has noticed"]


def drafts(row, place):
    """What a removal leaves that is killed before each of its changes, when the mailbox has been opened again."""
    before = store.Snapshot(place)
    store.write(place.log, b"")
    place.run(row.steps[0].verb, LOG=place.log)
    points = [int(record[1]) for record in disk.parse(store.read(place.log)) if record[0] == "c"]
    left = set()
    for at in points:
        before.restore()
        place.run(row.steps[0].verb, KIND="before", AT=at)
        place.run(["list"])
        left |= {path.rsplit("%2F", 1)[-1] for path in store.files(place) if path.endswith(".new")}
    return "%d kills" % len(points), ["left behind: " + name for name in sorted(left)]
