#!/usr/bin/env python3
"""Writes what tests/test_safetensors.c and tests/test_state_dict.c read with PyTorch and Python's safetensors library.

pip install safetensors torch numpy; then run it in this folder."""
import json

import torch
from safetensors.torch import save_file

VALUES = [[0.0, -0.0, 1.0], [-2.5, 65504.0, 2.0**-24], [1.5 * 2.0**-14, float("inf"), float("-inf")]]
values = torch.tensor(VALUES, dtype=torch.float64)

save_file(
    {
        "f64": values,
        "f32": values.to(torch.float32),
        "f16": values.to(torch.float16),
        "bf16": values.to(torch.bfloat16),  # rounds 65504 to 65536
        "i64": torch.tensor([-3, 0, 2**53]),
        "scalar": torch.tensor(1 / 3, dtype=torch.float64),
        "nan": torch.tensor([float("nan"), -float("nan")], dtype=torch.float16),
        "empty": torch.zeros((0, 4)),
    },
    "dtypes.safetensors",
    {"greeting": 'grüß "dich"\n'},
)

# A state dict as it comes from a Sequential, and from a module that has one; outputs computed in double precision.
torch.manual_seed(4)
sequential = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
save_file(sequential.state_dict(), "sequential.safetensors")


class Field(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = sequential


save_file(torch.nn.DataParallel(Field()).state_dict(), "nested.safetensors")  # module.net.0.weight, ...
inputs = torch.randn(4, 2, dtype=torch.float64)
with torch.no_grad():
    outputs = sequential.double()(inputs)
with open("sequential.json", "w") as file:
    json.dump({"inputs": inputs.tolist(), "outputs": outputs.tolist()}, file, indent=1)
    file.write("\n")
