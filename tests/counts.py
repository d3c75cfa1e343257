"""Holds what a SEND costs to its limits, as far as it can be counted: what does not depend on how
busy a machine is. `make test-counts` builds what is run here; BENCHMARKS.md tells what is compared.

A SEND is lpc_conversation_send_text() over a connection that is kept, its answer read. An action is
lpc_connector_submit_text() with a key, until that it was sent is told and acknowledged.
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "benches"))
import measure  # noqa: E402

# Measured; both ways 10 % may come of another compiler or processor. Beyond that, what changed is
# either a loss, or a gain that nobody shall lose again: then it is written here.
COMMITTED = {
    ("http", "instructions"): 43_000,
    ("https", "instructions"): 53_000,
    ("http", "instructions of a text of 10,000 bytes"): 71_400,
    ("https", "instructions of a text of 10,000 bytes"): 118_500,
    ("http", "allocations"): 45,
    ("https", "allocations"): 47,
    ("connector", "allocations"): 104,
}
# What was promised, whatever is measured.
MOST = {
    "instructions": 50_000,
    "of libcurl's instructions": 0.3,
    "system calls": 6,
    "round trips until a first message is sent": 4,
    "bytes of a client with its first connection": 1_000_000,
    "bytes of a further consumer": 1000,
    "bytes of a further conversation": 300,
    "bytes of the shared library, stripped": 8_000_000,
    # The store is made, an action and where its consumer talks are written, and at the end all is wiped.
    "fsyncs of a connector's life with one action": 17,
    "fsyncs of an action that 64 threads submit": 0.1,
}

SEND = [os.path.join(measure.BUILT, "send_lpconnector"), "{n}"]
LONG = SEND + ["1", "10000"]
ACT = [os.path.join(measure.BUILT, "act_lpconnector"), "{n}"]
LIBCURL = [os.path.join(measure.BUILT, "send_libcurl"), "{n}"]
FOOTPRINT = [os.path.join(measure.BUILT, "footprint")]

failures = 0


def check(good, what):
    """Says what was found, and remembers what was not good."""
    global failures
    failures += not good
    print("ok     " if good else "FAILED ", what, flush=True)


def at_most(what, measured, where=""):
    check(measured <= MOST[what], f"{where}{what}: {measured:,}, at most {MOST[what]:,}")


def as_committed(scheme, what, measured):
    committed = COMMITTED[scheme, what]
    check(abs(measured / committed - 1) <= 0.1,
          f"{scheme}: {what}: {measured:,.1f}, within 10 % of {committed:,}")


def not_checked(what, why):
    print(f"NOT CHECKED: {what} ({why})", flush=True)


def under_valgrind(scheme, variables):
    ours = round(measure.instructions(SEND, variables, 100, 600, "sender_send"))
    as_committed(scheme, "instructions", ours)
    if scheme == "http":
        at_most("instructions", ours, "http: ")
    if os.path.exists(LIBCURL[0]):
        theirs = measure.instructions(LIBCURL, variables, 100, 600, "sender_send")
        at_most("of libcurl's instructions", round(ours / theirs, 3), f"{scheme}: ")
    else:
        not_checked(f"{scheme}: instructions beside libcurl's", "libcurl or cJSON is not installed")

    long = round(measure.instructions(LONG, variables, 100, 300, "sender_send"))
    as_committed(scheme, "instructions of a text of 10,000 bytes", long)

    early = measure.allocations(SEND, variables, 100, 300)
    late = measure.allocations(SEND, variables, 1100, 1300)
    as_committed(scheme, "allocations", early["allocations"])
    # A few in a thousand SENDs are of lists that double.
    for what in ["allocations", "bytes"]:
        check(late[what] <= early[what] * 1.005 + 0.1,
              f"{scheme}: {what} of a later SEND: {late[what]:,.1f}, of an early one {early[what]:,.1f}")
    check(abs(late["allocations"] - late["frees"]) < 0.1, f"{scheme}: as many are freed")


def under_strace(scheme, variables):
    calls = measure.syscalls(SEND, variables, 100, 600)
    # What malloc asks of the system comes now and then.
    calls = {name: round(count, 1) for name, count in calls.items() if count >= 0.05}
    if scheme == "http":
        at_most("system calls", round(sum(calls.values()), 1), "http: ")

    def of(*names):
        return sum(calls.get(name, 0) for name in names)

    said = ", ".join(f"{name} {count:g}" for name, count in sorted(calls.items()))
    check(of("write", "writev", "sendto", "sendmsg", "sendmmsg") == 1, f"{scheme}: one write: {said}")
    check(of("clone", "clone3", "fork", "vfork") == 0, f"{scheme}: no thread is started")
    check(of("open", "openat", "socket", "connect") == 0,
          f"{scheme}: no name is looked up, no connection made")

    # Each of 16 threads sends n. A lock that is held while the system is called makes it several.
    waits = measure.syscalls(SEND + ["16"], variables, 50, 150).get("futex", 0) / 16
    check(waits < 0.5, f"{scheme}: 16 threads do not wait for each other: futex {waits:.2f}")

    writes = measure.sent(measure.times(SEND, 5), variables)[-5:]
    if scheme == "http":
        whole = [write.startswith(b"POST ") and write.endswith(b"}}}") for write in writes]
        check(len(whole) == 5 and all(whole), "http: a write is a whole request, head and body")
    else:
        # Application data, and the length that its five bytes of head say.
        records = [write[:1] == b"\x17" and int.from_bytes(write[3:5], "big") + 5 == len(write)
                   for write in writes]
        check(len(records) == 5 and all(records), "https: a write is one TLS record")


def at_the_server(scheme, server, variables):
    first = server.counted(measure.times(SEND, 1), variables)
    at_most("round trips until a first message is sent", first["requests"], f"{scheme}: ")
    opened = server.counted(FOOTPRINT, variables)
    at_most("round trips until a first message is sent", opened["requests"],
            f"{scheme}, with its conversation: ")
    check(first["connections"] == 1, f"{scheme}: connections for that: {first['connections']}, one")
    if scheme == "https":
        # No connection is kept, so each request makes one, after the other.
        apart = server.counted(measure.times(SEND, 10), {**variables, "LPC_POOL_IDLE_TIMEOUT_MS": "0"})
        made, resumed = apart["connections"], apart["resumed_handshakes"]
        check(apart["full_handshakes"] == 1 and resumed == made - 1 > 1,
              f"https: of {made} connections all but the first resume their session: {resumed}")


def fsyncs(actions, threads, variables):
    """Of a connector's whole life with a store of its own, in which each thread submits so many."""
    with tempfile.TemporaryDirectory() as place:
        stored = {**variables, "LPC_CONNECTOR_STORE": f"sqlite:{place}/queue.db"}
        command = measure.times(ACT, actions) + [str(threads)]
        return sum(measure.calls(command, stored, "fsync,fdatasync").values())


def of_the_store(variables):
    # It is wiped once a second, too, where the machine is slow.
    life = min(fsyncs(1, 1, variables) for _ in range(3))
    at_most("fsyncs of a connector's life with one action", life)
    # All threads wait for the disk, and what waits together is written together.
    each = (fsyncs(100, 64, variables) - fsyncs(20, 64, variables)) / (80 * 64)
    at_most("fsyncs of an action that 64 threads submit", round(each, 3))


def of_an_action(variables):
    alone = {**variables, "LPC_CONNECTOR_STORE": "memory", "LPC_CONNECTOR_WORKERS": "1"}
    as_committed("connector", "allocations", measure.allocations(ACT, alone, 300, 900)["allocations"])


def in_memory(scheme, variables):
    footprint = measure.report(FOOTPRINT, variables)
    at_most("bytes of a client with its first connection", footprint["client_bytes"], f"{scheme}: ")
    at_most("bytes of a further consumer", footprint["known_consumer_bytes"],
            f"{scheme}, {footprint['token_bytes']} of them a token: ")
    at_most("bytes of a further conversation", footprint["conversation_bytes"], f"{scheme}: ")


def main():
    no_valgrind, no_strace = measure.missing("valgrind"), measure.missing("strace")
    with measure.Server() as server:
        for scheme, variables in [("http", server.http), ("https", server.https)]:
            if no_valgrind:
                not_checked(f"{scheme}: instructions and allocations of a SEND", no_valgrind)
            else:
                under_valgrind(scheme, variables)
            if no_strace:
                not_checked(f"{scheme}: system calls, writes, threads and lookups of a SEND", no_strace)
            else:
                under_strace(scheme, variables)
            if scheme == "http" and not no_valgrind:
                of_an_action(variables)
            if scheme == "http" and not no_strace:
                of_the_store(variables)
            at_the_server(scheme, server, variables)
            in_memory(scheme, variables)
    stripped = measure.stripped_bytes(os.path.join(measure.BUILT, "liblpconnector.so"))
    if stripped is None:
        not_checked("the size of the shared library", "strip is not installed")
    else:
        at_most("bytes of the shared library, stripped", stripped)
    print(f"{failures} of these failed" if failures else "all that was checked is good")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
