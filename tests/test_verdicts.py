"""The observer's judgement of each reaction, and how far outside the global model has been."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Watched, build, watch
from strategies import PROMISING, fit, light, make_script, scripts

from fgm_ref.protocols import VARIANCE
from fgm_ref.simulation.observer import VERDICTS, GuaranteeBroken
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.faults import Faults

safes = st.sampled_from(("ball", "variance", "cap"))


def game(protocol, k, **more):
    """Sites on a line that start at 0; R = 1, so S is admissible in [−1, 1]."""
    return Watched(build(protocol, np.zeros(1), k, threshold=1.0, **more), strict=False)


def column(*moves):
    return np.array(moves)[:, None]


def test_true():
    # S = 1.5 is outside, by 0.5, and GM synchronises everybody
    watched = game("gm", 2)
    watched.step(column(1.5, 1.5))
    assert watched.verdicts == ["true"] and watched.overshoots == [0.5]
    assert watched.game.coordinator.round == 2


def test_false_global():
    # one site is outside, S = 0.6 is not: everybody is synchronised for nothing
    watched = game("gm", 2)
    watched.step(column(1.2, 0.0))
    assert watched.verdicts == ["false-global"] and watched.overshoots == [0]
    assert watched.game.coordinator.round == 2


def test_false_local():
    # one site is outside, and a rebalance with one more is enough
    watched = game("gm-reb", 4)
    watched.step(column(1.2, 0.0, 0.0, 0.0))
    assert watched.verdicts == ["false-local"] and watched.overshoots == [0]
    assert (watched.game.coordinator.round, watched.game.coordinator.rebalances) == (1, 1)


def test_false_local_of_a_flush():
    # FGM, opposite drifts: the sum of norms is used up, the flush shows that S has not moved
    watched = game("fgm-reb", 2)
    watched.step(column(3.0, -3.0))
    assert watched.verdicts == ["false-local"] and watched.game.coordinator.round == 1


def test_missed():
    # S is outside and the violations are lost: nobody reacts; a breach as well
    for faults in (Faults(delay=5), Faults(drop=0.99, resend=False)):
        watched = game("gm", 2, faults=faults)
        watched.step(column(1.5, 1.5))
        assert (
            watched.verdicts == ["missed"] and watched.overshoots == [0.5] and watched.breaches == 1
        )
        assert watched.game.coordinator.round == 1


def test_a_late_reaction_is_judged_by_where_s_is_by_then():
    # outside in step 1, missed; back inside in step 2, when the late violation arrives: now it is a false one
    watched = game("gm", 2, faults=Faults(delay=1))
    watched.step(column(1.5, 1.5))
    watched.step(column(-1.4, -1.4))
    assert watched.verdicts == ["missed", "false-global"]


def test_nothing_to_judge():
    # inside, and nobody spoke; FGM's increments and polls are no reactions, a new subround is none either
    watched = game("fgm", 3)
    for _ in range(5):
        watched.step(column(0.3, 0.0, 0.0))
    assert watched.game.coordinator.subrounds > 1 or len(watched.game.events) > 1
    assert set(watched.verdicts) == {""}


def test_no_guarantee_no_verdict():
    # local training promises nothing, so wherever S goes nothing is said
    watched = game("local", 2)
    watched.step(column(9.0, 9.0))
    assert (watched.verdicts, watched.overshoots, watched.breaches) == ([""], [0.0], 0)


@pytest.mark.parametrize("protocol", PROMISING)
@light
@given(safe=safes, script=scripts(max_steps=25))
def test_nothing_is_missed_on_a_safe_network(protocol, safe, script):
    # whenever S is outside, somebody reacts in the same step; and each verdict fits what has happened
    rounds, rebalances = [1], [0]

    def note(game):
        rounds.append(game.coordinator.round)
        rebalances.append(game.coordinator.rebalances)

    watched = watch(script, protocol, fit(protocol, safe), visit=note)
    assert len(watched.verdicts) == len(watched.overshoots) == len(script)
    for n, (verdict, overshoot) in enumerate(
        zip(watched.verdicts, watched.overshoots, strict=True)
    ):
        everybody, some = rounds[n + 1] > rounds[n], rebalances[n + 1] > rebalances[n]
        assert (
            verdict
            == {
                (False, True): "false-global",
                (True, True): "true",
                (False, False): "false-local" if some else "",
                (True, False): "true" if some else "missed",
            }[overshoot > 0, everybody]
        )
        assert verdict != "missed"


@pytest.mark.parametrize("protocol", [name for name in PROMISING if not name.startswith("dynamic")])
@light
@given(script=scripts(max_steps=25, styles=("walk", "common", "outward")))
def test_overshoots_are_not_longer_than_a_step(protocol, script):
    # ball: S is 1-Lipschitz in the mean step, and was inside before.  (Variance: of the longest step's square root)
    steps = np.array([np.linalg.norm(m, axis=1).max() for m in script.moves])
    watched = watch(script, protocol)
    if watched.observer.guarantee is VARIANCE:
        assert (
            np.sqrt(np.array(watched.overshoots) + script.R**2) <= script.R + steps + 1e-9
        ).all()
    else:
        assert (np.array(watched.overshoots) <= steps + 1e-9).all()


def test_all_classes_happen():
    seen = set()
    for protocol in ("gm", "gm-reb", "fgm-reb"):
        for style in ("walk", "common", "opposite"):
            seen |= set(watch(make_script(4, 3, 60, style, R=2.0), protocol).verdicts)
    assert seen == {"", "true", "false-global", "false-local"}
    assert tuple(VERDICTS) == ("", "true", "false-global", "false-local", "missed")


SMALL = {
    "dataset": "ecg208",
    "protocol": "gm",
    "sites": 3,
    "hidden": (3,),
    "steps": 15,
    "batch": 4,
    "evaluations": 1,
    "threshold": 0.02,
}


def test_series_of_a_checked_run():
    result = run(checks=True, **SMALL)
    overshoot, verdict = result.series["overshoot"], result.series["verdict"]
    assert overshoot.shape == verdict.shape == (15,)
    assert (overshoot >= 0).all()
    names = [VERDICTS[v] for v in verdict]
    finished = np.diff(result.series["rounds"], prepend=0) > 0
    assert finished.any()
    assert [name != "" for name in names] == finished.tolist()
    assert [name == "true" for name in names] == (finished & (overshoot > 0)).tolist()


def test_series_of_an_unchecked_run():
    # the same run, and nobody judges
    result, checked = run(**SMALL), run(checks=True, **SMALL)
    assert np.isnan(result.series["overshoot"]).all() and not result.series["verdict"].any()
    np.testing.assert_array_equal(result.model, checked.model)


def test_what_faults_do_is_recorded():
    # a guarantee that cannot survive is not held against the protocol, but what is missed is written down
    result = run(checks=True, faults="delay=3", **SMALL)
    assert "missed" in {VERDICTS[v] for v in result.series["verdict"]}


def test_who_is_farther_out_than_a_step_is_long_has_broken_the_guarantee():
    # Violations are late.  Step 1 takes S to 3: outside by 2, in a step of 3.  Step 2 is a step of 0.5 and S is
    # outside by 2.5: it must have been outside before, and that is seen before anybody is heard
    watched = game("gm", 2, faults=Faults(delay=9))
    watched.step(column(3.0, 3.0))
    assert watched.overshoots == [2.0] and watched.breaches == 1
    watched.game.move(column(0.5, 0.5))
    assert watched.observer.overshoot() == 2.5 and watched.breaches == 2
    watched.observer.strict = True
    with pytest.raises(GuaranteeBroken, match=r"2\.5 outside, farther .*\(0\.5\)"):
        watched.observer.overshoot()
