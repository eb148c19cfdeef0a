"""A peer that says HELP for ever and never reads an answer, until it is hung up on.

usage: smtp_deaf.py PORT     fails if the server takes 400 MB, or if nothing happens for 20 seconds
"""

import socket
import sys

peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(20)
block = b"HELP\r\n" * 100000
try:
    for _ in range(670):
        peer.sendall(block)
except socket.timeout:
    sys.exit("still connected after 20 seconds")
except OSError:
    sys.exit(0)
sys.exit("all of it was taken")
