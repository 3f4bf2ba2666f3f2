"""What the peers share: arguments, weights and data as odegrad wrote them, medians, and the result as one line of JSON.

Python's side of bench_spiral, bench_mlp and bench_neural_ode, which start these programs."""
import argparse
import csv
import json
import statistics
import time

import numpy
from safetensors.numpy import load_file


def arguments(*names, **defaults):
    """Arguments --name TEXT that must be given, and --name NUMBER with defaults."""
    parser = argparse.ArgumentParser()
    for name in names:
        parser.add_argument("--" + name, required=True)
    for name, value in defaults.items():
        parser.add_argument("--" + name, type=type(value), default=value)
    return parser.parse_args()


def clock(threads):
    """Processor time where one thread works, so that other programs count little; time on the wall where several do."""
    return time.process_time if threads == 1 else time.perf_counter


def weights(path, dtype=numpy.float32):
    """Tensors by name; odegrad writes double precision."""
    return {name: numpy.asarray(value, dtype=dtype) for name, value in load_file(path).items()}


def table(path):
    """The columns of a CSV file, by name, as arrays of double."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    values = numpy.array(rows[1:], dtype=float)
    return {name: values[:, i] for i, name in enumerate(rows[0])}


def report(name, seconds, losses, **more):
    """Seconds of each iteration, of which the first few, slower, are left out by the caller."""
    print(json.dumps({"peer": name, "seconds": statistics.median(seconds), "fastest": min(seconds),
                      "losses": [float(loss) for loss in losses], **more}), flush=True)
