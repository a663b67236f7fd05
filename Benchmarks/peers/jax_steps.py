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
import numpy as np
import optax

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "gelu": lambda x: jax.nn.gelu(x, approximate=False)}


def main():
    workload = WORKLOADS[options.workload]
    random = np.random.default_rng(0)
    activation = ACTIVATIONS[workload.activation]
    half = options.dtype == "bfloat16"

    def normal(*shape):
        return jnp.asarray(random.standard_normal(shape), jnp.float32)

    parameters = [
        {"weight": normal(inputs, outputs) * inputs ** -0.5, "bias": jnp.zeros(outputs)}
        for inputs, outputs in zip(workload.sizes, workload.sizes[1:])]
    x = normal(workload.batch, workload.sizes[0])
    if workload.loss == "cross-entropy":
        target = jnp.asarray(random.integers(0, workload.sizes[-1], workload.batch), jnp.int32)
    else:
        target = normal(workload.batch, workload.sizes[-1])
    if workload.optimizer == "adam":
        optimizer = optax.adam(workload.rate)
    else:
        optimizer = optax.sgd(workload.rate, momentum=workload.momentum or None)

    def loss(parameters, x, target):
        if half:
            parameters, x = jax.tree.map(lambda t: t.astype(jnp.bfloat16), (parameters, x))
        for layer in parameters[:-1]:
            x = activation(x @ layer["weight"] + layer["bias"])
        output = (x @ parameters[-1]["weight"] + parameters[-1]["bias"]).astype(jnp.float32)
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
