"""A corpus of messages through the server and back.

usage: smtp_corpus.py send SMTP-PORT DIR   send each file (LF lines) to alice, in the order of names
       smtp_corpus.py same POP3-PORT DIR   fetch all of alice: LIST's octets are RETR's, and behind the fields
                                           that the server adds each message is the file, byte for byte
"""

import os
import poplib
import smtplib
import sys

poplib._MAXLINE = 1 << 26


def files(folder):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            yield name, file.read()


def send(port, folder):
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        assert client.has_extn("pipelining") and client.has_extn("8bitmime") and client.has_extn("size")
        for name, text in files(folder):
            client.mail("sender@example.net", ["BODY=8BITMIME"])
            client.rcpt("alice@example.org")
            assert client.docmd("DATA")[0] == 354
            # not client.data(), which would change the bare CRs and more of the corpus
            lines = text.split(b"\n")[:-1]
            client.send(b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines))
            client.send(b".\r\n")
            code, reply = client.getreply()
            assert code == 250, (name, code, reply)


def without_our_fields(text):
    """What follows Return-Path, Delivered-To and our Received with its continuation lines."""
    end = text.index(b"\n", text.index(b"\nReceived: ") + 1)
    while text[end : end + 2] == b"\n\t":
        end = text.index(b"\n", end + 1)
    return text[end + 1 :]


def same(port, folder):
    client = poplib.POP3("127.0.0.1", port)
    client.user("alice")
    client.pass_("secret")
    sizes = {int(number): int(size) for number, size in (line.split() for line in client.list()[1])}
    problems = []
    count = 0
    for count, (name, text) in enumerate(files(folder), 1):
        wire = b"".join(line + b"\r\n" for line in client.retr(count)[1])
        if len(wire) != sizes[count]:
            problems.append("%s: LIST says %d, RETR sends %d" % (name, sizes[count], len(wire)))
        got = without_our_fields(wire.replace(b"\r\n", b"\n"))
        if got != text:
            problems.append("%s: came back different: %d octets for %d" % (name, len(got), len(text)))
    if len(sizes) != count:
        problems.append("%d messages, not %d" % (len(sizes), count))
    client.quit()
    return "\n".join(problems) or None


if __name__ == "__main__":
    sys.exit({"send": send, "same": same}[sys.argv[1]](int(sys.argv[2]), sys.argv[3]))
