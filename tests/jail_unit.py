#!/usr/bin/env python3
"""A listener as under systemd with a unit's SystemCallFilter=, but that what the unit lacks kills: so that it shows.

usage: jail_unit.py CALLS PORT PROGRAM [ARGUMENT]...

Root becomes the sessions' user. CALLS are the names, with blanks between them. The socket on 127.0.0.1:PORT is passed as fd 3."""

import ctypes
import os
import pwd
import socket
import sys

KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000


def load(library, names):
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(KILL_PROCESS)))
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        assert number != -1, f"no such system call: {name}"
        if number >= 0:
            assert library.seccomp_rule_add_array(context, ctypes.c_uint32(ALLOW), number, 0, None) == 0, name
    assert library.seccomp_load(context) == 0


def main(calls, port, program, *arguments):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen(16)
    if listener.fileno() != 3:
        os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    library = ctypes.CDLL("libseccomp.so.2")
    if os.geteuid() == 0:
        names = {user.pw_name: user for user in pwd.getpwall()}
        user = names.get("pillarbox") or names["nobody"]
        os.setgroups([])
        os.setresgid(*3 * [user.pw_gid])
        os.setresuid(*3 * [user.pw_uid])
    load(library, calls.split())
    os.execve(program, [program, *arguments], environment)


main(*sys.argv[1:])
