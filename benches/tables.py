"""What bench.py found, as Markdown: the targets, the tables, and where they are put."""
import os

import plot
from measure import LIBCURL, OURS, OURS_PYTHON, REQUESTS, ROOT

RESULTS = os.path.join(ROOT, "benches", "results")


def table(title, rows):
    """Numbers stand to the right, what is first to the left."""
    lines = ["| " + " | ".join(title) + " |", "| --- |" + " ---: |" * (len(title) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def whole(number):
    return f"{number:,.0f}"


def beside(number, ours, form):
    return "" if number is None else f"{form.format(number)} ({number / ours:.2f})"


def with_spread(sample, ours, form):
    median = sample.median
    return f"{form.format(median)} ±{100 * sample.spread:.0f} % ({median / ours.median:.2f})"


def clients_table(found):
    rows = []
    for scheme in ["http", "https"]:
        for name, _, compared, speaks in found["clients"]:
            if scheme not in speaks:
                continue
            mine, ours = found["sides"][scheme, name], found["sides"][scheme, compared]
            label = f"**{name}**" if name == compared else name
            rows.append([
                f"{label}, {scheme}",
                beside(mine.get("instructions"), ours.get("instructions"), "{:,.0f}"),
                beside(mine.get("calls"), ours.get("calls"), "{:.1f}"),
                with_spread(mine["cpu_us"], ours["cpu_us"], "{:.1f}"),
                with_spread(mine["p50_us"], ours["p50_us"], "{:.1f}"),
                with_spread(mine["p99_us"], ours["p99_us"], "{:.0f}"),
                beside(mine["peak_kb"].median / 1024, ours["peak_kb"].median / 1024, "{:.1f}")])
    return table(["client", "instructions", "system calls", "CPU µs", "wall p50 µs", "wall p99 µs",
                  "memory MiB"], rows)


def ratio(one, other):
    """Of two numbers or samples; None where one was not measured."""
    one, other = getattr(one, "median", one), getattr(other, "median", other)
    return None if one is None or other is None else one / other


def targets(found):
    """Each: what, measured, limit, whether more is better, form."""
    sides, sizes, memory = found["sides"], found["sizes"], found["memory"]
    threads, python = found["threads"], found["python_threads"]

    def of(scheme, name, key):
        return sides.get((scheme, name), {}).get(key)

    yield "instructions, http", of("http", OURS, "instructions"), 50_000, False, "{:,.0f}"
    for scheme in ["http", "https"]:
        ours, theirs = (of(scheme, name, "instructions") for name in [OURS, LIBCURL])
        yield f"instructions beside libcurl, {scheme}", ratio(ours, theirs), 0.3, False, "{:.2f}"
    yield "system calls, http", of("http", OURS, "calls"), 6, False, "{:.1f}"
    for count, several in [(1, ""), (16, "s")]:
        ours, theirs = (threads.get((count, name), {}).get("p50_us") for name in [OURS, LIBCURL])
        what = f"wall p50 beside libcurl, https, {count} thread{several}"
        yield what, ratio(ours, theirs), 0.8, False, "{:.2f}"
    yield "cores that 64 threads keep busy", threads[64, OURS]["busy"].median, 0.9, True, "{:.2f}"
    for scheme in ["http", "https"]:
        ours, theirs = (of(scheme, name, "cpu_us") for name in [OURS_PYTHON, REQUESTS])
        yield f"Python: CPU time beside requests, {scheme}", ratio(ours, theirs), 0.1, False, "{:.3f}"
    ours, theirs = (python.get(name, {}).get("per_s") for name in [OURS_PYTHON, REQUESTS])
    yield ("Python: throughput beside requests, https, 8 threads",
           ratio(ours, theirs), 3, True, "{:.1f}")
    for what, measured, limit in [
            ("bytes of a client with its first connection", memory["client_bytes"], 1_000_000),
            ("bytes of one that trusts the system's roots", memory.get("system_roots_bytes"), 1_000_000),
            ("bytes of each of 100,000 further consumers", memory["consumer_bytes"], 1000),
            (f"bytes of the same with their tokens, {memory['token_bytes']} of them",
             memory["known_consumer_bytes"], 1000),
            ("bytes of each of 100,000 further conversations", memory["conversation_bytes"], 300),
            ("round trips of a process until its first message is sent", found["round_trips"], 4),
            ("bytes of the shared library, stripped", sizes["whole"], 6_000_000),
            ("bytes of the same for sending alone (`--no-default-features --features capi`)",
             sizes.get("sending"), 3_000_000)]:
        yield what, measured, limit, False, "{:,.0f}"


def targets_table(found):
    rows = []
    for what, measured, limit, more, form in targets(found):
        if measured is None:
            rows.append([what, "not measured", form.format(limit), ""])
            continue
        off = limit / measured - 1 if more else measured / limit - 1
        verdict = f"missed by {100 * off:.0f} %" if off > 0 else f"met, {abs(100 * off):.0f} % to spare"
        limit = ("≥ " if more else "≤ ") + form.format(limit)
        rows.append([what, form.format(measured), limit, verdict])
    return table(["of one SEND, or as said", "measured", "target", ""], rows)


def threads_table(found):
    rows = []
    for count in sorted({count for count, _ in found["threads"]}):
        row = [str(count)]
        for name in [OURS, LIBCURL]:
            at = found["threads"].get((count, name))
            row += 4 * [""] if at is None else [
                f"{whole(at['per_s'].median)} ±{100 * at['per_s'].spread:.0f} %",
                f"{at['p50_us'].median:.0f}", f"{at['cpu_us'].median:.1f}",
                f"{100 * at['busy'].median:.0f} %"]
        rows.append(row)
    columns = ["p50 µs", "CPU µs", "cores busy"]
    title = ["threads", "SENDs a second"] + columns + ["libcurl: a second"] + columns
    return table(title, rows)


def python_threads_table(found):
    return table(["8 threads in Python", "SENDs a second", "p50 µs", "p99 µs"], [
        [name, f"{whole(at['per_s'].median)} ±{100 * at['per_s'].spread:.0f} %",
         whole(at["p50_us"].median), whole(at["p99_us"].median)]
        for name, at in found["python_threads"].items()])


def grown(at):
    """Of one measurement: instructions, and the median time with its spread."""
    if at is None:
        return ["", ""]
    return [whole(at["instructions"]) if "instructions" in at else "",
            f"{at['p50_us'].median:.1f} ±{100 * at['p50_us'].spread:.0f} %"]


def parts_table(found):
    schemes = ["http", "https"]
    totals = {scheme: sum(row[scheme] for row in found["parts"].values()) for scheme in schemes}

    def row(name, spent):
        cells = ([whole(spent[scheme]), f"{100 * spent[scheme] / totals[scheme]:.0f} %"] for scheme in schemes)
        return [name] + sum(cells, [])

    found_rows = sorted(found["parts"].items(), key=lambda item: -item[1]["http"])
    rows = [row(*item) for item in found_rows] + [row("all", totals)]
    return table(["instructions of a SEND", "http", "", "https", ""], rows)


def growth(found):
    conversations, payloads = found["conversations"], found["payloads"]
    sizes = sorted({size for size, _ in payloads})
    yield "### Conversations"
    yield "Over TLS, one thread that sends in each of them in turn."
    yield table(["conversations", "instructions", "p50 µs"],
                [[whole(count)] + grown(at) for count, at in conversations.items()])
    yield "### Payload"
    yield "Over TLS, one thread."
    yield table(["bytes of text", "instructions", "p50 µs", "libcurl: instructions", "p50 µs"],
                [[whole(size)] + grown(payloads[size, OURS]) + grown(payloads.get((size, LIBCURL)))
                 for size in sizes])


def all_of(found):
    sizes = found["sizes"]
    texts = [
        f"Measured with {found['versions']}. The server used {found['server_us']:.1f} µs of CPU time "
        "for a SEND.",
        "### Targets", targets_table(found),
        "### One SEND, by client",
        "In parentheses the ratio to ours, in C or in Python; ± is how far the middle half of the "
        "repeats lies around their median.",
        clients_table(found),
        "### Threads",
        "Over TLS, with a conversation for each thread. The server shares the cores.",
        threads_table(found), python_threads_table(found)]
    if "conversations" in found:
        texts += growth(found)
    if "parts" in found:
        texts += ["### Where the instructions go", parts_table(found)]
    loads = [f"`import {module}` {sizes[f'import {module}']:.1f} ms"
             for module in ["lpconnector", "requests", "httpx"] if f"import {module}" in sizes]
    loads.insert(0, f"Loading the shared library {sizes['load_ms']:.1f} ms")
    texts += ["### Until it can be used", ", ".join(loads) + "."]
    return "\n\n".join(texts) + "\n"


def write(text, found):
    """Into benches/results/, and between the two markers of BENCHMARKS.md."""
    os.makedirs(RESULTS, exist_ok=True)
    with open(os.path.join(RESULTS, "table.md"), "w", encoding="utf-8") as file:
        file.write("# Results\n\nWritten by `make bench`; [BENCHMARKS.md](../../BENCHMARKS.md) explains "
                   "them.\n\n" + text.replace("### ", "## "))
    path = os.path.join(ROOT, "BENCHMARKS.md")
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = "<!-- make bench writes from here -->\n", "<!-- to here -->\n"
    head, rest = page.split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + begin + "\n" + text + "\n" + end + rest.split(end)[1])
    plot.draw(found, os.path.join(RESULTS, "plot.svg"))
