#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Training steps by JAX and Optax, compiled, parameters donated; one JSON line.    pip install jax optax

    python3 Benchmarks/peers/jax_steps.py --workload mlp --threads 2 --seconds 5
"""
import os
import time

from workloads import WORKLOADS, arguments, measure

options = arguments(__doc__)
if hasattr(os, "sched_setaffinity"):
    # JAX has no setting for the number of threads on the CPU: it takes one for each core it may use.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
begin = time.perf_counter()

import jax
import jax.numpy as jnp
import optax

from jax_models import build

OPTIMIZERS = {"adam": optax.adam, "adamw": lambda rate: optax.adamw(rate, weight_decay=0.01)}


def main():
    workload = WORKLOADS[options.workload]
    half = options.dtype == "bfloat16"
    parameters, apply, x, target = build(options.workload)
    if workload.optimizer in OPTIMIZERS:
        optimizer = OPTIMIZERS[workload.optimizer](workload.rate)
    else:
        optimizer = optax.sgd(workload.rate, momentum=workload.momentum or None)

    def narrow(t):
        return t.astype(jnp.bfloat16) if t.dtype == jnp.float32 else t

    def loss(parameters, x, target):
        if half:
            parameters, x = jax.tree.map(narrow, (parameters, x))
        output = apply(parameters, x).astype(jnp.float32)
        if workload.loss == "cross-entropy":
            return optax.softmax_cross_entropy_with_integer_labels(output, target).mean()
        return ((output - target) ** 2).mean()

    def update(parameters, state, x, target):
        value, gradient = jax.value_and_grad(loss)(parameters, x, target)
        change, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, change), state, value

    update = jax.jit(update, donate_argnums=(0, 1))
    state = optimizer.init(parameters)

    def step():
        nonlocal parameters, state
        parameters, state, _ = update(parameters, state, x, target)
        # The whole update, not only the loss, must be done.
        jax.block_until_ready(parameters)

    measure("jax", options, workload.items, step, begin)


main()
