#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Training steps by PyTorch, one JSON line.    pip install torch

    python3 Benchmarks/peers/torch_steps.py --workload mlp --threads 2 --seconds 5 [--compile]
"""
import time

begin = time.perf_counter()

import torch
from torch.nn import functional as F

from torch_models import build
from workloads import WORKLOADS, arguments, measure


def main():
    options = arguments(__doc__, compiled=True)
    workload = WORKLOADS[options.workload]
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    model, x, target = build(options.workload)
    parameters = model.parameters()
    if workload.optimizer == "adam":
        optimizer = torch.optim.Adam(parameters, workload.rate)
    elif workload.optimizer == "adamw":
        optimizer = torch.optim.AdamW(parameters, workload.rate)
    else:
        optimizer = torch.optim.SGD(parameters, workload.rate, momentum=workload.momentum)
    half = options.dtype == "bfloat16"
    forward = torch.compile(model) if options.compile else model

    def loss(output):
        if workload.loss == "squared":
            return F.mse_loss(output, target)
        return F.cross_entropy(output.reshape(-1, output.shape[-1]), target.flatten())

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output = forward(x)
        loss(output.float() if half else output).backward()
        optimizer.step()

    measure("torch-compile" if options.compile else "torch", options, workload.items, step, begin)


main()
