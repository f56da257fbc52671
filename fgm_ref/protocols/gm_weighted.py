"""Geometric monitoring of the mean weighted by samples.

φ_i = k p_i φ has the sign of φ, so the sites call out when they always did; and while nobody does, Σ p_i φ(X_i) ≤ 0.
"""

from fgm_ref.protocols import gm, weights
from fgm_ref.protocols.protocol import MEAN, Look, Protocol, Reference


class Sites(weights.MonitoringSites, gm.Sites):
    """As in plain GM, and tell n_i."""


class Coordinator(weights.Coordinator, gm.Coordinator):
    """One violation: collect all drifts, publish E + Σ p_i X_i."""


PROTOCOL = Protocol(
    "gm-weighted",
    "geometric monitoring of the mean weighted by samples",
    Sites,
    Coordinator,
    guarantee=MEAN,
    look=Look("orange", ":", "$W$"),
    reference=Reference(
        source="as `gm`; McMahan et al. 2017 for the weights",
        event="1 VIOLATION, k POLL, k DRIFT, k MODEL (once: k POLL, k COUNT)",
        bytes="8kD (once: 4k)",
        held_by="test_weights.py::test_guarantee",
        promise="Σ p_i φ(X_i) ≤ 0",
    ),
    exact=True,
    needs_everybody=True,
)
