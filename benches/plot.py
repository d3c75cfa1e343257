"""What bench.py found, as one drawing."""
from measure import LIBCURL, OURS

COLOURS = {OURS: "#0b7285", LIBCURL: "#e8590c"}


def draw(found, path):
    """Writes an SVG; says so where there is nothing to draw with."""
    try:
        import matplotlib
    except ImportError:
        print("NOT CHECKED: the plot (matplotlib is not installed)")
        return
    matplotlib.use("svg")
    # Text stays text, and the same numbers give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(11, 7), layout="constrained")
    ((counts, cpu), (threads, payload)) = axes
    names = [name for name, *_ in found["clients"]]
    colours = ["#0b7285" if name.startswith("lpconnector") else "#adb5bd" for name in names]
    for axes, key, title, value in [
            (counts, "instructions", "Instructions of a SEND, http, logarithmic", lambda count: count),
            (cpu, "cpu_us", "CPU time of a SEND, http (µs), logarithmic", lambda sample: sample.median)]:
        axes.set_title(title)
        heights = [found["sides"]["http", name].get(key) for name in names]
        lengths = [0 if height is None else value(height) for height in heights]
        bars = axes.barh(names, lengths, color=colours)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3)
        axes.set_xscale("log")
        axes.margins(x=0.35)  # room for the numbers
        axes.invert_yaxis()
    threads.set_title("SENDs a second by threads, https")
    payload.set_title("Median time of a SEND by bytes of text, https (µs)")
    for name, colour in COLOURS.items():
        for axes, results, value in [(threads, found["threads"], lambda at: at["per_s"].median),
                                     (payload, found["payloads"], lambda at: at["p50_us"].median)]:
            places = sorted(place for place, client in results if client == name)
            values = [value(results[place, name]) for place in places]
            axes.plot(places, values, "o-", color=colour, label=name)
    threads.set_xscale("log", base=2)
    threads.xaxis.set_major_formatter("{x:.0f}")
    threads.set_ylim(bottom=0)
    payload.set_xscale("log")
    payload.set_yscale("log")
    for axes in [threads, payload]:
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
