# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the peers and `backprop bench` have in common: the workloads, the clock and the report.

| workload | network                                | batch | loss          | optimizer         | item   |
| tiny     | 2-16-16-1, tanh                        | 32    | squared       | SGD 0.1           | steps  |
| mlp      | 784-512-256-10, ReLU                   | 128   | cross-entropy | Adam 1e-3         | images |
| wide     | 1024-4096-4096-1024, GELU (exact)      | 256   | squared       | SGD 1e-3, mom 0.9 | rows   |

One training step is forward, loss, backward and update, on fixed random data. `bfloat16` computes
in bfloat16 with float32 weights.
"""
import argparse
import dataclasses
import json
import os
import resource
import sys
import time


@dataclasses.dataclass(frozen=True)
class Workload:
    sizes: tuple
    activation: str
    batch: int
    loss: str
    optimizer: str
    rate: float
    momentum: float
    items: int


WORKLOADS = {
    "tiny": Workload((2, 16, 16, 1), "tanh", 32, "squared", "sgd", 0.1, 0.0, 1),
    "mlp": Workload((784, 512, 256, 10), "relu", 128, "cross-entropy", "adam", 1e-3, 0.0, 128),
    "wide": Workload((1024, 4096, 4096, 1024), "gelu", 256, "squared", "sgd", 1e-3, 0.9, 256),
}


def arguments(description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", required=True, choices=list(WORKLOADS))
    parser.add_argument("--seconds", type=float, default=5, help="measured time, after a warm-up")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    return parser.parse_args()


def measure(system, options, items, step, begin):
    """Repeats `step`, which must end with the update done, and prints one JSON line.
    `begin` is when the system began to be imported: the first step counts from there."""
    step()
    first = time.perf_counter() - begin
    warm_until = time.perf_counter() + min(2.0, options.seconds)
    while time.perf_counter() < warm_until:
        step()
    times = []
    until = time.perf_counter() + options.seconds
    while time.perf_counter() < until or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    times.sort()
    median = times[len(times) // 2]
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    print(json.dumps({
        "workload": options.workload,
        "system": system,
        "dtype": options.dtype,
        "threads": options.threads,
        "items_per_s_median": round(items / median, 2),
        "items_per_s_best": round(items / times[0], 2),
        "step_ms_median": round(1e3 * median, 4),
        "first_step_s": round(first, 3),
        "peak_rss_mib": kib // 1024,
    }))
