"""measure - run something, several times, and take the best: others disturb, nobody helps."""
import ctypes
import os
import pathlib
import subprocess

from lib import settings


def output(command, **options):
    """What it prints, as numbers where it is numbers."""
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, **options)
    return [number(word) for word in done.stdout.split()]


def number(word):
    try:
        return float(word)
    except ValueError:
        return word


def alternate(contenders, runs=None):
    """{name: function that returns a figure} -> {name: figures}. All have a turn, then all the next one, so that what
    disturbs disturbs all."""
    figures = {name: [] for name in contenders}
    for _ in range(runs or settings.RUNS):
        for name, function in contenders.items():
            figures[name].append(function())
    return figures


def most(contenders, runs=None):
    """The best of rates."""
    return {name: max(got) for name, got in alternate(contenders, runs).items()}


def least(contenders, runs=None):
    """The best of times."""
    return {name: min(got) for name, got in alternate(contenders, runs).items()}


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def forget_pages(path):
    """The mailbox is not in memory any more. As root nothing at all is, what the file system knows of folders, too;
    but not for mailboxes so small that somebody only tries this out, beside others who want to go on."""
    sync(path)
    if settings.ROOT and settings.BIG >= 100_000_000:
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")
        return
    fd = os.open(path, os.O_RDONLY)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def written(pids):
    """Octets that these processes, and those they have waited for, have sent to the disk: write_bytes of proc(5),
    which counts pages that were made dirty."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                total += int(line.split()[1])
    return total


def die_with_parent():
    """For preexec_fn: no server outlives the measurement."""
    ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM
