"""Mistakes in the simulator: the observer who believes too much, streams, changes, and what is written down."""

from dataclasses import replace
from itertools import count

import numpy as np

from fgm_ref.arrays import norm
from fgm_ref.simulation import metrics, schedules

from .registry import mutant

OBSERVER = "simulation.observer:Observer"
SIMULATION = "simulation.simulate:Simulation"


@mutant(
    "z86",
    "the observer lets S go nine steps too far",
    f"{OBSERVER}.overshoot",
    "test_verdicts.py::test_who_is_farther_out_than_a_step_is_long_has_broken_the_guarantee",
)
def overshoot(self):
    """Some run failed in the last digit, and the tolerance was raised until it passed.

    A check that cannot fail is no check.  S may be outside for steps on end, and is said to have left in this one.
    """
    self.outside = False
    if not self.watching:
        return 0.0
    zone, now = self.zone(), self.seen()
    excess, reach = zone.excess(now), 9 * zone.reach(now - self.before)
    if excess > reach + self.tolerance * (reach + abs(zone.at_zero)):
        self._broken("too far outside")
    self.outside = excess > 0
    return max(0.0, excess)


@mutant(
    "z96",
    "the balanced accuracy is the plain one",
    "simulation.metrics:balanced_accuracy",
    "test_simulate.py::test_balanced_accuracy_weighs_the_classes_alike",
)
def balanced_accuracy(right, y):
    """In a test set with equally many samples of each class there is no difference, and there it was tried.

    With one class in twenty, a model that never names it is said to be 95 % right, balanced.
    """
    return float(right.mean())


@mutant(
    "z138",
    "one throw of the dice for all sites",
    "simulation.schedules:_bernoulli",
    "test_schedules_batches.py::test_sites_train_independently_of_each_other",
)
def bernoulli(values, k, rng):
    """`rng.random() < rates` is a mask of the right shape, and each site is active as often as it should be.

    But all together or nobody: sites of equal rates never get out of step, which is what the schedule is about.
    """
    rates = schedules._rates(values or "0.5", k)
    return (np.flatnonzero(rng.random() < rates) for _ in count())


@mutant(
    "z139",
    "every change starts from the data as they were at first",
    "simulation.changes:World._turn",
    "test_changes.py::test_a_second_swap_brings_the_old_concept_back_and_others_add_up",
)
def turn(self, first, concept):
    """The data set is at hand, as an argument; that it has been changed already is kept somewhere else.

    The second swap does what the first has done: the old concept never comes back.
    """
    _, data = self._periods[0]
    changed = replace(data, y_train=concept(data.y_train), y_test=concept(data.y_test))
    self._periods.append((first, changed))


@mutant(
    "z140",
    "the training labels change, those of the test part do not",
    "simulation.changes:World._turn",
    "test_changes.py::test_metrics_are_about_the_present",
)
def turn_training_only(self, first, concept):
    """The change happens to the stream, and the test part is no part of the stream.

    The better a protocol follows the new concept, the worse it is said to be.
    """
    _, data = self._periods[-1]
    self._periods.append((first, replace(data, y_train=concept(data.y_train))))


@mutant(
    "z141",
    "the training loss of a step is the mean over idle sites as well",
    f"{SIMULATION}._record",
    "test_simulate.py::test_the_loss_of_a_step_is_that_of_the_sites_that_trained",
)
def record(original, self, loss, overshoot, verdict):
    """`losses` has one number for each site, so its mean is the loss.

    The numbers of idle sites are old.  The curve is smoothed, and it lags behind by as much as they are slow.
    """
    original(self, np.nanmean(self.trained.losses), overshoot, verdict)


@mutant(
    "z142",
    "the spread is the mean distance, not its root mean square",
    f"{SIMULATION}._final",
    "test_simulate.py::test_spread_is_the_root_mean_square_distance",
)
def final(original, self, S):
    """ "How far are the models from S, on average?"  Either will do, if one says which.

    The page says which, and R² bounds the mean of the squares: the spread looks smaller than what was promised.
    """
    return original(self, S) | {"spread": float(np.mean(norm(self.models - S)))}


@mutant(
    "z143",
    "the observer compares with the very first step",
    f"{OBSERVER}.at_rest",
    "test_verdicts.py::test_who_is_farther_out_than_a_step_is_long_has_broken_the_guarantee",
)
def at_rest(original, self):
    """Where the sites stood is noted when the observer is made, and not again.

    The "step" that excuses an overshoot is all the way from there; soon everything is excused.
    """
    before = self.before
    verdict = original(self)
    self.before = before
    return verdict


@mutant(
    "z144",
    "the observer counts absent sites where their models lie",
    f"{OBSERVER}.seen",
    "test_faults.py::test_guarantee_survives_absence[fda-naive]",
)
def seen(self):
    """It sees all models, also that of a site that is switched off.

    The guarantee is about those who take part, with the absent ones at E; the observer cries wolf.
    """
    drifts = self.sites.models - self.coordinator.E
    return drifts if self.guarantee is None else np.asarray(self.guarantee.seen(drifts))


@mutant(
    "z145",
    "the served loss is remembered although the data have changed",
    f"{SIMULATION}.metrics",
    "test_changes.py::test_the_served_model_is_judged_by_the_present_data",
)
def remembered(self, p):
    """The same model, so the same loss: evaluating it twice is a waste.

    After a change of concept it is another loss.  Whoever seldom sends a model keeps the good marks of the old world.
    This one was ours.
    """
    for known, _, found in self._known:
        if np.array_equal(known, p):
            return found
    found = metrics.evaluate(self.model, p, self.data)
    self._known.append((p.copy(), self.data, found))
    return found
