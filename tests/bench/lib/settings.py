"""settings - what the environment asks for, and the programs in build/.

COUNT        messages in each run of a delivery                          2000
SIZE         octets of a message that is delivered                       4096
BIG          octets of the large mailbox; the others' sizes follow it    1000000000
RUNS         how often all is measured: the best counts                  3
ONLY         parts, in that order; see run                               all
RESULTS      folder for what was found out                               build/bench
BENCH_PEERS  1: measure other servers, too; needs root
TMPDIR       where all mailboxes are: its disk is measured
"""
import os
import pathlib


def number(name, default):
    return int(os.environ.get(name) or default)


COUNT = number("COUNT", 2000)
SIZE = number("SIZE", 4096)
BIG = number("BIG", 1_000_000_000)
RUNS = number("RUNS", 3)
PEERS = os.environ.get("BENCH_PEERS") == "1"
BUILD = pathlib.Path(os.environ.get("BUILD") or "build").resolve()
RESULTS = pathlib.Path(os.environ.get("RESULTS") or BUILD / "bench").resolve()
ROOT = os.geteuid() == 0


def only(parts):
    asked = os.environ.get("ONLY", "").split() or list(parts)
    unknown = [name for name in asked if name not in parts]
    if unknown:
        raise SystemExit(f"bench: no part {' '.join(unknown)}; there are: {' '.join(parts)}")
    return asked


def tool(name):
    return str(BUILD / "bench" / name)
