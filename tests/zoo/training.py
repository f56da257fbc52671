"""Mistakes in training: dropout, the optimisers' memory, and models that are cut into stacks and batches."""

import numpy as np

from fgm_ref.learning.optim import Optimizer

from .registry import mutant


@mutant(
    "z83",
    "the sites that train take the dropout streams of the first ones",
    "learning.learners:Learners._rngs",
    "test_learners.py::test_some_sites_train_as_they_would_alone",
)
def generators(self, sites):
    """As many generators as there are active sites: the lengths fit, and nothing fails.

    What a site draws depends on who else trains, so two protocols are no longer compared on equal masks.
    """
    if self.rngs is None or sites is None:
        return self.rngs
    return self.rngs[: len(sites)]


@mutant(
    "z84",
    "one dropout mask for all time steps",
    "learning.layers:Dropout.forward",
    "test_model.py::test_every_number_is_dropped_by_itself",
)
def one_mask(self, x, rngs):
    """A unit is switched off or it is not; and a mask without a time axis is broadcast in silence.

    That is another method (Gal & Ghahramani's) under the same name: what is dropped stays away for the whole window.
    """
    _, H, _, B = self.mask.shape
    for j, rng in enumerate(rngs):
        self.mask[:, :, j] = rng.random((1, H, B), np.float32) >= self.rate
    self.mask *= 1 / (1 - self.rate)
    return np.multiply(x, self.mask, out=self.y)


@mutant(
    "z85",
    "resetting one site's Adam sets all step counts back",
    "learning.optim:Adam.reset",
    "test_optim.py::test_reset_leaves_the_others_alone",
)
def reset(self, sites=None):
    """The moments are reset by rows, in the base class; the step counts are an afterthought, and lie the other way.

    Those who were not reset have old moments and a correction for new ones: their next steps are far too long.
    """
    Optimizer.reset(self, sites)
    self.powers[:] = 1


@mutant(
    "z98",
    "the squared error is not divided by the number of outputs",
    "learning.losses:SquaredError.record",
    "test_losses.py::test_squared_error",
)
def by_sample(original, self, do):
    """A mean over the samples is a mean; with one output it is even the right one.

    The gradient fits the loss, so no gradient check finds it.  The learning rate is multiplied by the outputs.
    """
    original(self, do)
    outputs = np.array(len(self.z), self.z.dtype)
    do(np.multiply, self.dz, outputs, out=self.dz)
    do(np.multiply, self.losses, outputs, out=self.losses)


@mutant(
    "z99",
    "Adam's ε is not scaled along with the bias corrections",
    "learning.optim:Adam._constants",
    "test_optim.py::test_equals_the_textbook[adam]",
)
def constants(original, self, site):
    """The corrections are folded into the step size, as the paper suggests; that ε must be folded too is a footnote.

    Where gradients are tiny, the first steps are up to thirty times too short.
    """
    b1, b2, rate, eps = original(self, site)
    one_less = np.sqrt(1 - self.b2)  # the sums are kept without the factor 1 - b2
    return [b1, b2, rate, np.array(self.eps / one_less, eps.dtype)]


@mutant(
    "z100",
    "averaged Adam: the moments travel, the step counts stay at home",
    "learning.optim:Adam._adopt_counters",
    "test_optim.py::test_first_step_of_an_idle_site_is_one_learning_rate[float64]",
)
def adopt_counters(self, counters):
    """The state that one thinks of are the two arrays; a count of steps does not look like something to be averaged.

    A site that was idle takes old moments for new ones: its first step is far too long.  This one was ours as well.
    """


@mutant(
    "z101",
    "the gradient is truncated one step too late",
    "learning.recurrent:Recurrent.__init__",
    "test_cells.py::test_truncation_cuts_the_gradient_but_not_the_state[RNN]",
)
def truncated_late(original, self, k, D, H, T, B, dtype, truncate=0):
    """Whether τ counts steps or the gaps between them is decided anew in every program.

    Training hardly notices; but whoever says that lags beyond τ cannot be learnt has measured something else.
    """
    original(self, k, D, H, T, B, dtype, truncate + 1 if truncate else 0)


@mutant(
    "z102",
    "the output gate's peephole is given the old cell state",
    "learning.peephole:PeepholeLSTM.backward",
    "test_cells.py::test_gradients_of_every_block_against_central_differences[PeepholeLSTM]",
)
def peephole_gradient(original, self, W, p, dW, dp, dY):
    """Two of three peepholes look at c[t−1]; the third one looks at c[t], and is easily treated alike.

    The gradient points roughly where it should, so training goes on, a little worse.
    """
    initial = original(self, W, p, dW, dp, dY)
    T, H, k, B = self.shape
    output_gate = self.dz.reshape(T, 4, H, k, B)[:, 0]
    dp[:, 0] = np.einsum("thkb,thkb->kh", output_gate, self.c[:-1])
    return initial


@mutant(
    "z103",
    "the bias of 1 is given to the input gate, not to the forget gate",
    "learning.lstm:LSTM.initial",
    "test_model.py::test_initial_vector[float32]",
)
def initial(original, cls, rng, D, H):
    """The gates are numbered, the order is i, f in one place and f, i in another.

    The cell starts out forgetting half of everything at each step, as if the bias had never been invented.
    """
    W = original(cls, rng, D, H)
    W[H : 2 * H, -1] = 1
    W[2 * H : 3 * H, -1] = 0
    return W


@mutant(
    "z104",
    "targets lie sample by sample, predictions step by step",
    "learning.chain:Chain.targets",
    "test_model.py::test_outputs_and_loss_agree_with_training",
)
def targets(self, y):
    """Both have M = steps·B columns, and one `reshape` is as good as another.

    The gradient is that of this loss, so every check of it passes; the model is taught the answers of other samples.
    """
    if self.spec.readout == "every":
        k, B, T, *outputs = y.shape
        y = y.reshape(k, B * T, *outputs)
    if self.spec.task == "regression":
        y = np.moveaxis(y, -1, 0)
    return y


@mutant(
    "z105",
    "the test loss is the mean of the batches' means",
    "learning.model:Model.loss",
    "test_model.py::test_large_test_sets_are_cut_into_batches[last]",
)
def loss(original, self, p, x, y):
    """A mean of means is the mean, if all batches are equally long.  The last one is not.

    A few samples at the end of the test part count as much as hundreds, and the result depends on the batch size.
    """
    means = [original(self, p, x[batch], y[batch]) for batch in self._batches(x)]
    return float(np.mean(means))


class FirstStack(list):
    """Generators of which every stack of sites gets the first ones."""

    def __getitem__(self, stack):
        return list.__getitem__(self, slice(0, stack.stop - stack.start))


@mutant(
    "z106",
    "every stack of sites draws from the first stack's generators",
    "learning.model:Model.loss_and_gradient",
    "test_model.py::test_stacks_of_any_size_give_the_same",
)
def loss_and_gradient(original, self, P, x, y, G, rngs=None):
    """Weights, windows and targets are cut by `[s]`; one more argument is passed on as it is, or cut from its start.

    With few sites there is one stack and all is well.  With many, the later ones draw from other sites' streams.
    """
    return original(self, P, x, y, G, rngs and FirstStack(rngs))


@mutant(
    "z107",
    "the random rotation is what QR leaves, signs and all",
    "learning.params:orthogonal",
    "test_params.py::test_distributions",
)
def orthogonal(rng, n):
    """Q of a normal matrix is orthogonal, and random; so it is a random orthogonal matrix.

    Not a uniform one: LAPACK fixes the signs, so that some rotations never come.
    """
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return Q
