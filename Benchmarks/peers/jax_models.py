# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""The networks of the workloads in JAX: parameters, the function that applies them, input and target."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from workloads import TRANSFORMERS, WORKLOADS

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "gelu": lambda x: jax.nn.gelu(x, approximate=False)}
random = np.random.default_rng(0)


def build(name):
    """(parameters, apply(parameters, x), x, target)."""
    workload = WORKLOADS[name]
    if workload.sizes:
        return dense(workload)
    return {"cnn": cnn, "resnet": resnet, "lstm": lstm, "gpt": gpt, "gpt2": gpt}[name](name)


def normal(*shape):
    return jnp.asarray(random.standard_normal(shape), jnp.float32)


def weight(*shape):
    return normal(*shape) * float(np.prod(shape[:-1])) ** -0.5


def classes(count, *shape):
    return jnp.asarray(random.integers(0, count, shape), jnp.int32)


def linear(inputs, outputs):
    return {"weight": weight(inputs, outputs), "bias": jnp.zeros(outputs)}


def affine(layer, x):
    return x @ layer["weight"] + layer["bias"]


def dense(workload):
    parameters = [linear(inputs, outputs) for inputs, outputs in zip(workload.sizes, workload.sizes[1:])]
    activation = ACTIVATIONS[workload.activation]

    def apply(parameters, x):
        for layer in parameters[:-1]:
            x = activation(affine(layer, x))
        return affine(parameters[-1], x)

    last = workload.sizes[-1]
    x = normal(workload.batch, workload.sizes[0])
    is_class = workload.loss == "cross-entropy"
    return parameters, apply, x, classes(last, workload.batch) if is_class else normal(workload.batch, last)


def convolved(x, kernel, stride=1, padding="VALID"):
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def cnn(_):
    parameters = {
        "first": {"weight": weight(3, 3, 1, 32), "bias": jnp.zeros(32)},
        "second": {"weight": weight(3, 3, 32, 64), "bias": jnp.zeros(64)},
        "hidden": linear(9216, 128), "output": linear(128, 10)}

    def apply(parameters, x):
        for name in ("first", "second"):
            x = jax.nn.relu(convolved(x, parameters[name]["weight"]) + parameters[name]["bias"])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = x.reshape(x.shape[0], -1)
        return affine(parameters["output"], jax.nn.relu(affine(parameters["hidden"], x)))

    return parameters, apply, normal(64, 28, 28, 1), classes(10, 64)


def norm(width):
    return {"scale": jnp.ones(width), "shift": jnp.zeros(width)}


def normalized(x, layer, axes):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * layer["scale"] + layer["shift"]


def resnet(_):
    def conv(size, inputs, outputs):
        return {"kernel": weight(size, size, inputs, outputs), "norm": norm(outputs)}

    blocks, strides, inputs = [], [], 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for stride in (stride, 1):
            block = {"first": conv(3, inputs, outputs), "second": conv(3, outputs, outputs)}
            if stride != 1 or inputs != outputs:
                block["skip"] = conv(1, inputs, outputs)
            blocks.append(block)
            strides.append(stride)
            inputs = outputs
    parameters = {"stem": conv(3, 3, 64), "blocks": blocks, "output": linear(512, 10)}

    def conv_norm(layer, x, stride, padding):
        return normalized(convolved(x, layer["kernel"], stride, padding), layer["norm"], (0, 1, 2))

    def apply(parameters, x):
        around = ((1, 1), (1, 1))
        x = jax.nn.relu(conv_norm(parameters["stem"], x, 1, around))
        for block, stride in zip(parameters["blocks"], strides):
            made = jax.nn.relu(conv_norm(block["first"], x, stride, around))
            made = conv_norm(block["second"], made, 1, around)
            x = jax.nn.relu(made + (conv_norm(block["skip"], x, stride, "VALID") if "skip" in block else x))
        return affine(parameters["output"], x.mean((1, 2)))

    return parameters, apply, normal(32, 32, 32, 3), classes(10, 32)


def lstm(_):
    parameters = {
        "embedding": normal(65, 128), "input": linear(128, 1024), "hidden": weight(256, 1024),
        "head": linear(256, 65)}

    def apply(parameters, tokens):
        # The products of all steps with what comes in are made at once.
        given = affine(parameters["input"], parameters["embedding"][tokens]).swapaxes(0, 1)

        def cell(state, given):
            output, memory = state
            enter, forget, fresh, leave = jnp.split(given + output @ parameters["hidden"], 4, -1)
            memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(enter) * jnp.tanh(fresh)
            output = jax.nn.sigmoid(leave) * jnp.tanh(memory)
            return (output, memory), output

        zeros = jnp.zeros((tokens.shape[0], 256), given.dtype)
        outputs = lax.scan(cell, (zeros, zeros), given)[1]
        return affine(parameters["head"], outputs.swapaxes(0, 1))

    return parameters, apply, classes(65, 32, 128), classes(65, 32, 128)


def gpt(name):
    sizes = TRANSFORMERS[name]
    batch, length, width, heads = WORKLOADS[name].batch, sizes.length, sizes.width, sizes.heads
    parameters = {
        "embedding": normal(sizes.vocabulary, width) * 0.02, "places": normal(sizes.places, width) * 0.02,
        "norm": norm(width),
        "blocks": [
            {
                "attention_norm": norm(width), "input": linear(width, 3 * width),
                "output": linear(width, width), "norm": norm(width), "up": linear(width, 4 * width),
                "down": linear(4 * width, width),
            } for _ in range(sizes.layers)]}

    def apply(parameters, tokens):
        x = parameters["embedding"][tokens] + parameters["places"][:length]
        for block in parameters["blocks"]:
            parts = affine(block["input"], normalized(x, block["attention_norm"], -1))
            parts = parts.reshape(batch, length, 3, heads, width // heads)
            seen = jax.nn.dot_product_attention(parts[:, :, 0], parts[:, :, 1], parts[:, :, 2], is_causal=True)
            x = x + affine(block["output"], seen.reshape(batch, length, width))
            x = x + affine(block["down"], jax.nn.gelu(affine(block["up"], normalized(x, block["norm"], -1))))
        return normalized(x, parameters["norm"], -1) @ parameters["embedding"].T

    def tokens():
        return classes(sizes.vocabulary, batch, length)

    return parameters, apply, tokens(), tokens()
