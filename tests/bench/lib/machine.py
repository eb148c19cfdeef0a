"""machine - what all of it was measured on."""
import os
import pathlib
import statistics
import time


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def memory_gb():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def mount_of(folder):
    """(device, type, options) of the file system that folder is on."""
    folder = os.path.realpath(folder)
    found = ("", "", "?", "")
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        device, where, kind, options = line.split()[:4]
        inside = folder == where or folder.startswith(where.rstrip("/") + "/")
        if inside and len(where) >= len(found[0]):
            found = (where, device, kind, options)
    return found[1:]


def journal(device, kind):
    """Of ext4 it makes a difference to delivery: one without a journal looks for an inode that was not freed lately
    each time a file is made, a dotlock, too, and its fsync writes less."""
    if kind != "ext4" or not os.path.isdir("/proc/fs/ext4"):
        return ""
    jbd2 = pathlib.Path("/proc/fs/jbd2")
    name = os.path.basename(os.path.realpath(device))
    return "" if jbd2.is_dir() and any(jbd2.glob(f"{name}-*")) else " without a journal"


def fsync_us(folder, count=200):
    """Median and least microseconds of an fsync after 4096 octets were appended."""
    took = []
    path = os.path.join(folder, "fsync")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for _ in range(count):
        os.write(fd, b"x" * 4096)
        begun = time.perf_counter()
        os.fsync(fd)
        took.append((time.perf_counter() - begun) * 1e6)
    os.close(fd)
    os.unlink(path)
    return statistics.median(took), min(took)


def describe(folder):
    device, kind, options = mount_of(folder)
    median, least = fsync_us(folder)
    return [
        f"machine: {os.cpu_count()} x {cpu()}, {memory_gb():.0f} GB, Linux {os.uname().release}",
        f"disk:    {device}, {kind}{journal(device, kind)} ({options}); fsync of 4096 appended octets {median:.0f} us (least {least:.0f})",
        f"load:    {os.getloadavg()[0]:.2f} when it began",
    ]
