# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""The networks of the workloads in PyTorch, each with an input and a target of fixed random numbers."""
import torch
from torch import nn
from torch.nn import functional as F

from workloads import TRANSFORMERS, WORKLOADS

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "gelu": nn.GELU}


def build(name):
    """(model, input, target); outputs are [..., classes] where the target holds classes."""
    workload = WORKLOADS[name]
    if workload.sizes:
        return dense(workload)
    return {"cnn": cnn, "resnet": resnet, "lstm": lstm, "gpt": gpt, "gpt2": gpt}[name](name)


def classes(count, *shape):
    return torch.randint(0, count, shape)


def dense(workload):
    layers = []
    for inputs, outputs in zip(workload.sizes, workload.sizes[1:]):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[workload.activation]()]
    last = workload.sizes[-1]
    is_class = workload.loss == "cross-entropy"
    target = classes(last, workload.batch) if is_class else torch.randn(workload.batch, last)
    return nn.Sequential(*layers[:-1]), torch.randn(workload.batch, workload.sizes[0]), target


def cnn(_):
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10))
    return model, torch.randn(64, 1, 28, 28), classes(10, 64)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()

        def conv(size, inputs, stride):
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs))

        self.first, self.second = conv(3, inputs, stride), conv(3, outputs, 1)
        is_same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if is_same else conv(1, inputs, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.skip(x))


def resnet(_):
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    inputs = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [ResidualBlock(inputs, outputs, stride), ResidualBlock(outputs, outputs, 1)]
        inputs = outputs
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    return model, torch.randn(32, 3, 32, 32), classes(10, 32)


class RecurrentModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(65, 128)
        self.body = nn.LSTM(128, 256, batch_first=True)
        self.head = nn.Linear(256, 65)

    def forward(self, tokens):
        return self.head(self.body(self.embedding(tokens))[0])


def lstm(_):
    return RecurrentModel(), classes(65, 32, 128), classes(65, 32, 128)


class Block(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        width = sizes.width
        self.heads = sizes.heads
        self.attention_norm, self.input = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.input(self.attention_norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.output(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm(x)), approximate="tanh"))


class LanguageModel(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.embedding = nn.Embedding(sizes.vocabulary, sizes.width)
        self.places = nn.Embedding(sizes.places, sizes.width)
        self.blocks = nn.Sequential(*[Block(sizes) for _ in range(sizes.layers)])
        self.norm = nn.LayerNorm(sizes.width)
        self.head = nn.Linear(sizes.width, sizes.vocabulary, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        places = self.places(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(self.embedding(tokens) + places)))


def gpt(name):
    sizes = TRANSFORMERS[name]
    batch = WORKLOADS[name].batch

    def tokens():
        return classes(sizes.vocabulary, batch, sizes.length)

    return LanguageModel(sizes), tokens(), tokens()
