# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the peers and `backprop bench` have in common: the workloads, the clock and the report.

| workload | network                                | batch  | loss          | optimizer         | item   |
| tiny     | 2-16-16-1, tanh                        | 32     | squared       | SGD 0.1           | steps  |
| mlp      | 784-512-256-10, ReLU                   | 128    | cross-entropy | Adam 1e-3         | images |
| wide     | 1024-4096-4096-1024, GELU (exact)      | 256    | squared       | SGD 1e-3, mom 0.9 | rows   |
| cnn      | 3x3 conv 1-32-64, pool, 9216-128-10    | 64     | cross-entropy | Adam 1e-3         | images |
| resnet   | ResNet-18 for images of 32x32          | 32     | cross-entropy | SGD 0.1, mom 0.9  | images |
| lstm     | embedding 65-128, LSTM 256, linear     | 32x128 | cross-entropy | Adam 1e-3         | tokens |
| gpt      | 6 layers, 6 heads, 384 wide, 65 tokens | 8x256  | cross-entropy | AdamW 1e-3        | tokens |
| gpt2     | GPT-2, 12 layers, 768 wide, 50,257     | 4x64   | cross-entropy | AdamW 1e-4        | tokens |

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
    loss: str
    optimizer: str
    rate: float
    batch: int
    """Items of a step."""
    items: int
    momentum: float = 0.0
    """Of dense networks; the others are built by name."""
    sizes: tuple = ()
    activation: str = ""


@dataclasses.dataclass(frozen=True)
class Transformer:
    layers: int
    heads: int
    width: int
    vocabulary: int
    places: int
    """Tokens of a sequence, at most `places`."""
    length: int


WORKLOADS = {
    "tiny": Workload("squared", "sgd", 0.1, 32, 1, sizes=(2, 16, 16, 1), activation="tanh"),
    "mlp": Workload("cross-entropy", "adam", 1e-3, 128, 128, sizes=(784, 512, 256, 10), activation="relu"),
    "wide": Workload(
        "squared", "sgd", 1e-3, 256, 256, momentum=0.9, sizes=(1024, 4096, 4096, 1024), activation="gelu"),
    "cnn": Workload("cross-entropy", "adam", 1e-3, 64, 64),
    "resnet": Workload("cross-entropy", "sgd", 0.1, 32, 32, momentum=0.9),
    "lstm": Workload("cross-entropy", "adam", 1e-3, 32, 32 * 128),
    "gpt": Workload("cross-entropy", "adamw", 1e-3, 8, 8 * 256),
    "gpt2": Workload("cross-entropy", "adamw", 1e-4, 4, 4 * 64),
}

TRANSFORMERS = {
    "gpt": Transformer(6, 6, 384, 65, 256, 256),
    "gpt2": Transformer(12, 12, 768, 50257, 1024, 64),
}


def arguments(description, compiled=False):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", required=True, choices=list(WORKLOADS))
    parser.add_argument("--seconds", type=float, default=5, help="measured time, after a warm-up")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    if compiled:
        parser.add_argument("--compile", action="store_true", help="by torch.compile")
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
