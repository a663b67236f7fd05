#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Training steps by PyTorch, one JSON line.    pip install torch

    python3 Benchmarks/peers/torch_steps.py --workload mlp --threads 2 --seconds 5
"""
import time

begin = time.perf_counter()

import torch
from torch import nn
from torch.nn import functional as F

from workloads import WORKLOADS, arguments, measure

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "gelu": nn.GELU}


def main():
    options = arguments(__doc__)
    workload = WORKLOADS[options.workload]
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    layers = []
    for inputs, outputs in zip(workload.sizes, workload.sizes[1:]):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[workload.activation]()]
    model = nn.Sequential(*layers[:-1])
    x = torch.randn(workload.batch, workload.sizes[0])
    if workload.loss == "cross-entropy":
        target = torch.randint(0, workload.sizes[-1], (workload.batch,))
        loss = F.cross_entropy
    else:
        target = torch.randn(workload.batch, workload.sizes[-1])
        loss = F.mse_loss
    if workload.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), workload.rate)
    else:
        optimizer = torch.optim.SGD(model.parameters(), workload.rate, momentum=workload.momentum)
    half = options.dtype == "bfloat16"

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output = model(x)
        loss(output.float() if half else output, target).backward()
        optimizer.step()

    measure("torch", options, workload.items, step, begin)


main()
