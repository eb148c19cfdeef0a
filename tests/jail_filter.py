#!/usr/bin/env python3
"""Hold the compiled filters against calls that they must allow, refuse or kill for, on each architecture, whatever
this machine is: by a BPF interpreter of a dozen lines.

usage: jail_filter.py HEADER"""

import errno
import re
import struct
import sys

ALLOW, KILL, EACCES = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EACCES
CHANNEL = 0x4A41494C  # what stands for the agent's fd in a program that was not patched
CONNECTION = 0x4A41494D

# AUDIT_ARCH_*, numbers of the calls.
ARCHS = {
    "x86_64": (0xC000003E, dict(read=0, mmap=9, mprotect=10, sendmsg=46, recvmsg=47, shutdown=48, socket=41, clone=56, execve=59,
                                fstat=5, openat=257, exit_group=231, ppoll=271, getrandom=318, seccomp=317, newfstatat=262)),
    "aarch64": (0xC00000B7, dict(read=63, mmap=222, mprotect=226, sendmsg=211, recvmsg=212, shutdown=210, socket=198, clone=220, execve=221,
                                 fstat=80, openat=56, exit_group=94, ppoll=73, getrandom=278, seccomp=277, newfstatat=79)),
}
PROT_WRITE_EXEC, PROT_EXEC, PRIVATE, ANONYMOUS, O_WRONLY, AT_EMPTY_PATH = 6, 4, 2, 0x20, 1, 0x1000

# What, arguments, and the outcome in LOADING, in INSIDE, and of SEAL alone, which lets pass what LOADING has decided.
CASES = [
    ("read", (), ALLOW, ALLOW, ALLOW),
    ("exit_group", (), ALLOW, ALLOW, ALLOW),
    ("ppoll", (), ALLOW, ALLOW, ALLOW),
    ("getrandom", (), ALLOW, ALLOW, ALLOW),
    ("fstat", (), ALLOW, ALLOW, ALLOW),
    ("recvmsg", (CHANNEL,), ALLOW, ALLOW, ALLOW),
    ("recvmsg", (3,), KILL, KILL, ALLOW),
    ("shutdown", (CHANNEL, 1), ALLOW, ALLOW, ALLOW),
    ("shutdown", (CONNECTION, 1), ALLOW, ALLOW, ALLOW),
    ("shutdown", (2, 1), KILL, KILL, ALLOW),
    ("sendmsg", (CHANNEL,), KILL, KILL, ALLOW),
    ("socket", (), EACCES, EACCES, ALLOW),
    ("clone", (), KILL, KILL, ALLOW),
    ("execve", (), KILL, KILL, ALLOW),
    ("mmap", (0, 4096, 3, PRIVATE), ALLOW, ALLOW, ALLOW),
    ("mmap", (0, 4096, PROT_EXEC | 1, PRIVATE), ALLOW, KILL, KILL),
    ("mmap", (0, 4096, PROT_EXEC | 1, PRIVATE | ANONYMOUS), KILL, KILL, None),
    ("mmap", (0, 4096, PROT_WRITE_EXEC | 1, PRIVATE), KILL, KILL, None),
    ("mprotect", (0, 4096, PROT_EXEC), KILL, KILL, None),
    ("mprotect", (0, 4096, 1), ALLOW, ALLOW, ALLOW),
    ("openat", (0, 0, 0), ALLOW, EACCES, EACCES),
    ("openat", (0, 0, O_WRONLY), KILL, KILL, None),
    ("newfstatat", (0, 0, 0, 0), EACCES, EACCES, None),
    ("newfstatat", (0, 0, 0, AT_EMPTY_PATH), None, EACCES, None),
    ("seccomp", (1,), ALLOW, KILL, KILL),
]


def programs(header):
    """{architecture: {name: [(code, jt, jf, k)]}}"""
    found, arch, name, sanitized = {}, None, None, False
    for line in open(header):
        sanitized = line.startswith("#ifdef JAIL_SANITIZED") or sanitized and not line.startswith("#")
        if sanitized:
            continue
        if match := re.match(r"#(?:el)?if .*__(x86_64|aarch64)__", line):
            arch = found[match[1]] = {}
        elif match := re.match(r"static .* jail_filter_(\w+)\[\]", line):
            name = arch[match[1]] = []
        elif match := re.match(r"\t\{(0x\w+), (\d+), (\d+), (0x\w+)U\},", line):
            name.append(tuple(int(text, 0) for text in match.groups()))
    return found


def run(program, data):
    at, a = 0, 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == 0x20:
            (a,) = struct.unpack_from("<I", data, k)
        elif code == 0x54:
            a &= k
        elif code == 0x06:
            return k
        elif code == 0x05:
            at += k
        else:
            holds = {0x15: a == k, 0x25: a > k, 0x35: a >= k, 0x45: a & k != 0}[code]
            at += jt if holds else jf


def outcome(program, arch, number, arguments=()):
    arguments = tuple(arguments) + (0,) * (6 - len(arguments))
    return run(program, struct.pack("<iIQ6Q", number, arch, 0, *arguments))


bad = 0


def check(what, got, wanted):
    global bad
    if wanted is not None and got != wanted:
        bad += 1
        print(f"{what}: {got:#x} instead of {wanted:#x}")


for name, sets in programs(sys.argv[1]).items():
    token, numbers = ARCHS[name]
    for call, arguments, *wanted in CASES:
        for phase, want in zip(("loading", "inside", "seal"), wanted):
            check(f"{name} {phase} {call}{arguments}", outcome(sets[phase], token, numbers[call], arguments), want)
    for phase, program in sets.items():
        other = [arch for arch, _ in ARCHS.values() if arch != token][0]
        for foreign in (other, 0x40000003, 0x40000028):  # the 32-bit calls of both
            check(f"{name} {phase} of another architecture", outcome(program, foreign, numbers["read"]), KILL)
    if name == "x86_64":
        for phase in ("loading", "inside"):
            check(f"{phase} x32", outcome(sets[phase], token, 0x40000000), KILL)
    for number in range(1024):
        got = outcome(sets["inside"], token, number)
        assert got in (ALLOW, KILL, EACCES), (name, number, got)
    print(name, *(f"{phase}: {len(program)} instructions" for phase, program in sets.items()))
sys.exit(1 if bad else 0)
