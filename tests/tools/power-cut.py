#!/usr/bin/env python3
"""power-cut - what is on the disk if the power goes out at any moment of a removal?

	power-cut.py TOOL BOX STATE WANT_BEFORE WANT_AFTER N...

Traces `TOOL mbox:BOX STATE remove N...` with all that it writes, and plays the trace back onto a model of a disk that
keeps nothing but what was synced, plus any part of what was not. Each such disk is then opened with the tool, which
must make WANT_BEFORE or WANT_AFTER of it; WANT_AFTER once the removal has been reported as done. Torn writes are half
written. Three things can be lost independently: the mailbox's octets, the journal's, and the names in STATE.
"""
import itertools
import os
import re
import shutil
import subprocess
import sys

tool, box, state, want_before, want_after, *numbers = sys.argv[1:]
before, after = open(want_before, "rb").read(), open(want_after, "rb").read()
journal = os.path.join(state, box.replace("%", "%25").replace("/", "%2F") + ".journal")


def trace():
    """The removal as a list of (what, file, data, offset)."""
    out = state + "/../trace"
    calls = "pwrite64,ftruncate,fallocate,fsync,fdatasync,rename,unlink"
    subprocess.run(["strace", "-qq", "-y", "-xx", "-s", "9999999", "-o", out, "-e", "trace=" + calls,
                    tool, "mbox:" + box, state, "remove", *numbers], check=True)
    files = {box: "box", journal: "journal", journal + ".new": "journal", state: "names"}
    for line in open(out):
        name, args = re.match(r"(\w+)\((.*)\) += ", line).groups()
        # With -xx the paths are hexadecimal, too.
        args = re.sub(r"<((?:\\x[0-9a-f]{2})+)>", lambda m: "<" + unhex(m[1]).decode() + ">", args)
        if name in ("rename", "unlink"):
            if unhex(re.search(r'"(.*?)"', args)[1]).decode() in files:
                yield name, "names", b"", 0
            continue
        file = files.get(re.search(r"<(.*?)>", args)[1])
        if not file:
            continue
        if name == "pwrite64":
            data, offset = re.search(r'"(.*)", \d+, (\d+)$', args).groups()
            yield "write", file, unhex(data), int(offset)
        elif name in ("ftruncate", "fallocate"):
            yield name, file, b"", int(args.rsplit(",", 1)[1])
        else:
            yield "sync", file, b"", 0


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def apply(disk, op, torn=False):
    what, file, data, offset = op
    if what == "write":
        data = data[:len(data) // 2] if torn else data
        disk[file][offset:offset + len(data)] = data
    elif what == "ftruncate":
        del disk[file][offset:]
    elif what == "fallocate":
        disk[file] += bytes(max(0, offset - len(disk[file])))
    elif what in ("rename", "unlink"):
        disk["names"] = what == "rename"


def copy(disk):
    return {"box": bytearray(disk["box"]), "journal": bytearray(disk["journal"]), "names": disk["names"]}


def disks(synced, pending):
    """All that may be on the disk: of each file the first few of its pending operations, the last perhaps torn."""
    choices = []
    for file in ("box", "journal", "names"):
        ops = [op for op in pending if op[1] == file]
        cuts = [(ops[:n], False) for n in range(len(ops) + 1)]
        cuts += [(ops[:n], True) for n in range(1, len(ops) + 1) if ops[n - 1][0] == "write"]
        # Or only the last: the disk may write in any order.
        cuts += [(ops[-1:], False)] if len(ops) > 1 and file == "box" else []
        choices.append(cuts)
    for combination in itertools.product(*choices):
        disk = copy(synced)
        for ops, torn in combination:
            for op in ops:
                apply(disk, op, torn and op is ops[-1])
        yield disk


def outcome(disk):
    with open(box, "r+b") as file:  # the same inode: the plan names it
        file.write(disk["box"])
        file.truncate(len(disk["box"]))
    shutil.rmtree(state)
    os.mkdir(state)
    if disk["names"]:
        with open(journal, "wb") as file:
            file.write(disk["journal"])
    subprocess.run([tool, "mbox:" + box, state, "list"], check=True, stdout=subprocess.DEVNULL)
    return open(box, "rb").read()


def main():
    ops = list(trace())
    synced = {"box": bytearray(before), "journal": bytearray(), "names": False}
    pending = []
    count = 0
    for moment, op in enumerate(ops + [None]):
        wanted = (after,) if op is None else (before, after)
        for disk in disks(synced, pending):
            count += 1
            if outcome(disk) not in wanted:
                sys.exit(f"power cut before operation {moment} ({op and op[:2]}): mail is lost or doubled")
        if op and op[0] == "sync":
            for done in [other for other in pending if other[1] == op[1]]:
                apply(synced, done)
                pending.remove(done)
        elif op:
            pending.append(op)
    print(f"{len(ops)} operations, {count} disks")


main()
