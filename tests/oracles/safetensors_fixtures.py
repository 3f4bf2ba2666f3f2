#!/usr/bin/env python3
"""Writes dtypes.safetensors, which tests/test_safetensors.c reads, with Python's safetensors library.

pip install safetensors torch numpy; then run it in this folder."""
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
