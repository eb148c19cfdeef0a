#!/usr/bin/env python3
"""tls_probe - a TLS client by OpenSSL against tls-tool, which sends lines back.

usage: tls_probe.py PORT CA [NAME [VERSION [CIPHERS]]]

Connects twice, the second time with the session of the first. One line each:
"VERSION CIPHER SUBJECT full|resumed closed|cut", or "refused: REASON".
"""
import socket
import ssl
import sys

port, ca = int(sys.argv[1]), sys.argv[2]
name = sys.argv[3] if len(sys.argv) > 3 else "mail.example.org"
version = sys.argv[4] if len(sys.argv) > 4 else ""
ciphers = sys.argv[5] if len(sys.argv) > 5 else ""

context = ssl.create_default_context(cafile=ca)
if version:
    context.set_ciphers((ciphers or "DEFAULT") + ":@SECLEVEL=0")
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))


def talk(session):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=name, session=session, suppress_ragged_eofs=False) as tls:
            tls.sendall(b"hello\r\n")
            reply = b""
            while not reply.endswith(b"\n"):
                reply += tls.recv(100)
            assert reply == b"hello\r\n", reply
            subject = dict(field for part in tls.getpeercert()["subject"] for field in part)["commonName"]
            result = [tls.version(), tls.cipher()[0], subject, "resumed" if tls.session_reused else "full"]
            kept = tls.session
            try:
                tls.unwrap()
                result.append("closed")
            except (OSError, ssl.SSLError):
                result.append("cut")
            print(*result)
            return kept


try:
    talk(talk(None))
except ssl.SSLError as error:
    print("refused:", error.reason or error)
