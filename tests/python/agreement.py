"""Both halves of safetensors.sh that are Python's: what goes into odegrad, and whether the same came out."""
import json
import struct
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import save_file

MODEL = """# \u03b1 is the rate; "quoted" \\ and a tab\t
const k = 1
param alpha = 1 in [0, 5], W[2, 3] = 0
net f = mlp(2, 3, 1; tanh)
init x = [1, k]
x' = -alpha*x + W*[1, 2, 3]/10 + [0, f(x)]/10
observe x ~ normal(x, 1)
time 0 : 1
"""
SHAPES = {
    "alpha": (),
    "W": (2, 3),
    "f.0.weight": (3, 2),
    "f.0.bias": (3,),
    "f.2.weight": (1, 3),
    "f.2.bias": (1,),
}


def prepare():
    numbers = numpy.random.default_rng(1)
    start = {name: numbers.uniform(0, 1, shape).tolist() for name, shape in SHAPES.items()}
    with open("model.ode", "w", encoding="utf-8") as file:
        file.write(MODEL)
    with open("start.json", "w", encoding="utf-8") as file:
        json.dump(start, file)
    with open("data.csv", "w", encoding="utf-8") as file:
        file.write("t,x[1],x[2]\n0,1,6\n0.5,1,3\n1,1,2\n")


def crc64(data):
    """CRC-64/XZ, bit by bit."""
    crc = 2**64 - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    return crc ^ (2**64 - 1)


def checksum(tensors, metadata):
    """odegrad.checksum as docs/files.md describes it."""
    word = struct.Struct("<Q").pack
    parts = [word(len(tensors))]
    for name in sorted(tensors, key=str.encode):
        shape = tensors[name].shape
        parts += [name.encode(), b"\0", word(len(shape)), *map(word, shape), tensors[name].astype("<f8").tobytes()]
    for key in sorted(set(metadata) - {"odegrad.checksum"}, key=str.encode):
        parts += [key.encode(), b"\0", metadata[key].encode(), b"\0"]
    return f"{crc64(b''.join(parts)):016x}"


def compare():
    with open("start.json", encoding="utf-8") as file:
        start = json.load(file)
    with safe_open("trained.safetensors", "np") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    assert metadata["format"] == "odegrad", metadata
    assert metadata["odegrad.model"] == MODEL, metadata
    assert metadata["odegrad.set.k"] == "2*3", metadata
    assert set(tensors) == set(SHAPES), tensors
    for name, shape in SHAPES.items():
        assert tensors[name].dtype == numpy.float64 and tensors[name].shape == shape, name
        assert (tensors[name] == numpy.array(start[name])).all(), name  # the same bits
    assert metadata["odegrad.checksum"] == checksum(tensors, metadata), metadata
    save_file(tensors, "kept.safetensors", metadata)  # nothing changed: the checksum still holds
    alpha = tensors["alpha"]
    tensors["alpha"] = numpy.asarray(alpha + 1)
    save_file(tensors, "changed.safetensors", metadata)
    save_file(tensors, "meant.safetensors", {key: metadata[key] for key in metadata if key != "odegrad.checksum"})
    tensors["alpha"] = alpha
    # The way back: under the names of a module that has the network, and with the numbers in another order.
    renamed = {name.replace("f.", "module.net."): values for name, values in tensors.items()}
    save_file(dict(sorted(renamed.items(), reverse=True)), "again.safetensors")


{"prepare": prepare, "compare": compare}[sys.argv[1]]()
