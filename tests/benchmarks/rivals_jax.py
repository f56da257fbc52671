"""The same training step in JAX: one compiled function, `jit` of `vmap` of `scan`, its arguments donated."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from engines import Engine
from workloads import LR, Case, Problem

from fgm_ref.arrays import Array
from fgm_ref.learning.params import Layout

B1, B2, EPS = 0.9, 0.999, 1e-8
Tree = dict[str, jax.Array]


class Scan(Engine):
    """Each site's loss is a `scan` per layer; Adam is part of the compiled step."""

    def __init__(self, case: Case, given: Problem):
        jax.config.update("jax_enable_x64", case.dtype == "float64")
        self.shape, self.k = case.shape, case.k
        self.unroll = self.shape.T if self.shape.T <= 5 else 1  # more is slower for long loops
        views = Layout(self.shape.spec.shapes()).views(given.P)
        w = {name: jnp.array(value) for name, value in views.items()}
        m, v = ({name: jnp.zeros_like(value) for name, value in w.items()} for _ in range(2))
        self.state = (w, m, v, jnp.zeros((), case.dtype))
        self.x = jnp.array(np.ascontiguousarray(given.x.swapaxes(1, 2)))  # (k, T, B, D)
        self.y = jnp.array(given.y)
        self.gradients = jax.vmap(jax.grad(self.loss))
        self.compiled = jax.jit(self.update, donate_argnums=0)
        self.compiled_gradients = jax.jit(self.gradients)

    def loss(self, w: Tree, x: jax.Array, y: jax.Array) -> jax.Array:
        """One site's mean cross-entropy; x (T, B, D), y (B,)."""
        rows = x
        for name, D, H in self.shape.spec.layers:
            WhT, WxT, b = (
                w[f"{name}.W"][:, :H].T,
                w[f"{name}.W"][:, H : H + D].T,
                w[f"{name}.W"][:, -1],
            )

            def lstm(state: tuple[jax.Array, jax.Array], z: jax.Array, WhT=WhT, H=H):
                h, c = state
                z = z + h @ WhT
                o, i, f = jnp.split(jax.nn.sigmoid(z[:, : 3 * H]), 3, axis=1)
                c = f * c + i * jnp.tanh(z[:, 3 * H :])
                h = o * jnp.tanh(c)
                return (h, c), h

            def rnn(state: tuple[jax.Array, jax.Array], z: jax.Array, WhT=WhT):
                h = jnp.tanh(z + state[0] @ WhT)
                return (h, h), h

            zero = jnp.zeros((x.shape[1], H), x.dtype)
            cell = lstm if self.shape.gates == 4 else rnn
            _, rows = jax.lax.scan(cell, (zero, zero), rows @ WxT + b, unroll=self.unroll)
        z = rows[-1] @ w["readout"][:, :-1].T + w["readout"][:, -1]
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1).mean()

    def update(self, state: tuple[Tree, Tree, Tree, jax.Array], x: jax.Array, y: jax.Array):
        """One step of all sites: weights, moments and number of steps -> the next ones."""
        w, m, v, t = state
        g, t = self.gradients(w, x, y), t + 1
        m = jax.tree.map(lambda m, g: B1 * m + (1 - B1) * g, m, g)
        v = jax.tree.map(lambda v, g: B2 * v + (1 - B2) * g * g, v, g)
        r = jnp.sqrt(1 - B2**t)
        rate = LR * r / (1 - B1**t)
        w = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPS * r), w, m, v)
        return w, m, v, t

    def step(self) -> None:
        self.state = self.compiled(self.state, self.x, self.y)

    def wait(self) -> None:
        jax.block_until_ready(self.state)

    def _flat(self, tree: Tree) -> Array:
        return np.concatenate(
            [np.asarray(value).reshape(self.k, -1) for value in tree.values()], axis=1
        )

    def gradient(self) -> Array:
        g = self.compiled_gradients(self.state[0], self.x, self.y)
        return self._flat({name: g[name] for name in self.shape.spec.shapes()})

    def weights(self) -> Array:
        return self._flat({name: self.state[0][name] for name in self.shape.spec.shapes()})
