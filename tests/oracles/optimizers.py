#!/usr/bin/env python3
"""Trajectories of optimisers for a fixed sequence of gradients, by PyTorch and optax in double precision: the truth of
tests/test_updater.c.

    optimizers.py torch  >optimizers.csv     # Debian: python3-torch 1.13.1
    optimizers.py optax >>optimizers.csv     # PyPI: optax 0.2.8

A row: the options, as odegrad has them; the step; theta after it. gradient() and START are repeated in the test; they
are multiples of 1/256, exact in both languages.
"""
import sys

STEPS = 40
START = [1.5, -0.75, 0.125]


def gradient(step, i):
    return ((step * 7919 + i * 104729 + step * step * 31) % 1024 - 384) / 256


TORCH = [
    # options of odegrad, class, its arguments
    ("optimizer=sgd", "SGD", dict(lr=1e-3)),
    ("optimizer=sgd;learning-rate=0.01;momentum=0.9", "SGD", dict(lr=0.01, momentum=0.9)),
    ("optimizer=sgd;learning-rate=0.01;momentum=0.8;dampening=0.3;weight-decay=0.1", "SGD",
     dict(lr=0.01, momentum=0.8, dampening=0.3, weight_decay=0.1)),
    ("optimizer=sgd;learning-rate=0.02;momentum=0.7;nesterov=yes;weight-decay=0.05", "SGD",
     dict(lr=0.02, momentum=0.7, nesterov=True, weight_decay=0.05)),
    ("optimizer=rmsprop", "RMSprop", {}),
    ("optimizer=rmsprop;learning-rate=0.003;alpha=0.9;epsilon=1e-4;weight-decay=0.2", "RMSprop",
     dict(lr=0.003, alpha=0.9, eps=1e-4, weight_decay=0.2)),
    ("optimizer=rmsprop;momentum=0.9;centered=yes", "RMSprop", dict(momentum=0.9, centered=True)),
    ("optimizer=adam", "Adam", {}),
    ("optimizer=adam;learning-rate=0.05;beta1=0.7;beta2=0.9;epsilon=0.001;weight-decay=0.3", "Adam",
     dict(lr=0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.3)),
    ("optimizer=adamw", "AdamW", {}),
    ("optimizer=adamw;learning-rate=0.02;beta1=0.8;beta2=0.99;weight-decay=0.5", "AdamW",
     dict(lr=0.02, betas=(0.8, 0.99), weight_decay=0.5)),
    # schedules: lr-final is a share of the rate, eta_min is not
    ("optimizer=sgd;learning-rate=0.1;lr-schedule=cosine;lr-final=0.05", "SGD", dict(lr=0.1)),
    ("optimizer=adam;lr-schedule=step;lr-step=7;lr-decay=0.5", "Adam", {}),
    ("optimizer=adamw;learning-rate=0.01;lr-schedule=cosine;warm-up=8", "AdamW", dict(lr=0.01)),
    ("optimizer=rmsprop;warm-up=5", "RMSprop", {}),
    # clipping, before the step
    ("optimizer=sgd;learning-rate=0.1;clip-norm=1.5", "SGD", dict(lr=0.1)),
    ("optimizer=sgd;learning-rate=0.1;clip-value=0.75", "SGD", dict(lr=0.1)),
]


def torch_schedule(optimizer, options, lr):
    from torch.optim import lr_scheduler as s
    warm_up = int(options.get("warm-up", 0))
    kind = options.get("lr-schedule", "constant")
    if kind == "cosine":
        main = s.CosineAnnealingLR(optimizer, STEPS - warm_up, eta_min=lr * float(options.get("lr-final", 0)))
    elif kind == "step":
        main = s.StepLR(optimizer, int(options["lr-step"]), gamma=float(options["lr-decay"]))
    else:
        main = s.ConstantLR(optimizer, factor=1)
    if not warm_up:
        return main
    rise = s.LinearLR(optimizer, start_factor=1 / (warm_up + 1), end_factor=1, total_iters=warm_up)
    return s.SequentialLR(optimizer, [rise, main], milestones=[warm_up])


def run_torch(text, name, arguments):
    import torch
    options = dict(pair.split("=") for pair in text.split(";"))
    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, name)([theta], **arguments)
    schedule = torch_schedule(optimizer, options, optimizer.param_groups[0]["lr"])
    for step in range(STEPS):
        theta.grad = torch.tensor([gradient(step, i) for i in range(len(START))], dtype=torch.float64)
        if "clip-norm" in options:
            torch.nn.utils.clip_grad_norm_([theta], float(options["clip-norm"]))
        if "clip-value" in options:
            torch.nn.utils.clip_grad_value_([theta], float(options["clip-value"]))
        optimizer.step()
        schedule.step()
        yield step, theta.detach().tolist()


OPTAX = [
    ("optimizer=adabelief", dict(learning_rate=1e-3)),
    ("optimizer=adabelief;learning-rate=0.03;beta1=0.8;beta2=0.95;epsilon=1e-6",
     dict(learning_rate=0.03, b1=0.8, b2=0.95, eps=1e-6, eps_root=1e-6)),
]


def run_optax(text, arguments):
    import jax
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax
    theta = jnp.array(START)
    optimizer = optax.adabelief(**arguments)
    state = optimizer.init(theta)
    for step in range(STEPS):
        g = jnp.array([gradient(step, i) for i in range(len(START))])
        updates, state = optimizer.update(g, state, theta)
        theta = optax.apply_updates(theta, updates)
        yield step, theta.tolist()


def main():
    library = sys.argv[1]
    if library == "torch":
        print("options,step," + ",".join(f"theta{i + 1}" for i in range(len(START))))
    for case in TORCH if library == "torch" else OPTAX:
        for step, theta in (run_torch if library == "torch" else run_optax)(*case):
            print(f"{case[0]},{step}," + ",".join(repr(x) for x in theta))


main()
