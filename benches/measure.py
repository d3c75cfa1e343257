"""How much a command costs for each thing it does: a long run less a short one, by what they differ.

The standard library alone, so that tests/counts.py runs anywhere. A command is a list of words in
which "{n}" stands for how often it shall do what is measured.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(ROOT, "target", "bench")

# What the tables call the clients.
OURS, OURS_PYTHON = "lpconnector, C", "lpconnector, Python"
LIBCURL, REQUESTS = "libcurl + cJSON", "requests"


class Failed(Exception):
    """A command that did not do what it should."""


class Server:
    """benches/server, as long as the with statement lasts."""

    def __enter__(self):
        program = os.path.join(ROOT, "target", "release", "bench-server")
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise Failed("the server did not start")
        said = json.loads(line)
        self.pid, self.counts_url = said["pid"], said["counts"]
        self.http, self.https = said["http"], said["https"]
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def counts(self):
        """Requests, connections and handshakes since the start."""
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(self.counts_url) as answer:
            return json.load(answer)

    def counted(self, command, variables):
        """What a command asks of it, by counter."""
        before = self.counts()
        run(command, variables)
        return {name: count - before[name] for name, count in self.counts().items()}

    def cpu_us(self):
        """What it has used so far, in microseconds."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def times(command, n):
    """The command that does its thing n times."""
    return [word.replace("{n}", str(n)) for word in command]


def run(command, variables):
    """Runs a command to its end; gives its standard output and error."""
    # Nothing of the caller's LPC_ options, and no proxy.
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("LPC_") and not name.lower().endswith("_proxy")}
    done = subprocess.run(command, env={**kept, **variables}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    return done.stdout, done.stderr


def report(command, variables):
    """The line of JSON that a client prints."""
    return json.loads(run(command, variables)[0])


def missing(tool):
    """Why a tool cannot be used, or None."""
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    # Containers may forbid what strace needs.
    try:
        run([tool, "true"], {})
    except Failed:
        return f"{tool} is not allowed here"
    return None


def difference(count, command, short, long):
    """(count(long run) - count(short run)) / (long - short), where count gives names and numbers."""
    few, many = count(times(command, short)), count(times(command, long))
    return {name: (many.get(name, 0) - few.get(name, 0)) / (long - short)
            for name in sorted(set(few) | set(many))}


def instructions(command, variables, short, long, inside=None):
    """Executed in user space, each time; those of one function and what it calls, if one is named."""
    def count(words):
        tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        tool += [f"--toggle-collect={inside}"] if inside else []
        _, said = run(tool + words, variables)
        return {"instructions": int(re.search(r"Collected : (\d+)", said).group(1))}
    return difference(count, command, short, long)["instructions"]


def allocations(command, variables, short, long):
    """Calls of malloc and the like, of free, and bytes asked for, each time."""
    def count(words):
        _, said = run(["valgrind", "--tool=memcheck", "--undef-value-errors=no"] + words, variables)
        total = re.search(r"total heap usage: ([\d,]+) allocs, ([\d,]+) frees, ([\d,]+) bytes", said)
        numbers = [int(number.replace(",", "")) for number in total.groups()]
        return dict(zip(["allocations", "frees", "bytes"], numbers))
    return difference(count, command, short, long)


def calls(command, variables, which="all"):
    """System calls of all threads by name, of one run."""
    with tempfile.NamedTemporaryFile("r") as summary:
        run(["strace", "-f", "-c", "-U", "name,calls", "-e", f"trace={which}", "-o", summary.name]
            + command, variables)
        rows = [line.split() for line in summary]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()
            and row[0] != "total"}


def syscalls(command, variables, short, long):
    """System calls of all threads by name, each time."""
    def count(words):
        return calls(words, variables)
    return {name: count for name, count in difference(count, command, short, long).items() if count}


def sent(command, variables):
    """The bytes of each write to a socket, of all threads, in order."""
    calls = "write,writev,sendto,sendmsg,sendmmsg"
    with tempfile.NamedTemporaryFile("r") as trace:
        run(["strace", "-f", "-yy", "-xx", "-s", "1000000", "-e", f"trace={calls}", "-o", trace.name]
            + command, variables)
        # 7 sendto(5<TCP:[127.0.0.1:40000->127.0.0.1:50000]>, "\x50\x4f", 2, MSG_NOSIGNAL, NULL, 0) = 2
        found = [re.search(r'\b\w+\(\d+<TCP.*?>, "((?:\\x..)*)".* = (\d+)$', line) for line in trace]
        if any(line is None for line in found if line):
            raise Failed("strace writes a line that is not understood")
    return [bytes.fromhex(line.group(1).replace("\\x", ""))[:int(line.group(2))]
            for line in found if line]


def stripped_bytes(library):
    """The size of a shared library without its symbols, or None where there is no strip."""
    if shutil.which("strip") is None:
        return None
    with tempfile.NamedTemporaryFile() as stripped:
        run(["strip", "-o", stripped.name, library], {})
        return os.path.getsize(stripped.name)


def functions(command, variables, short, long, inside):
    """Instructions by function, each time, within one function and what it calls."""
    def count(words):
        with tempfile.NamedTemporaryFile() as profile:
            run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile.name}",
                 f"--toggle-collect={inside}"] + words, variables)
            said, _ = run(["callgrind_annotate", "--threshold=100", "--show-percs=no", profile.name], {})
        # 5,094,146  file:function [object]
        rows = re.findall(r"^\s*([\d,]+) +[^:\n]*:(.*) \[.*?([^/]*)\]$", said, re.MULTILINE)
        found = {}
        for number, name, place in rows:
            key = (place, re.sub(r"'\d+$", "", name))
            found[key] = found.get(key, 0) + int(number.replace(",", ""))
        return found
    return difference(count, command, short, long)
