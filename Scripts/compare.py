#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Our training steps beside PyTorch's and JAX's, as Markdown tables.

    pip install torch jax optax numpy
    swift build -c release --product backprop
    python3 Scripts/compare.py [--workload mlp …] [--rounds 5] [--seconds 3] [--python PYTHON]

Every round runs every system at each number of threads, one after the other, so that all of them
meet the same neighbours. A figure is the median over the rounds of the median step. A system's speed
is that of its better number of threads; the ratio is ours to the better peer's. Progress goes to
standard error, the tables to standard output. Only Python's standard library is needed here; the
peers run under --python. torch.compile wants a C++ compiler; --only leaves systems out.
"""
import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKLOADS = ["tiny", "mlp", "wide", "cnn", "resnet", "lstm", "gpt", "gpt2"]
UNITS = {
    "tiny": "steps", "mlp": "images", "wide": "rows", "cnn": "images", "resnet": "images", "lstm": "tokens",
    "gpt": "tokens", "gpt2": "tokens"}
NAMES = {"ours": "Backprop", "torch": "PyTorch", "torch-compile": "PyTorch, compiled", "jax": "JAX"}


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", nargs="+", default=WORKLOADS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="measured time of one run")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--backprop", default=str(ROOT / ".build/release/backprop"))
    parser.add_argument("--python", default=sys.executable, help="a Python that has torch, jax and optax")
    parser.add_argument("--torch", default=str(ROOT / "Benchmarks/peers/torch_steps.py"))
    parser.add_argument("--jax", default=str(ROOT / "Benchmarks/peers/jax_steps.py"))
    parser.add_argument("--only", nargs="+", choices=list(NAMES), default=list(NAMES))
    parser.add_argument("--json", action="store_true", help="print every run as a JSON line instead")
    return parser.parse_args()


def run(command):
    """The last JSON line that the command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    except FileNotFoundError:
        sys.exit(f"compare: there is no {command[0]}")
    except subprocess.TimeoutExpired:
        sys.exit(f"compare: no figure within 15 minutes from: {' '.join(command)}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.exit(f"compare: no figure from: {' '.join(command)}\n{(done.stderr or done.stdout)[-800:]}")
    return json.loads(lines[-1])


def collect(options):
    """Every run: (workload, system, threads) -> the reports of its rounds."""
    programs = {
        "ours": [options.backprop, "bench", "--json"],
        "torch": [options.python, options.torch],
        "torch-compile": [options.python, options.torch, "--compile"],
        "jax": [options.python, options.jax],
    }
    runs = {}
    for workload in options.workload:
        for turn in range(options.rounds):
            for threads in options.threads:
                for system in options.only:
                    report = run(programs[system] + [
                        "--workload", workload, "--seconds", str(options.seconds),
                        "--threads", str(threads), "--dtype", options.dtype])
                    runs.setdefault((workload, system, threads), []).append(report)
                    if options.json:
                        print(json.dumps({"round": turn + 1, **report}), flush=True)
                    print(f"{workload} round {turn + 1}/{options.rounds}, {threads} thread(s), "
                          f"{NAMES[system]}: {report['items_per_s_median']:,.0f} items/s", file=sys.stderr)
    return runs


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(("model name", "Model")):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def report(options, runs):
    systems = [s for s in NAMES if s in options.only]
    peers = [s for s in systems if s != "ours"]

    def median(key, workload, system, threads):
        return statistics.median(r[key] for r in runs[workload, system, threads])

    def best(workload, system):
        return max((median("items_per_s_median", workload, system, t), t) for t in options.threads)

    print(f"{processor()}, {options.dtype}, {options.rounds} rounds of {options.seconds:g} s, medians\n")
    rows = []
    for workload in options.workload:
        row = [f"`{workload}` ({UNITS.get(workload, 'items')}/s)"]
        for system in systems:
            speed, threads = best(workload, system)
            row.append(f"{speed:,.0f} ({threads} thr.)")
        if "ours" in systems and peers:
            peer = max(best(workload, p)[0] for p in peers)
            row.append(f"**{best(workload, 'ours')[0] / peer:.2f}x**")
        rows.append(row)
    head = ["training steps"] + [NAMES[s] for s in systems]
    table(head + (["against the best peer"] if "ours" in systems and peers else []), rows)

    rows = []
    for workload in options.workload:
        for threads in options.threads:
            speeds = {s: median("items_per_s_median", workload, s, threads) for s in systems}
            rows.append([f"`{workload}`", str(threads)] + [f"{speeds[s]:,.0f}" for s in systems])
    table(["items/s", "threads"] + [NAMES[s] for s in systems], rows)

    rows = []
    for workload in options.workload:
        for key, name, form in (("first_step_s", "first step, s", "{:.2f}"), ("peak_rss_mib", "memory, MiB", "{:,.0f}")):
            least = {s: min(median(key, workload, s, t) for t in options.threads) for s in systems}
            rows.append([f"`{workload}`: {name}"] + [form.format(least[s]) for s in systems])
    table(["start and memory"] + [NAMES[s] for s in systems], rows)


def main():
    options = parse()
    runs = collect(options)
    if not options.json:
        report(options, runs)


main()
