"""The promise about the spread of the models, which every protocol that bounds their variance makes."""

from fgm_ref.arrays import Array
from fgm_ref.protocols.protocol import GUARANTEES, Guarantee, mean_drift
from fgm_ref.safe.zones import Variance


def deviations(X: Array) -> Array:
    """w_i − S = X_i − (1/k) Σ X_j, (k, D)."""
    return X - mean_drift(X)


VARIANCE = Guarantee("(1/k) Σ ‖w_i − S‖² ≤ R²", deviations, Variance)
GUARANTEES["variance"] = VARIANCE
