#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""MNIST to an accuracy by PyTorch, timed from the start of the process; JSON lines.    pip install torch numpy

    python3 Benchmarks/peers/torch_mnist.py --data FOLDER --target 0.98 --threads 2

784-512-256-10 with ReLU, Adam 1e-3, batches of 128 in a new order every epoch, pixels divided by
255. FOLDER holds the four gzipped IDX files. Importing, reading, training and the test after each
epoch all count: it is what a person waits for.
"""
import time

begin = time.perf_counter()

import argparse
import gzip
import json
import os
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def idx(path):
    """The values of a gzipped IDX file of bytes."""
    raw = gzip.open(path).read()
    ranks = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(ranks)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * ranks).reshape(shape)


def part(folder, name):
    images = idx(folder / f"{name}-images-idx3-ubyte.gz")
    labels = idx(folder / f"{name}-labels-idx1-ubyte.gz")
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    return torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64))


def report(event, **facts):
    print(json.dumps({"event": event, **facts, "seconds": round(time.perf_counter() - begin, 2)}), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--target", type=float, default=0.98)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    images, labels = part(options.data, "train")
    test_images, test_labels = part(options.data, "t10k")
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for epoch in range(1, options.epochs + 1):
        for rows in torch.randperm(len(images)).split(128):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
        report("epoch", epoch=epoch, accuracy=round(accuracy, 4))
        if accuracy >= options.target:
            report("done", reached=epoch)
            return
    report("done", reached=None)


main()
