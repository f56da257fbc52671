"""Mistakes in learning: gradients, losses, optimisers, and the checker that should find them."""

import numpy as np

from fgm_ref.learning import lstm
from fgm_ref.learning.gradcheck import GradientReport, _directions, _slope, problem
from fgm_ref.learning.model import Model

from .registry import mutant

RECURRENT = "learning.recurrent:Recurrent"


@mutant(
    "z09",
    "the state of one sequence is the initial state of the next",
    f"{RECURRENT}._forward",
    "test_cells.py::test_initial_state_is_zero_again_after_a_call_with_another",
)
def forward(original, self, W, x, *initial):
    """Arrays are used again for speed, and h[0] still holds where the last sequence ended.

    The first batch is right; afterwards the gradient belongs to a sequence that nobody has.
    """
    end = self.h[-1].copy()
    h0, *others = initial
    return original(self, W, x, end if h0 is None else h0, *others)


@mutant(
    "z10",
    "the input gradient ignores what later time steps make of it",
    "learning.rnn:RNN.backward",
    "test_cells.py::test_gradients_of_every_block_against_central_differences[RNN]",
)
def backward(original, self, W, dW, dY):
    """dx[t] = Wxᵀ((1 − h²) ⊙ dY[t]) is the rule of a feed-forward layer, pasted into a recurrent one.

    x[t] also acts through h[t], h[t+1], ...  One layer trains well; a second one below it hardly learns.
    """
    original(self, W, dW, dY)
    own = np.zeros_like(self.h[1:])
    own[... if dY.ndim == 4 else -1] = dY
    self.dz_columns[...] = (own * (1 - self.h[1:] ** 2)).transpose(2, 1, 0, 3)


@mutant(
    "z11",
    "the input gate is given the gradient of the forget gate",
    "learning.lstm:LSTM.step_back",
    "test_cells.py::test_gradients_of_every_block_against_central_differences[LSTM]",
)
def step_back(original, self, do, t):
    """Four blocks of nearly equal lines; one is copied, and one letter of it stays as it was.

    The loss still falls, only more slowly.  Nobody notices without finite differences for *every* block.
    """
    original(self, do, t)
    _, i, f, _ = self.dz_of_gates[t]
    do.copy(f, out=i)


@mutant(
    "z12",
    "the gradient is clipped inside the loss",
    "learning.losses:SquaredError.record",
    "zoo/test_gaps.py::test_large_errors_keep_their_gradient",
)
def clipped(original, self, do):
    """Training blew up once, and a clip in the loss cured it for all users at once.

    It is no longer the gradient of this loss.  A check at small errors passes: look at large ones.
    """
    original(self, do)
    do(np.clip, self.dz, -5, 5, out=self.dz)


@mutant(
    "z13",
    "the backward pass also takes an optimiser step",
    "learning.model:Model.loss_and_gradient",
    "test_model.py::test_shapes_may_change_from_call_to_call",
)
def loss_and_gradient(original, self, P, x, y, G, rngs=None):
    """The gradient is needed only for the update, so why not make it right here?

    Nobody can check such a gradient, nor average it, nor give it to another optimiser.
    """
    losses = original(self, P, x, y, G, rngs)
    P -= 0.01 * G
    return losses


@mutant(
    "z15",
    "the gradient check is one-sided",
    "learning.gradcheck:gradcheck",
    "test_gradcheck.py::test_wrong_gradient_is_found_and_shown",
)
def one_sided(target, blocks=None, *, directions=0, epsilon=1e-5, tolerance=1e-6, seed=0):
    """`assert numeric - exact < tolerance`: the absolute value was meant, of course.

    A gradient that is too large passes, be it a thousand times too large.
    """
    if isinstance(target, Model):
        target, blocks = problem(target, seed=seed)
    gradients = {name: np.array(g) for name, g in target(blocks)[1].items()}
    rng, errors = np.random.default_rng(seed), {}
    for name, block in blocks.items():
        errors[name] = max(
            float(_slope(target, blocks, name, d, epsilon) - np.sum(gradients[name] * d))
            for d in _directions(block.shape, directions, rng)
        )
    return GradientReport(errors, tolerance)


@mutant(
    "z16",
    "the last block is left out of the gradient check",
    "learning.gradcheck:gradcheck",
    "test_gradcheck.py::test_a_model_is_checked_block_by_block",
)
def all_but_the_last(original, *args, **options):
    """`range(len(blocks) - 1)`, from a loop that once ran over pairs of neighbours.

    All that is checked is right.  Only a report that names what it covered can tell what it did not.
    """
    report = original(*args, **options)
    return GradientReport(dict(list(report.errors.items())[:-1]), report.tolerance)


@mutant(
    "z17",
    "gradients add up over repeated backward passes",
    f"{RECURRENT}.backward",
    "test_cells.py::test_backward_twice_does_not_accumulate",
)
def accumulate(original, self, W, dW, dY):
    """`+=` is right inside the sum over time steps and wrong around it; some libraries even want it so.

    Whoever forgets to clear the array in one of many places trains with the sum of all gradients so far.
    """
    before = dW.copy()
    original(self, W, dW, dY)
    dW += before


@mutant(
    "z55",
    "forget gate and input gate are swapped",
    "learning.lstm:LSTM",
    "test_cells.py::test_equals_the_textbook_cell[LSTM]",
)
class SwappedLSTM(lstm.LSTM):
    """The gates lie in the order o, f, i, g here and o, i, f, g there; nothing fails, for both are sigmoids.

    Backward is swapped as well, so every gradient check passes!  But the forget bias of 1 lands at the wrong gate.
    """

    @staticmethod
    def swap(W):
        o, i, f, g = np.split(W, 4, axis=1)
        return np.concatenate([o, f, i, g], axis=1)

    def forward(self, W, x, h0=None, c0=None):
        return super().forward(self.swap(W), x, h0, c0)

    def backward(self, W, dW, dY):
        super().backward(self.swap(W), dW, dY)
        dW[...] = self.swap(dW)

    def input_gradient(self, W):
        return super().input_gradient(self.swap(W))


@mutant(
    "z56",
    "Adam's bias correction counts the steps of all sites",
    "learning.optim:Adam._count",
    "test_optim.py::test_idle_sites_equal_separate_optimisers[adam]",
)
def count(self, sites):
    """One step number t, as in every single-machine Adam.

    A site that was idle takes its first steps with the corrections of late ones: two to three times too long.
    """
    self.powers *= [[self.b1], [self.b2]]


@mutant(
    "z57",
    "clipping uses the norm of all sites together",
    "learning.optim:clip_by_norm",
    "test_optim.py::test_clipping_by_each_sites_own_norm",
)
def clip_by_norm(G, max_norm):
    """The sites are stacked in one array, and the norm of an array is one call.

    A site's step then depends on everybody's gradients: information has crossed without a message.
    """
    total = np.linalg.norm(G)
    if total > max_norm:
        G *= max_norm / total
    return np.full(len(G), total)


@mutant(
    "z58",
    "a softmax without subtracting the maximum",
    "learning.losses:CrossEntropy.record",
    "test_losses.py::test_large_logits_neither_overflow_nor_vanish",
    raises="RuntimeWarning",
)
def without_the_maximum(original, self, do):
    """exp(z)/Σ exp(z), as in the book.

    exp(89) is infinite in single precision: one confident prediction, and every weight is "not a number".
    """
    reduce = do.reduce

    def without(function, operand, axis, out):
        if function is np.maximum:
            do.copy(0, out=out)
        else:
            reduce(function, operand, axis, out)

    do.reduce = without
    original(self, do)


@mutant(
    "z59",
    "dropout does not scale up what it keeps",
    "learning.layers:Dropout.forward",
    "test_model.py::test_dropout_is_for_training_only_and_each_site_has_its_own",
)
def dropout(self, x, rngs):
    """Switch off some units, leave the others alone: that is how dropout is told.

    In training the readout sees smaller sums than in use, so the test loss is worse than it need be.
    """
    T, H, _, B = self.mask.shape
    for j, rng in enumerate(rngs):
        self.mask[:, :, j] = rng.random((T, H, B), np.float32) >= self.rate
    return np.multiply(x, self.mask, out=self.y)


@mutant(
    "z60",
    "the optimiser's state survives although it should be reset",
    "learning.learners:Learners.synchronised",
    "test_simulate.py::test_reset_forgets_the_momentum",
)
def synchronised(self, sites):
    """The model is replaced; that moments belong to the *old* model is nobody's business.

    Keep, reset or average: each is a choice, and runs differ by it.  Asking for one and getting another is not.
    """
