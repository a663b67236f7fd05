#!/usr/bin/env python3
# Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
"""Trains built-in recipes one after another and prints what each reaches on its test part, as Markdown.

    swift build -c release --product backprop
    python3 Scripts/measure_recipes.py FOLDER [NAME …] [--set KEY=VALUE …] [--threads N]

FOLDER holds `data`, as the recipes name it (data/mnist, data/ucr, …). Runs are written to a temporary
folder. Progress goes to standard error. Only Python's standard library is needed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Beginning with what is done soonest.
RECIPES = [
    "digits", "sms-spam", "sensor", "sensor-ecg200", "sensor-motions", "sensor-vowels", "forecast",
    "forecast-sunspots", "forecast-temperatures", "ag-news-bag", "mnist", "sst2", "ag-news", "names",
    "names-rnn", "speech-digits", "speech-digits-raw", "cnn", "fashion-mnist", "cnn-fashion",
    "gpt-char-small", "forecast-beijing", "resnet18-cifar", "char-rnn", "gpt-char"]


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=RECIPES)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--backprop", default=str(ROOT / ".build/release/backprop"))
    return parser.parse_args()


def train(options, name, folder):
    """The last line of the training, which tells the test's figures."""
    command = [options.backprop, "train", name, "--json", "--run", f"{folder}/{name}"]
    for override in options.set:
        command += ["--set", override]
    if options.threads:
        command += ["--threads", str(options.threads)]
    done = subprocess.run(command, cwd=options.folder, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.exit(f"measure_recipes: {' '.join(command)}\n{(done.stderr or done.stdout)[-800:]}")
    return json.loads(lines[-1])


def figure(test):
    """What the test part says, in words."""
    baselines = [key[: -len("_rmse")] for key in test if key.endswith("_rmse")]
    if baselines:
        others = ", ".join(f"{b.replace('_', ' ')} {test[b + '_rmse']:.4g}" for b in baselines)
        return f"RMSE {test['rmse']:.4g} ({others})"
    if "accuracy" in test:
        return f"{100 * test['accuracy']:.2f} %"
    if "r2" in test:
        return f"R² {test['r2']:.3f}"
    return f"{test['loss']:.3f} nats a token"


def main():
    options = parse()
    print("| recipe | on its test part | seconds | memory, MiB |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            done = train(options, name, folder)
            print(
                f"| `{name}` | {figure(done['test'])} | {done['seconds']:.0f} | {done['peak_rss_mib']:,} |",
                flush=True)


main()
