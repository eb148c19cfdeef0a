"""tool - runs build/tools/spool-tool with the fault library in front of it."""
import os
import signal
import subprocess
import sys
import time

BUILD = os.environ["BUILD"]
TOOL = BUILD + "/tools/spool-tool"
LIBRARY = BUILD + "/faults/faults.so"
# The loader would leave out what it can't find, and then nothing would ever go wrong.
for needed in (TOOL, LIBRARY):
    if not os.access(needed, os.R_OK):
        sys.exit("tests/faults: there is no " + needed)
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC", "LD_PRELOAD": LIBRARY,
    "SPOOL_TOOL_WHEN": "1000000000", "SPOOL_TOOL_WAIT": "0",
}


class Server:
    """The tool, loaded once, and run as often as asked: see serve.c."""

    def __init__(self):
        self.owner = os.getpid()
        self.load()

    def load(self):
        self.process = subprocess.Popen([TOOL], env={**ENVIRONMENT, "FAULTS_SERVE": "1"}, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def begin(self, where, command, environment):
        """where: the first words of a request."""
        words = [*where, str(len(command)), *command, *(name + "=" + value for name, value in environment.items())]
        text = "".join(word + "\0" for word in words).encode()
        self.process.stdin.write(b"%d\n" % len(text) + text)
        self.process.stdin.flush()

    def end(self):
        """Wait for it; its exit status, negative: a signal."""
        line = self.process.stdout.readline()
        if line:
            return os.waitstatus_to_exitcode(int(line))
        status = self.process.wait()  # what ran inside has taken the server along
        self.load()
        return status

    def fileno(self):
        """For select(): can be read when end() need not wait."""
        return self.process.stdout.fileno()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


SERVERS = []


def server():
    """This process's own."""
    if not SERVERS or SERVERS[-1].owner != os.getpid():
        SERVERS.append(Server())
    return SERVERS[-1]


class Place:
    """A scratch folder with a mailbox, its state folder, and room for what the tool says."""

    def __init__(self, folder, prefix, slot="", has_cache=False):
        """slot: for one of several who use the same mailbox at the same time."""
        self.folder = folder
        self.mail = folder + "/mail"
        self.box = self.mail + "/box"
        self.state = folder + "/state"
        self.cache = folder + "/cache" if has_cache else None
        self.trees = [tree for tree in (self.mail, self.state, self.cache) if tree]
        self.out = folder + "/out" + slot
        self.err = folder + "/err" + slot
        self.log = folder + "/log" + slot
        self.message = folder + "/message" + slot
        self.location = prefix + self.box
        self.source = self.mail + "/source"  # what is converted, if anything is
        self.server = None                   # of its own, for what runs beside others

    def environment(self, faults):
        environment = dict(ENVIRONMENT)
        if self.cache:
            environment["SPOOL_TOOL_CACHE"] = self.cache
        for name, value in faults.items():
            environment[name if name.startswith("SPOOL") else "FAULTS_" + name] = str(value)
        return environment

    def begin(self, verb, message=b"", **faults):
        """Start the tool. faults: FAULTS_*, without that."""
        with open(self.message, "wb") as file:
            file.write(message)
        who = "child" if {"KIND", "LOG"} & {*faults} else "inside"
        where = (who, self.message, self.out, self.err)
        (self.server or server()).begin(where, self.command(verb), self.environment(faults))

    def end(self):
        return (self.server or server()).end()

    def run(self, verb, message=b"", **faults):
        """Exit status (negative: a signal) and standard output."""
        self.begin(verb, message, **faults)
        status = self.end()
        with open(self.out, "rb") as file:
            return status, file.read()

    def command(self, verb):
        """What is called for it, with all that it is to find in place."""
        if list(verb) == ["convert"]:
            verb = ["convert", ("maildir:" if self.location.startswith("mbox:") else "mbox:") + self.source]
            self.set_times()
        return [TOOL, self.location, self.state, *verb]

    def set_times(self):
        """Of the source's files, by which the messages are dated."""
        for folder, _, names in os.walk(self.source):
            for name in names:
                os.utime(folder + "/" + name, (1000000000, 1000000000))

    def said(self):
        with open(self.err, "rb") as file:
            return file.read().decode(errors="replace").strip()

    def dump(self):
        """All messages, as the tool reads them, or None and why."""
        status, out = self.run(["dump"])
        for _ in range(100):
            if status == 0 or "locked by another" not in self.said() or not self.is_taken():
                break
            time.sleep(0.1)
            status, out = self.run(["dump"])
        if status != 0:
            locks = [name + ": " + open(self.mail + "/" + name, errors="replace").read(40)
                     for name in os.listdir(self.mail) if name.endswith(".lock")]
            return None, "the mailbox can't be read: status %d, %s %s" % (status, self.said(), locks)
        return parse_dump(out), ""


    def is_taken(self):
        """Has another program by now the process id of the one that was killed with the dotlock?"""
        try:
            with open(self.box + ".lock", encoding="ascii") as lock, open(
                    "/proc/%s/comm" % lock.read().strip(), encoding="utf-8") as comm:
                return comm.read().strip() != os.path.basename(TOOL)
        except OSError:
            return True  # it has just ended


def parse_dump(out):
    found, at = [], 0
    while at < len(out):
        end = out.index(b"\n", at)
        length = int(out[at:end].split()[3])
        found.append(out[end + 1:end + 1 + length])
        at = end + 1 + length
    return found


KILLED = -signal.SIGKILL
