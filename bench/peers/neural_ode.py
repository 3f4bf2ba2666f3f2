"""diffrax's example of a neural ODE, from the weights and mini-batches that it is given: x' = scale tanh(mlp(x))."""
import diffrax
import equinox
import jax
import jax.numpy as jnp
import numpy
import optax

from common import arguments, clock, report, table, weights


class Field(equinox.Module):
    scale: jax.Array
    mlp: equinox.nn.MLP

    def __call__(self, t, y, args):
        return self.scale * self.mlp(y)


class NeuralODE(equinox.Module):
    field: Field

    def __call__(self, ts, y0):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(self.field), diffrax.Tsit5(), t0=ts[0], t1=ts[-1], dt0=ts[1] - ts[0], y0=y0,
            stepsize_controller=diffrax.PIDController(rtol=1e-3, atol=1e-6), saveat=diffrax.SaveAt(ts=ts)).ys


def given(tensors):
    """The network with odegrad's weights, layers f.0, f.2, f.4."""
    mlp = equinox.nn.MLP(2, 2, 64, 2, activation=jax.nn.softplus, final_activation=jnp.tanh, key=jax.random.key(0))
    for i in range(3):
        for part in ("weight", "bias"):
            mlp = equinox.tree_at(lambda m: getattr(m.layers[i], part), mlp, jnp.asarray(tensors[f"f.{2 * i}.{part}"]))
    return NeuralODE(Field(jnp.asarray(tensors["scale"]), mlp))


@equinox.filter_value_and_grad
def loss_and_gradient(model, ts, ys):
    return jnp.mean((jax.vmap(model, in_axes=(None, 0))(ts, ys[:, 0]) - ys) ** 2)


def main():
    a = arguments("weights", "data", "batches", threads=1, points=100, warmup=5)
    now = clock(a.threads)
    data = table(a.data)
    series = int(data["id"].max())
    ts = jnp.asarray(data["t"].reshape(series, -1)[0, : a.points], dtype=jnp.float32)
    ys = numpy.stack([data["y[1]"], data["y[2]"]], axis=-1).reshape(series, -1, 2)[:, : a.points]
    ys = jnp.asarray(ys, dtype=jnp.float32)
    batches = jnp.asarray(numpy.loadtxt(a.batches, delimiter=",", dtype=int, ndmin=2))
    model = given(weights(a.weights))
    optimizer = optax.adabelief(3e-3)
    state = optimizer.init(equinox.filter(model, equinox.is_inexact_array))

    @equinox.filter_jit
    def step(model, state, batch):
        loss, gradient = loss_and_gradient(model, ts, ys[batch])
        updates, state = optimizer.update(gradient, state)
        return loss, equinox.apply_updates(model, updates), state

    seconds, losses = [], []
    for batch in batches:
        begin = now()
        loss, model, state = step(model, state, batch)
        losses.append(loss.item())
        seconds.append(now() - begin)
    report(f"diffrax {diffrax.__version__}, JAX {jax.__version__}", seconds[a.warmup:], losses, first=seconds[0],
           total=sum(seconds))


main()
