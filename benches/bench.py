"""Measures a SEND beside what it costs other clients, and says what of the targets is met.

`make bench` runs it and puts the tables into BENCHMARKS.md and benches/results/; with --quick
(`make bench-quick`) it measures less and only prints.
"""
import importlib.metadata
import os
import platform
import re
import statistics
import sys
import tempfile

import measure
import tables
from measure import BUILT, LIBCURL, OURS, OURS_PYTHON, REQUESTS, ROOT, run, times

QUICK = "--quick" in sys.argv[1:]
REPEATS = 3 if QUICK else 9

# What is missing is left out, in a line that says so.
skipped = []


def c_client(name):
    return [os.path.join(BUILT, f"send_{name}")]


def python_client(name):
    return [sys.executable, os.path.join(ROOT, "benches", "peers", f"send_{name}.py")]


def installed(name):
    """The version of a Python package, or None."""
    try:
        return importlib.metadata.version(name.split(",")[0])
    except importlib.metadata.PackageNotFoundError:
        return None


def available():
    """The clients: name, command, which of ours it is compared with, and its schemes."""
    both, found = ["http", "https"], []
    for name, command, beside, schemes in [
            (OURS, c_client("lpconnector"), OURS, both),
            (LIBCURL, c_client("libcurl"), OURS, both),
            ("bare socket", c_client("bare"), OURS, ["http"]),
            (OURS_PYTHON, python_client("lpconnector"), OURS_PYTHON, both),
            (REQUESTS, python_client("requests"), OURS_PYTHON, both),
            ("httpx", python_client("httpx"), OURS_PYTHON, both)]:
        there = installed(name) if command[0] == sys.executable else os.path.exists(command[0])
        if not there:
            skipped.append(f"{name} beside the library (it is not installed)")
            continue
        found.append((name, command, beside, schemes))
    return found


class Sample:
    """The same measured again and again: its median, and how far the middle half lies around it."""

    def __init__(self, values):
        low, self.median, high = statistics.quantiles(values, n=4, method="inclusive")
        self.spread = (high - low) / 2 / self.median


def samples(reports):
    """What clients report, and the CPU time of each SEND, over all repeats."""
    found = {key: Sample([report[key] for report in reports]) for key in ["p50_us", "p99_us"]}
    found["cpu_us"] = Sample([report["cpu_us"] / report["sends"] for report in reports])
    found["per_s"] = Sample([report["sends"] / report["wall_us"] * 1e6 for report in reports])
    found["peak_kb"] = Sample([report["peak_kb"] for report in reports])
    found["busy"] = Sample([(report["cpu_us"] + report["server_us"]) / report["wall_us"] / os.cpu_count()
                            for report in reports])
    return found


def interleaved(runs, server, repeats=REPEATS):
    """Runs all of them in turn, as often as there are repeats: a busy moment touches each alike."""
    reports = {key: [] for key in runs}
    for _ in range(repeats):
        for key, (command, variables) in runs.items():
            before = server.cpu_us()
            report = measure.report(command, variables)
            # Nine tenths of the sends are timed, and the server's part of the cores is theirs alike.
            report["server_us"] = 0.9 * (server.cpu_us() - before)
            reports[key].append(report)
    return {key: samples(found) for key, found in reports.items()}


def side_by_side(clients, server):
    """Each client with one thread: times, then what can be counted."""
    schemes = {"http": server.http, "https": server.https}
    runs = {}
    for name, command, _, speaks in clients:
        sends = (400 if QUICK else 1500) if command[0] == sys.executable else (4000 if QUICK else 20_000)
        for scheme in speaks:
            runs[scheme, name] = (command + [str(sends)], schemes[scheme])
    found = interleaved(runs, server)
    for name, command, _, speaks in clients:
        for scheme in speaks:
            client, counted = found[scheme, name], command + ["{n}"]
            of_python = command[0] == sys.executable
            short, long = (20, 70) if of_python else (100, 600)
            if not NO_VALGRIND and not (of_python and QUICK):
                inside = None if of_python else "sender_send"
                client["instructions"] = measure.instructions(
                    counted, schemes[scheme], short, long, inside)
            if not NO_STRACE:
                client["calls"] = sum(measure.syscalls(counted, schemes[scheme], short, long).values())
    return found


def server_cost(server):
    """The server's CPU time for one SEND."""
    before, sends = server.cpu_us(), 20_000
    run(c_client("bare") + [str(sends)], server.http)
    return (server.cpu_us() - before) / sends


THREADS = [1, 16, 64] if QUICK else [1, 2, 4, 16, 64]


def with_threads(names, server):
    """Over TLS, by threads and client."""
    commands = {OURS: c_client("lpconnector"), LIBCURL: c_client("libcurl")}
    all_sends = 8000 if QUICK else 48_000
    # The default keeps 32 idle connections: threads beyond that would make new ones.
    variables = {**server.https, "LPC_POOL_MAX_CONNECTIONS": str(max(THREADS))}
    runs = {}
    for threads in THREADS:
        arguments = [str(max(all_sends // threads, 100)), str(threads)]
        for name in [OURS, LIBCURL]:
            if name in names:
                runs[threads, name] = (commands[name] + arguments, variables)
    return interleaved(runs, server, 3 if QUICK else 7)


def python_with_threads(names, server):
    sends = {OURS_PYTHON: 300 if QUICK else 2000, REQUESTS: 60 if QUICK else 200}
    commands = {OURS_PYTHON: python_client("lpconnector"), REQUESTS: python_client("requests")}
    runs = {name: (commands[name] + [str(sends[name]), "8"], server.https)
            for name in commands if name in names}
    return interleaved(runs, server, 3 if QUICK else 7)


def growth(names, server):
    """By conversations and by bytes of text: instructions, and the median time of a SEND."""
    conversations, payloads = {}, {}
    for count in [1, 100, 10_000, 100_000]:
        command = c_client("lpconnector") + ["{n}", "1", "20", str(count)]
        conversations[count] = grown(command, server.https, 100, 600, 4000)
    for size in [1, 100, 1000, 10_000, 100_000, 1_000_000]:
        sends = 100 if size >= 100_000 else 2000
        for name, client in [(OURS, "lpconnector"), (LIBCURL, "libcurl")]:
            if name in names:
                command = c_client(client) + ["{n}", "1", str(size)]
                payloads[size, name] = grown(command, server.https, 20, 60, sends)
    return conversations, payloads


def grown(command, variables, short, long, sends):
    reports = [measure.report(times(command, sends), variables) for _ in range(5)]
    found = {"p50_us": Sample([report["p50_us"] for report in reports])}
    if not NO_VALGRIND:
        found["instructions"] = measure.instructions(command, variables, short, long, "sender_send")
    return found


PARTS = [
    ("malloc and free",
     r"(_int_)?(malloc|free|realloc|calloc)|unlink_chunk|sysmalloc|__rustc|alloc::raw_vec"),
    ("copying and comparing bytes (libc)", r"_?_?(mem|str|stp)[a-z]+_(avx|sse|evex|erms|generic)"),
    ("JSON: serde_json", r"(serde|serde_json|serde_core|itoa|memchr)::"),
    ("HTTP: ureq", r"(ureq|ureq_proto)::"),
    ("HTTP: types and parser", r"(http|httparse|bytes|form_urlencoded|percent_encoding)::"),
    ("TLS: rustls", r"(rustls\w*)::"),
    ("lpconnector", r"(lpconnector::|lpc_)"),
    ("Rust's standard library: text, lists, clocks", r"(core|alloc|std|hashbrown|str)\b|_?rust_"),
    ("TLS: ring", r"(ring::|ring_core|_?aes|_?gcm|vpaes|_x86_64|OPENSSL|CRYPTO)"),
]


def part_of(place, name):
    """To which part of the work a function belongs."""
    if place.startswith("send_"):
        return "the program that sends"
    # <core::str::Chars as core::iter::Iterator>::next is of core; <&mut T as ureq::…> of ureq.
    bare = re.sub(r"^[<&\[(*]*((mut|const|dyn|impl) )*", "", name)
    bare = re.sub(r"^\w( as |>::)", "", bare)
    if place.startswith("lib"):
        for part, pattern in PARTS:
            if re.match(pattern, bare):
                return part
    return "other: libc's calls of the system and clocks"


def parts(server):
    found = {}
    for scheme, variables in [("http", server.http), ("https", server.https)]:
        spent = measure.functions(c_client("lpconnector") + ["{n}"], variables, 100, 600, "sender_send")
        for (place, name), count in spent.items():
            row = found.setdefault(part_of(place, name), {"http": 0, "https": 0})
            row[scheme] += count
    return found


def memory(server):
    """Of the handles; and of a client that trusts what the system trusts, as programs do."""
    footprint = [os.path.join(BUILT, "footprint")]
    found = measure.report(footprint, server.https)
    system = "/etc/ssl/certs/ca-certificates.crt"
    if os.path.exists(system):
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as roots:
            for path in [system, server.https["LPC_TLS_CA_FILE"]]:
                with open(path) as pem:
                    roots.write(pem.read())
            roots.flush()
            variables = {**server.https, "SSL_CERT_FILE": roots.name}
            del variables["LPC_TLS_CA_FILE"]
            found["system_roots_bytes"] = measure.report(footprint, variables)["client_bytes"]
    return found


def milliseconds(statement, modules="time"):
    """How long a statement takes in a Python that has done nothing else."""
    code = (f"import {modules}, time; begun = time.perf_counter(); {statement};"
            " print(time.perf_counter() - begun)")
    took = [float(run([sys.executable, "-c", code], {})[0]) for _ in range(9)]
    return 1000 * statistics.median(took)


def sizes():
    """Bytes on disk, and the milliseconds until it can be used."""
    whole = os.path.join(BUILT, "liblpconnector.so")
    sending = os.path.join(measure.ROOT, "target", "sending", "release", "liblpconnector.so")
    found = {"whole": measure.stripped_bytes(whole),
             "load_ms": milliseconds(f"ctypes.CDLL({whole!r})", "ctypes")}
    if os.path.exists(sending):
        found["sending"] = measure.stripped_bytes(sending)
    for module in ["lpconnector", "requests", "httpx"]:
        if installed(module):
            found[f"import {module}"] = milliseconds(f"import {module}")
    return found


def versions():
    def first(command, pattern):
        try:
            return re.search(pattern, "".join(run(command, {}))).group(1)
        except (measure.Failed, OSError, AttributeError):
            return None
    with open("/proc/cpuinfo") as info:
        processor = re.search(r"model name\s*: (.*)", info.read())
    found = [("", processor and f"{processor.group(1)}, {os.cpu_count()} cores"),
             ("Linux ", ".".join(platform.release().split(".")[:2])),
             ("rustc ", first(["rustc", "--version"], r"rustc (\S+)")),
             ("libcurl ", first(["curl-config", "--version"], r"libcurl (\S+)")),
             ("Python ", platform.python_version()),
             ("requests ", installed("requests")), ("httpx ", installed("httpx"))]
    return "; ".join(name + version for name, version in found if version)


def main():
    clients = available()
    names = [name for name, *_ in clients]
    if NO_VALGRIND or NO_STRACE:
        skipped.extend(why for why in [NO_VALGRIND, NO_STRACE] if why)
    with measure.Server() as server:
        found = {"versions": versions(), "clients": clients, "sizes": sizes(), "memory": memory(server)}
        found["sides"] = side_by_side(clients, server)
        found["server_us"] = server_cost(server)
        found["threads"] = with_threads(names, server)
        found["python_threads"] = python_with_threads(names, server)
        found["round_trips"] = server.counted(c_client("lpconnector") + ["1"], server.https)["requests"]
        if not NO_VALGRIND:
            found["parts"] = parts(server)
        if not QUICK:
            found["conversations"], found["payloads"] = growth(names, server)
    text = tables.all_of(found)
    print(text)
    for what in skipped:
        print(f"NOT CHECKED: {what}")
    if not QUICK:
        tables.write(text, found)


NO_VALGRIND, NO_STRACE = measure.missing("valgrind"), measure.missing("strace")

if __name__ == "__main__":
    main()
