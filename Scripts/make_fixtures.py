#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Writes the fixtures of Tests/NNTests: what PyTorch computes for our tensors, layers, losses and
optimizers.

    pip install torch numpy
    python3 Scripts/make_fixtures.py            writes Tests/NNTests/Fixtures/*.safetensors
    python3 Scripts/make_fixtures.py --list     prints every case with its tensors and options

The files are checked in; this is only needed to add a case. Inputs are float32 numbers. Everything
is computed from them in float64 and rounded once to float32, so a difference is our error, not
PyTorch's. No input lies on a kink. Integers (classes, indices) are int32.

Layout
  A file is a safetensors file. A tensor's name is `group.case/role`. A case's options, a JSON object,
  are the string `group.case` in `__metadata__` (every case has one, `{}` if there are none); the
  string `cases` there is a JSON array of the file's cases, in order.
  Linear weights are [outputs, inputs], as PyTorch stores them.

activations.safetensors   activation.NAME (also PReLU and the GLU kinds)
  input  cotangent  expected  gradient.input      gradient.X is the pullback of `cotangent` to X
  weight  gradient.weight                         PReLU only: one slope, or one for each channel
  GLU kinds halve the last axis into a, b: a * f(b), f: sigmoid (glu), relu, gelu (exact), silu, identity

losses.safetensors        loss.NAME
  input  target  expected.none  expected.sum  expected.mean  gradient.input.sum  gradient.input.mean
  weight                  options `weight: true`: class weights [C]; for binary ones, of each element
  positive_weight         binary cross-entropy's positive weight [C]
  anchor positive negative (triplet), first second (cosine, margin ranking): several inputs, each with
                          its gradient.ROLE.sum and gradient.ROLE.mean
  expected.weight         what the sum is divided by to give the mean
  Logits are [B, C] or [B, T, C]: the classes lie last.

layers.safetensors        layer.NAME
  input  cotangent  expected  gradient.input, and each parameter P with gradient.P
  Batch norm: input.1 cotangent.1 expected.1 gradient.*.1 running_mean.1 running_var.1, then .2 (two
  training batches in turn), then input.3 expected.3 in evaluation mode; running_var is unbiased.

recurrent.safetensors     recurrent.NAME
  input [B, T, C]  h and c [layers * directions, B, H]: where it begins  lengths  cotangent of the outputs
  expected  end.h  end.c; the loss is (outputs cotangent) + sum end.h + 0.5 sum end.c; parameters by our
  paths, and gradient.P of each and of input, h, c

space.safetensors         conv.NAME, transposed.NAME, pool.NAME, group_norm.NAME, batch_norm.NAME, upsample.NAME
  as layers, with channels last and kernels [K..., inputs / groups, outputs] (transposed:
  [K..., outputs / groups, inputs])

optimizers.safetensors    optimizer.NAME, clip.NAME, ema
  The problem: loss(W, b) = mean((tanh(x W + b) - y)^2), x [6, 3], y [6, 4], W [3, 4], b [4]; x and y are
  problem/x, problem/y.
  parameter.W [steps+1, 3, 4]  parameter.b [steps+1, 4]  gradient.W [steps, 3, 4]  gradient.b  loss [steps+1]
  parameter.*[i+1] follows from parameter.*[i] and gradient.*[i]; slots start at zero.
  L-BFGS: parameter.x, loss only, of a quadratic (a, b: x'Ax/2 - b'x) and of Rosenbrock's function.
  clip: gradient.W gradient.b, expected.W expected.b, norm (before clipping).

schedules.safetensors     schedule.NAME
  rate [N]: the learning rate of update 0, 1, 2 …   plateau: metric [N], rate[i] after seeing metric[i]

models.safetensors        model.NAME
  x, y, each parameter by its path, logits, loss [1], gradient.PATH, losses [10] (before each of ten
  updates on the same batch), final.PATH (parameters after them); model.normed: buffers likewise.

tensors.safetensors       tensor.NAME, product.NAME, einsum.NAME, index.NAME
  input (or first, second)  cotangent  expected  gradient.input; indices where positions are asked for

attention.safetensors     attention.NAME, rotary.NAME, layer.attention.NAME, block.NAME, gpt.small
  attention: query [B, H, T, D]  key  value  cotangent  expected  gradient.*; bias, allowed [B, S] (0: padding)
  layers and blocks: input, memory, allowed, each parameter by its path, cotangent, expected, gradient.*
  gpt: x, y, each parameter by its path, logits, gradient.PATH, losses [10] (before each update)

architectures.safetensors recurrent, transformer, encoder, gpt, vit, mixer, unet, resnet . NAME
  tokens or images, target (classes; -100: ignored), each parameter by our path, logits, loss [1],
  gradient.PATH; transformer: before [B, T], the target tokens before each place

series.safetensors        cnn, recurrent, causal, forecaster . NAME
  series [B, T, C]  lengths [B]  target (classes, or numbers: then the loss is the squared error), each
  parameter by our path, logits, loss [1], gradient.PATH

weights.safetensors       weight_norm.NAME, spectral_norm.NAME
  input, parameters and buffers by our paths, cotangent; expected.0 to .2 before each of three steps of
  gradient descent, gradient.* of the first, final.* after them, used: the result in use
signal.safetensors        window.NAME, fourier.NAME, stft.NAME, istft.NAME, mel.NAME, cosine.NAME,
                          spectrum.NAME, resample.NAME
  input  cotangent  expected  gradient.input; complex numbers are pairs along the last axis; windows and mel
  filters [bins, count]: expected only
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fixtures import (
    activations, architectures, attention, layers, losses, models, optimizers, recurrent, schedules, series,
    signal, space, tensors, weights)

FOLDER = pathlib.Path(__file__).parent.parent / "Tests" / "NNTests" / "Fixtures"

# Bytes of a file.
LARGEST = 600_000


def encode(cases):
    """The bytes of a safetensors file: length of the header, header, data."""
    header, data, offset = {}, [], 0
    header["__metadata__"] = {"cases": json.dumps([c.name for c in cases])}
    for case in cases:
        header["__metadata__"][case.name] = json.dumps(case.options, sort_keys=True)
    for case in cases:
        for role, value in case.tensors.items():
            kind = {"f": "F32", "i": "I32"}[value.dtype.kind]
            raw = np.ascontiguousarray(value).tobytes()
            header[f"{case.name}/{role}"] = {
                "dtype": kind, "shape": list(value.shape), "data_offsets": [offset, offset + len(raw)]}
            data.append(raw)
            offset += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data)


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--list", action="store_true", help="print the cases, write nothing")
    arguments = arguments.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for module in (activations, losses, layers, optimizers, schedules, models, tensors, recurrent,
                   space, attention, architectures, series, weights, signal):
        cases = module.cases()
        names = [c.name for c in cases]
        assert len(names) == len(set(names)), "two cases of one name"
        if arguments.list:
            for case in cases:
                print(case.name, json.dumps(case.options))
                for role, value in case.tensors.items():
                    print("   ", role, list(value.shape), value.dtype)
            continue
        path = FOLDER / (module.__name__.split(".")[-1] + ".safetensors")
        content = encode(cases)
        if len(content) > LARGEST:
            sys.exit(f"{path.name}: {len(content)} bytes are too many for the repository: at most {LARGEST}")
        path.write_bytes(content)
        print(f"{path.name}: {len(cases)} cases, {len(content)} bytes")


if __name__ == "__main__":
    main()
