"""The library's own design in PyTorch's operations: BPTT by hand into buffers, no autograd, Adam on one tensor.

Nobody would write PyTorch like this; it shows how much of the library's speed is the design.
"""

from __future__ import annotations

import numpy as np
import torch
from rivals_torch import TorchEngine
from torch import Tensor
from workloads import LR

from fgm_ref.arrays import Array


def sites_first(m: Tensor) -> Tensor:
    """(feature, site, sample) seen as (site, feature, sample)."""
    return m.transpose(0, 1)


class Explicit(TorchEngine):
    """Arrays run (time, feature, site, sample), as in `fgm_ref.learning.layers`."""

    def setup(self, P: Array) -> None:
        torch.set_grad_enabled(False)
        self.P = torch.tensor(P)
        self.P.grad = self.G = torch.zeros_like(self.P)
        self.optimizer = torch.optim.Adam([self.P.requires_grad_()], lr=LR, fused=True)
        w, g = (self._views(flat) for flat in (self.P.detach(), self.G))
        self.w, self.g = w, g
        self.input = self.x.permute(0, 3, 1, 2).contiguous()
        T, B, k, new = self.shape.T, self.shape.B, self.k, self.input.new_zeros
        self.layers = []
        for name, D, H in self.shape.spec.layers:
            rows = self.shape.gates * H
            a = {
                "u": new(T + 1, H + D + 1, k, B),
                "a": new(T, rows, k, B),
                "dz": new(T, rows, k, B),
                "c": new(T + 1, H, k, B),
                "tc": new(T, H, k, B),
                "dc": new(H, k, B),
                "dh": new(H, k, B),
                "t1": new(H, k, B),
                "t2": new(H, k, B),
                "W": w[f"{name}.W"],
                "dW": g[f"{name}.W"],
            }
            a["u"][:, -1] = 1
            self.layers.append(a | {"h": a["u"][:, :H]})

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        layout = self.layout
        return {
            name: flat[:, layout.slice_of(name)].view(self.k, *shape)
            for name, shape in layout.shapes.items()
        }

    def backward(self) -> None:
        T, B, below = self.shape.T, self.shape.B, self.input
        forward, back = (
            (self._lstm, self._lstm_back) if self.shape.gates == 4 else (self._rnn, self._rnn_back)
        )
        for a in self.layers:
            a["u"][:T, a["h"].shape[1] : -1] = below
            for t in range(T):
                forward(a, t)
            below = a["h"][1:]
        W, v = self.w["readout"], torch.cat([below[-1], torch.ones_like(below[-1, :1])])
        z = torch.bmm(W, sites_first(v))  # (k, O, B)
        dz = torch.softmax(z, 1)
        self.losses = -torch.log_softmax(z, 1).gather(1, self.y[:, None]).mean(-1)
        dz.scatter_add_(1, self.y[:, None], torch.full_like(dz[:, :1], -1)).mul_(1 / B)
        torch.bmm(dz, sites_first(v).mT, out=self.g["readout"])
        dY = sites_first(torch.bmm(W[:, :, :-1].mT, dz))
        for a in reversed(self.layers):
            dh, H = a["dh"], len(a["dh"])
            dh.copy_(dY[-1] if dY.ndim == 4 else dY)
            a["dc"].zero_()
            WhT = a["W"][:, :, :H].mT
            for t in reversed(range(T)):
                back(a, t)
                if t:
                    torch.bmm(WhT, sites_first(a["dz"][t]), out=sites_first(dh))
                    if dY.ndim == 4:
                        dh += dY[t - 1]
            columns = a["dz"].permute(2, 1, 0, 3).reshape(self.k, -1, T * B)
            rows = a["u"][:T].permute(2, 0, 3, 1).reshape(self.k, T * B, -1)
            torch.bmm(columns, rows, out=a["dW"])
            if a is not self.layers[0]:
                dY = (
                    torch.bmm(a["W"][:, :, H:-1].mT, columns)
                    .view(self.k, -1, T, B)
                    .permute(2, 1, 0, 3)
                )

    def _lstm(self, a: dict[str, Tensor], t: int) -> None:
        z, c, h = a["a"][t], a["c"][t + 1], a["h"][t + 1]
        H = len(h)
        torch.bmm(a["W"], sites_first(a["u"][t]), out=sites_first(z))
        z[: 3 * H].sigmoid_()
        z[3 * H :].tanh_()
        o, i, f, g = z.view(4, *h.shape)
        torch.mul(f, a["c"][t], out=c).addcmul_(i, g)
        torch.tanh(c, out=a["tc"][t])
        torch.mul(o, a["tc"][t], out=h)

    def _lstm_back(self, a: dict[str, Tensor], t: int) -> None:
        dh, dc, t1, t2, tc = a["dh"], a["dc"], a["t1"], a["t2"], a["tc"][t]
        gates, dz = a["a"][t].view(4, *dh.shape), a["dz"][t].view(4, *dh.shape)
        o, i, f, g = gates
        torch.mul(dh, o, out=t1)
        torch.mul(tc, tc, out=t2)
        dc += t1
        dc.addcmul_(t1, t2, value=-1)  # dc += dh o (1 - tanh²)
        torch.mul(gates[:3], gates[:3], out=dz[:3])
        torch.sub(gates[:3], dz[:3], out=dz[:3])
        dz[0].mul_(dh).mul_(tc)
        dz[1].mul_(dc).mul_(g)
        dz[2].mul_(dc).mul_(a["c"][t])
        torch.mul(dc, i, out=t1)
        torch.mul(g, g, out=t2)
        torch.mul(t1, t2, out=dz[3])
        torch.sub(t1, dz[3], out=dz[3])
        dc.mul_(f)

    def _rnn(self, a: dict[str, Tensor], t: int) -> None:
        torch.bmm(a["W"], sites_first(a["u"][t]), out=sites_first(a["h"][t + 1]))
        a["h"][t + 1].tanh_()

    def _rnn_back(self, a: dict[str, Tensor], t: int) -> None:
        h, dz = a["h"][t + 1], a["dz"][t]
        torch.mul(h, h, out=dz)
        dz.neg_().add_(1).mul_(a["dh"])

    def gradient(self) -> Array:
        self.backward()
        return self.G.numpy()

    def weights(self) -> Array:
        return np.asarray(self.P.detach().numpy())
