"""The same training step in PyTorch on the CPU, in five ways that users would write it and one that they would not.

`nn.LSTM` orders its gates i, f, g, o and has two biases; the library's order is o, i, f, g with one bias.  The
hand-made cells below use the library's own matrices, W = [recurrent | input | bias].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from engines import Engine
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.functional import cross_entropy
from workloads import LR, Case, Problem, Workload

from fgm_ref.arrays import Array
from fgm_ref.learning.params import Layout

TO_TORCH, TO_LIBRARY = [1, 2, 3, 0], [3, 0, 1, 2]  # o, i, f, g <-> i, f, g, o


class Net(nn.Module):
    """One site's network made of PyTorch's modules; x (T, B, D) -> logits (B, O)."""

    def __init__(self, shape: Workload):
        super().__init__()
        cell = nn.LSTM if shape.cell == "lstm" else nn.RNN
        self.cells = nn.ModuleList(cell(D, H) for _, D, H in shape.spec.layers)
        self.readout = nn.Linear(shape.hidden[-1], shape.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """The readout of the last step."""
        for cell in self.cells:
            x, _ = cell(x)
        return self.readout(x[-1])


def reorder(rows: Array, order: list[int]) -> Array:
    """Rows (k, 4H, ...) gate by gate in another order; a plain RNN has nothing to reorder."""
    return rows.reshape(len(rows), 4, -1, *rows.shape[2:])[:, order].reshape(rows.shape)


def to_modules(shape: Workload, P: Array) -> dict[str, Array]:
    """P (k, n) -> the arrays (k, ...) of `Net` by their names; the second bias is 0."""
    w, named = Layout(shape.spec.shapes()).views(P), {}
    for i, (name, _, H) in enumerate(shape.spec.layers):
        W = reorder(w[f"{name}.W"], TO_TORCH) if shape.gates == 4 else w[f"{name}.W"]
        parts = W[:, :, :H], W[:, :, H:-1], W[:, :, -1], 0 * W[:, :, -1]
        for part, value in zip(
            ("weight_hh", "weight_ih", "bias_ih", "bias_hh"), parts, strict=True
        ):
            named[f"cells.{i}.{part}_l0"] = value
    return named | {
        "readout.weight": w["readout"][:, :, :-1],
        "readout.bias": w["readout"][:, :, -1],
    }


def from_modules(shape: Workload, named: dict[str, Array], biases: int) -> Array:
    """The inverse; `biases` is 2 to add the two biases up (weights), 1 to take the first (gradients)."""
    blocks = []
    for i in range(len(shape.hidden)):
        hh, ih, b, second = (
            named[f"cells.{i}.{part}_l0"]
            for part in ("weight_hh", "weight_ih", "bias_ih", "bias_hh")
        )
        W = np.concatenate([hh, ih, (b + second if biases == 2 else b)[:, :, None]], axis=2)
        blocks.append(reorder(W, TO_LIBRARY) if shape.gates == 4 else W)
    blocks.append(
        np.concatenate([named["readout.weight"], named["readout.bias"][:, :, None]], axis=2)
    )
    return np.concatenate([block.reshape(len(block), -1) for block in blocks], axis=1)


def last_step(shape: Workload, w: dict[str, Tensor], x: Tensor) -> Tensor:
    """The network by hand on the library's matrices; x (..., T, B, D) -> logits (..., B, O); ... is k or nothing."""
    rows = x
    for name, D, H in shape.spec.layers:
        W = w[f"{name}.W"]
        WhT, WxT, b = W[..., :H].mT, W[..., H : H + D].mT, W[..., -1].unsqueeze(-2)
        inputs = (rows.flatten(-3, -2) @ WxT + b).unflatten(
            -2, x.shape[-3:-1]
        )  # of all steps in one product
        h = c = torch.zeros(*x.shape[:-3], x.shape[-2], H, dtype=x.dtype)
        outputs = []
        for z in inputs.unbind(-3):
            z = z + h @ WhT if z.ndim == 2 else torch.baddbmm(z, h, WhT)
            if shape.gates == 4:
                o, i, f = z[..., : 3 * H].sigmoid().chunk(3, -1)
                c = f * c + i * z[..., 3 * H :].tanh()
                h = o * c.tanh()
            else:
                h = z.tanh()
            outputs.append(h)
        rows = torch.stack(outputs, -3)
    W = w["readout"]
    return rows[..., -1, :, :] @ W[..., :-1].mT + W[..., -1].unsqueeze(-2)


class TorchEngine(Engine):
    """Base: the mini-batch as (T, k, B, D) tensors, and the steps that all ways share."""

    def __init__(self, case: Case, given: Problem):
        self.shape, self.k = case.shape, case.k
        self.layout = Layout(self.shape.spec.shapes())
        self.x = torch.tensor(np.ascontiguousarray(given.x.transpose(2, 0, 1, 3)))
        self.y = torch.tensor(given.y)
        self.setup(given.P.copy())

    def setup(self, P: Array) -> None:
        """Make the parameters and the optimiser."""

    def backward(self) -> None:
        """Leave the gradients of all sites in `.grad`."""

    def step(self) -> None:
        self.backward()
        self.optimizer.step()


class Loop(TorchEngine):
    """One module per site, one Adam with default settings each: what most users write."""

    def setup(self, P: Array) -> None:
        named = to_modules(self.shape, P)
        self.nets = [Net(self.shape).to(self.x.dtype) for _ in range(self.k)]
        for j, net in enumerate(self.nets):
            net.load_state_dict({name: torch.tensor(value[j]) for name, value in named.items()})
        self.xs = [x.contiguous() for x in self.x.unbind(1)]
        self.optimizers = self.make_optimizers()

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        """An optimiser for every site."""
        return [torch.optim.Adam(net.parameters(), lr=LR) for net in self.nets]

    def backward(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        for net, x, y in zip(self.nets, self.xs, self.y, strict=True):
            cross_entropy(net(x), y).backward()

    def step(self) -> None:
        self.backward()
        for optimizer in self.optimizers:
            optimizer.step()

    def gradient(self) -> Array:
        self.backward()
        nets = [dict(net.named_parameters()) for net in self.nets]
        return from_modules(
            self.shape, {n: np.stack([net[n].grad.numpy() for net in nets]) for n in nets[0]}, 1
        )

    def weights(self) -> Array:
        nets = [net.state_dict() for net in self.nets]
        return from_modules(
            self.shape, {n: np.stack([net[n].numpy() for net in nets]) for n in nets[0]}, 2
        )


class LoopFused(Loop):
    """One module per site, one fused Adam for all."""

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        return [
            torch.optim.Adam([p for net in self.nets for p in net.parameters()], lr=LR, fused=True)
        ]


class VmapModule(TorchEngine):
    """`vmap(grad_and_value)` over the module; without oneDNN, which is slower here."""

    def setup(self, P: Array) -> None:
        torch.backends.mkldnn.set_flags(
            _enabled=False
        )  # for the whole process, which is this engine's own
        net = Net(self.shape).to(self.x.dtype)
        self.params, _ = stack_module_state([net] * self.k)
        with torch.no_grad():
            for name, value in to_modules(self.shape, P).items():
                self.params[name].copy_(torch.tensor(value))
        self.optimizer: Any = torch.optim.Adam(self.params.values(), lr=LR, fused=True)

        def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return cross_entropy(functional_call(net, params, (x,)), y)

        self.gradients = vmap(grad_and_value(loss), in_dims=(0, 1, 0))

    def backward(self) -> None:
        grads, _ = self.gradients(
            {name: p.detach() for name, p in self.params.items()}, self.x, self.y
        )
        for name, p in self.params.items():
            p.grad = grads[name]

    def gradient(self) -> Array:
        self.backward()
        return from_modules(
            self.shape, {name: p.grad.numpy() for name, p in self.params.items()}, 1
        )

    def weights(self) -> Array:
        return from_modules(
            self.shape, {name: p.detach().numpy() for name, p in self.params.items()}, 2
        )


class HandBatched(TorchEngine):
    """A hand-made cell whose products are `baddbmm` over the sites; autograd does the rest."""

    def setup(self, P: Array) -> None:
        self.x = self.x.transpose(0, 1).contiguous()
        self.params = {
            name: torch.tensor(w).requires_grad_() for name, w in self.layout.views(P).items()
        }
        self.optimizer: Any = torch.optim.Adam(self.params.values(), lr=LR, fused=True)

    def backward(self) -> None:
        self.optimizer.zero_grad()
        z = last_step(self.shape, self.params, self.x)
        # the sum of the sites' mean losses: each site gets the gradient of its own
        (
            cross_entropy(z.flatten(0, 1), self.y.flatten(), reduction="sum") / self.shape.B
        ).backward()

    def gradient(self) -> Array:
        self.backward()
        return np.concatenate(
            [p.grad.numpy().reshape(self.k, -1) for p in self.params.values()], axis=1
        )

    def weights(self) -> Array:
        return np.concatenate(
            [p.detach().numpy().reshape(self.k, -1) for p in self.params.values()], axis=1
        )


class VmapCell(HandBatched):
    """`vmap(grad_and_value)` over the hand-made cell of one site."""

    def setup(self, P: Array) -> None:
        super().setup(P)

        def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return cross_entropy(last_step(self.shape, params, x), y)

        self.gradients = vmap(grad_and_value(loss))

    def backward(self) -> None:
        grads, _ = self.gradients(
            {name: p.detach() for name, p in self.params.items()}, self.x, self.y
        )
        for name, p in self.params.items():
            p.grad = grads[name]
