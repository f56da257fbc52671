"""A network with faults: what is billed, what still arrives, and which guarantees survive it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play, start, survives, watch
from strategies import (
    EVERY,
    MONITORING,
    PROMISING,
    SEEDS,
    absences,
    fit,
    light,
    make_script,
    scripts,
)

from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.faults import Faults, parse_faults
from fgm_ref.transport.messages import DRIFT, KINDS

MENDED = {
    "drop": Faults(drop=0.4),
    "duplicate": Faults(duplicate=0.5),
    "reorder": Faults(reorder=True),
    "all three": Faults(drop=0.4, duplicate=0.5, reorder=True),
}
mended = pytest.mark.parametrize("fault", sorted(MENDED))
safes = st.sampled_from(("ball", "variance", "cap"))
# Standing at E, where the coordinator takes an absent site to be, is the best that a site can do if φ(0) is φ's least
# value and drifts are counted from E.  Not so after a flush or a slack balance, nor for what moves or falls below φ(0).
STAND_INS = [
    name
    for name, protocol in PROTOCOLS.items()
    if survives(Faults(absent={0: (1, 2)}), name) and protocol.guarantee is not None
]
UNASKED = {"VIOLATION", "INCREMENT", "LOCAL", "MONITOR", "SAMPLES"}


def protocols(names):
    return pytest.mark.parametrize("protocol", names)


# ------------------------------------------------------------------------------------- guarantees that survive


@protocols(PROMISING)
@mended
@light
@given(safe=safes, script=scripts(max_steps=20, max_k=5))
def test_guarantee_survives(protocol, fault, safe, script):
    # what is resent arrives within its step; a counter that runs ahead only ends its subround sooner
    assert survives(MENDED[fault], protocol)
    assert watch(script, protocol, fit(protocol, safe), faults=MENDED[fault]).breaches == 0


@protocols(STAND_INS)
@light
@given(safe=safes, data=st.data())
def test_guarantee_survives_absence(protocol, safe, data):
    script = data.draw(scripts(max_steps=20))
    faults = Faults(absent=data.draw(absences(script)))
    assert survives(faults, protocol)
    assert watch(script, protocol, safe, faults=faults).breaches == 0


def gone(site, first, last, **more):
    return Faults(absent={site: (first, last)}, **more)


@protocols(
    [
        "gm-reb:balancing=slack",
        "gm-limits:balancing=slack",
        "fgm-reb",
        "fgm-reb:rule=bimodal",
        "fgm-reb:rule=fixed",
        "fda-linear",
    ]
)
def test_guarantee_survives_absence_after_drifts_have_cancelled(protocol):
    for seed in range(60):
        script = make_script(
            4, 2, 30, ("opposite", "common", "walk")[seed % 3], R=(0.5, 2.0)[seed % 2], seed=seed
        )
        for site in range(4):
            for first in (2, 5, 10):
                faults = gone(site, first, 30)
                assert (
                    not survives(faults, protocol)
                    or watch(script, protocol, faults=faults).breaches == 0
                )


@pytest.mark.parametrize(
    "protocol, safe",
    [
        ("gm", "tracking"),
        ("fgm", "tracking"),
        ("fgm", "tracking-variance"),
        ("fgm", "half-space"),
        ("fgm", "upper-norm"),
    ],
)
def test_guarantee_survives_absence_whatever_the_zone(protocol, safe):
    for seed in range(40):
        script = make_script(3, 2, 30, "outward", R=2.0, seed=seed)
        for site in range(3):
            for first in (3, 6, 10):
                faults = gone(site, first, 30)
                held = survives(faults, protocol, safe)
                assert not held or watch(script, protocol, safe, faults=faults).breaches == 0


@protocols(["fgm-projection", "fgm-centre", "fgm-probe", "fgm-o"])
def test_some_protocols_need_an_answer_from_everybody(protocol):
    with pytest.raises(ValueError, match="faults: expected no absent sites with"):
        run(protocol=protocol, faults="absent=1:2-3", **SMALL)


def test_averaging_optimiser_states_needs_everybody():
    with pytest.raises(
        ValueError, match="faults: expected no absent sites with averaged optimiser states"
    ):
        run(protocol="periodic:b=3", optimizer_state="average", faults="absent=1:2-3", **SMALL)


# ----------------------------------------------------------------------------------------- guarantees that do not

UNMENDED = {"delay": Faults(delay=2), "drop for good": Faults(drop=0.9, resend=False)}


@protocols(PROMISING)
@pytest.mark.parametrize("fault", sorted(UNMENDED))
def test_guarantee_is_lost(protocol, fault):
    # late and lost messages are what a guarantee is lost by: it is said beforehand, and the breaches are counted
    faults = UNMENDED[fault]
    assert not survives(faults, protocol)
    breaches = 0
    for seed in range(20):
        script = make_script(4, 3, 30, ("outward", "walk")[seed % 2], R=1.0, seed=seed)
        breaches += watch(script, protocol, strict=False, faults=faults).breaches
        assert watch(script, protocol).breaches == 0  # on a safe network there is none
        if breaches:
            break
    assert breaches > 0


def test_what_survives():
    assert all(
        survives(faults, "fgm")
        for faults in (None, Faults(), Faults(drop=0.5, duplicate=0.5, reorder=True))
    )
    assert not survives(Faults(delay=1), "fgm") and not survives(
        Faults(drop=0.1, resend=False), "fgm"
    )
    assert survives(Faults(drop=0, resend=False), "fgm")
    assert survives(gone(0, 1, 2), "fgm") and not survives(gone(0, 1, 2), "omniscient")
    assert survives(Faults(absent={}), "omniscient")


# -------------------------------------------------------------------------------------------------------- the bill


def merged(game):
    """The log with repetitions left out, site by site: what was meant to be sent."""
    return [event[:9] for event in game.events if event.reason != "lost"]


@protocols(EVERY)
@light
@given(safe=safes, script=scripts(max_steps=20))
def test_resending_changes_the_bill_only(protocol, safe, script):
    # the faults draw from their own stream: models and rounds are bit-equal, every kind is billed at least as often
    safe = fit(protocol, safe)
    game, plain = (
        play(script, protocol, safe, faults=Faults(drop=0.5)),
        play(script, protocol, safe),
    )
    np.testing.assert_array_equal(game.sites.models, plain.sites.models)
    np.testing.assert_array_equal(game.coordinator.E, plain.coordinator.E)
    assert game.coordinator.tag == plain.coordinator.tag
    counts, fewer = game.counts(), plain.counts()
    assert counts.keys() == fewer.keys()
    assert all(counts[name] >= fewer[name] for name in fewer)
    # without the repetitions, it is the log of a safe network
    seen, repeats = [], 0
    for event in game.events:
        kind = KINDS[event.kind].name
        if event.reason == "lost" or (kind in UNASKED and seen and repr(event) == repr(seen[-1])):
            repeats += 1
        else:
            seen.append(event)
    assert [repr(e) for e in seen] == [repr(e) for e in plain.events]
    assert game.ledger.total_messages >= plain.ledger.total_messages + min(1, repeats)


@protocols(["periodic:b=1", "fda-linear", "central"])
def test_how_often_things_are_sent(protocol):
    # each attempt arrives with probability 1 − p, so a message is sent 1/(1 − p) times: 4/3 for p = 1/4
    script = make_script(5, 3, 400, R=0.5)
    game, plain = play(script, protocol, faults=Faults(drop=0.25)), play(script, protocol)
    for name, count in plain.counts().items():
        if count > 1000 and name != "POLL":
            assert game.counts()[name] / count == pytest.approx(4 / 3, rel=0.05), name


@protocols(
    [
        "periodic:b=2",
        "central",
        "dynamic-plain",
        "gm",
        "fda-naive",
        "fda-linear",
        "fda-sketch",
        "omniscient",
    ]
)
@light
@given(script=scripts(max_steps=20))
def test_duplicates_are_billed_twice_and_change_nothing(protocol, script):
    # whoever collects one message per site, or drops the stale, is none the wiser
    game, plain = play(script, protocol, faults=Faults(duplicate=1.0)), play(script, protocol)
    np.testing.assert_array_equal(game.sites.models, plain.sites.models)
    np.testing.assert_array_equal(game.coordinator.E, plain.coordinator.E)
    polled = protocol.startswith(("fda", "dynamic"))  # there, models come as replies
    twice = {
        name: count * (2 if name in UNASKED and (name != "LOCAL" or not polled) else 1)
        for name, count in plain.counts().items()
    }
    assert game.counts() == twice
    if protocol == "gm":  # the second copy belongs to the round that its first copy has ended
        assert game.coordinator.dropped == plain.counts().get("VIOLATION", 0)


@protocols(["fgm", "fgm-reb", "fgm-projection:m=2", "fgm-centre", "fgm-o"])
@light
@given(script=scripts(max_steps=20))
def test_duplicates_make_a_counter_run_ahead(protocol, script):
    # c ≥ Σ c_i, never behind; what belongs to an older subround is dropped
    def check(game):
        assert game.coordinator.c >= game.sites.c.sum()
        assert game.coordinator.c <= script.k

    play(script, protocol, visit=check, faults=Faults(duplicate=0.7))


@protocols(["gm-reb", "gm-limits"])
def test_duplicates_do_not_balance_a_site_with_itself(protocol):
    # |B| ≥ 2, whatever arrives twice
    script, sizes = make_script(5, 3, 60, "opposite", R=3.0), []
    game = start(script, protocol, faults=Faults(duplicate=0.5))
    balance = game.coordinator.balance
    game.coordinator.balance = lambda B: (sizes.append(len(B)), balance(B))
    for moves, active in script:
        game.step(moves, active)
    assert len(sizes) > 5 and min(sizes) >= 2


@protocols(EVERY)
@light
@given(script=scripts(max_steps=15))
def test_reordering_without_delay_is_nothing(protocol, script):
    # sites have their turn in random order anyhow
    game, plain = play(script, protocol, faults=Faults(reorder=True)), play(script, protocol)
    assert repr(game.events) == repr(plain.events)
    np.testing.assert_array_equal(game.sites.models, plain.sites.models)


@protocols(EVERY)
@light
@given(script=scripts(max_steps=15))
def test_no_faults_at_all_are_the_safe_network(protocol, script):
    assert repr(play(script, protocol, faults=Faults()).events) == repr(
        play(script, protocol).events
    )


@protocols(EVERY)
@light
@given(script=scripts(max_steps=15), seed=SEEDS)
def test_same_seed_same_faults(protocol, script, seed):
    faults = Faults(drop=0.3, duplicate=0.3, delay=1, reorder=True)
    one, two = (play(script, protocol, seed=seed, faults=faults) for _ in range(2))
    assert repr(one.events) == repr(two.events)
    np.testing.assert_array_equal(one.sites.models, two.sites.models)


def test_another_seed_other_faults():
    script = make_script(4, 3, 30, R=1.0)
    for protocol in ("periodic:b=3", "gm", "fgm"):
        bills = {
            play(script, protocol, seed=seed, faults=Faults(drop=0.3)).ledger.total_messages
            for seed in range(6)
        }
        assert len(bills) > 1, protocol


# --------------------------------------------------------------------------------------------------- late and lost


@given(delay=st.integers(0, 5), script=scripts(max_steps=30, min_k=2))
def test_delay_is_exact(delay, script):
    # σ_6: models sent in step 6n make a new E in step 6n + delay, and it is the mean of what they were then
    game, sent = start(script, "periodic:b=6", faults=Faults(delay=delay)), None
    for step, (moves, active) in enumerate(script, 1):
        game.move(moves, active)
        if step % 6 == 0:
            sent = game.S
        number = game.coordinator.round
        game.network.exchange()
        assert game.coordinator.round - number == (step >= 6 and step % 6 == delay % 6)
        if game.coordinator.round > number:
            np.testing.assert_allclose(game.coordinator.E, sent, atol=1e-10)


def test_late_increments_are_stale():
    # FGM, late by 3: increments of a subround that has ended are dropped and counted, not added
    script = make_script(4, 3, 60, "outward", R=2.0)
    game = play(script, "fgm", faults=Faults(delay=3))
    assert game.coordinator.dropped > 0
    assert play(script, "fgm").coordinator.dropped == 0


@given(seed=SEEDS)
def test_order_of_what_is_late(seed):
    # without reordering in the order of sending; with it in any order
    arrivals = {False: [], True: []}
    for reorder, arrived in arrivals.items():
        game = build(
            "periodic:b=2", np.ones(1), 6, seed=seed, faults=Faults(delay=1, reorder=reorder)
        )
        receive = game.coordinator.receive
        game.coordinator.receive = lambda site, message, r=receive, a=arrived: (
            a.append(site),
            r(site, message),
        )
        for _ in range(3):
            game.step(np.zeros((6, 1)))
        sent = [
            e.site for e, name in zip(game.events, game.names(), strict=True) if name == "LOCAL"
        ]
        assert sorted(arrived) == list(range(6))
        assert reorder or arrived == sent


def test_reordering_happens():
    differ = 0
    for seed in range(10):
        orders = []
        for reorder in (False, True):
            game, arrived = (
                build(
                    "periodic:b=2",
                    np.ones(1),
                    6,
                    seed=seed,
                    faults=Faults(delay=1, reorder=reorder),
                ),
                [],
            )
            receive = game.coordinator.receive
            game.coordinator.receive = lambda site, message, r=receive, a=arrived: (
                a.append(site),
                r(site, message),
            )
            for _ in range(3):
                game.step(np.zeros((6, 1)))
            orders.append(arrived)
        differ += orders[0] != orders[1]
    assert differ > 5


def test_what_is_lost_for_good_is_billed_once_and_never_arrives():
    game = build("periodic:b=1", np.ones(1), 3, faults=Faults(drop=0.99, resend=False))
    for _ in range(4):
        game.step(np.ones((3, 1)))
    assert game.counts()["LOCAL"] == 12
    assert game.coordinator.round == 1


# ---------------------------------------------------------------------------------------------------- absent sites


# No answer from a site, no protocol; and a hub has no sites that would stand still.
NEEDED = ["central", *(name for name, one in PROTOCOLS.items() if one.needs_everybody)]


@protocols([name for name in EVERY if parse(name).protocol.name not in NEEDED])
@light
@given(safe=safes, data=st.data())
def test_absent(protocol, safe, data):
    script = data.draw(scripts(max_steps=25, min_k=2))
    site, first = data.draw(st.integers(0, script.k - 1)), data.draw(st.integers(1, len(script)))
    last = first + data.draw(st.integers(0, 8))
    game = start(script, protocol, safe, faults=gone(site, first, last))
    for step, (moves, active) in enumerate(script, 1):
        before, mark = game.sites.models[site].copy(), len(game.events)
        game.step(moves, active)
        if first <= step <= last:  # neither trains, nor speaks, nor hears
            np.testing.assert_array_equal(game.sites.models[site], before)
            assert site not in [e.site for e in game.events[mark:]]
            assert all(e.copies == 1 for e in game.events[mark:]) or script.k == 2
            assert -1 not in [e.site for e in game.events[mark:]]
        if step == last + 1:  # welcomed back: everybody is synchronised first of all
            welcome = [KINDS[e.kind].name for e in game.events[mark:]]
            if protocol in ("local", "at-end"):
                assert "MODEL" not in welcome  # but for those that never synchronise
                continue
            assert "MODEL" in welcome
            if not active.size or welcome[-1] == "MODEL":
                np.testing.assert_array_equal(game.sites.models[site], game.coordinator.E)


def test_welcome():
    # k = 3: site 2 is gone in steps 2 and 3, and at −7 when it leaves.  Back in step 4, it counts as at E: what it
    # had not sent is lost, and nobody asks it for its model
    game = build("fgm", np.array([1.0]), 3, threshold=100.0, faults=gone(2, 2, 3))
    game.step(np.array([[1.0], [2.0], [-8.0]]))
    for _ in range(2):
        game.step(np.array([[1.0], [1.0], [5.0]]))
    np.testing.assert_array_equal(game.sites.models[:, 0], [4, 5, -7])
    assert game.names() == ["MODEL"]
    game.step(np.zeros((3, 1)))
    assert game.coordinator.E[0] == pytest.approx((4 + 5 + 1) / 3)
    np.testing.assert_array_equal(game.sites.models, np.tile(game.coordinator.E, (3, 1)))
    assert game.senders("LOCAL") == [0, 1] and game.events[-1].reason == "back: site"


def test_everybody_is_gone():
    # nobody trains, nobody speaks; afterwards everybody is where E is
    away = Faults(absent={0: (2, 4), 1: (2, 4)})
    for protocol in ("gm", "fgm", "dynamic", "periodic:b=3", "fda-linear"):
        game = build(protocol, np.ones(2), 2, threshold=5.0, faults=away)
        for _ in range(4):
            game.step(np.ones((2, 2)))
        assert {e.step for e in game.events if e.step} <= {1, 5}, protocol
        game.step(np.zeros((2, 2)))
        np.testing.assert_array_equal(game.sites.models, np.tile(game.coordinator.E, (2, 1)))


def test_the_others_go_on():
    # FGM among those who are there: rounds end without the absent site, whose drift counts as 0
    game = build("fgm", np.zeros(1), 3, threshold=1.0, faults=gone(2, 1, 50))
    for _ in range(10):
        game.step(np.array([[1.0], [1.0], [1.0]]))
    assert game.coordinator.round > 3
    assert 2 not in game.senders("INCREMENT")
    assert game.coordinator.E[0] == pytest.approx(game.sites.models[0, 0])


def test_the_hub_needs_no_welcome():
    # central: nobody holds a model but the hub, so a site that comes back has nothing to be synchronised with
    game = build("central", np.zeros(1), 2, faults=gone(1, 2, 2))
    for _ in range(2):
        game.step(np.ones((2, 1)))
    assert game.coordinator.E[0] == 2
    game.step(np.zeros((0, 1)), np.array([], np.intp))
    assert game.coordinator.E[0] == 2 and set(game.names()) == {"SAMPLES"}


# --------------------------------------------------------------------------------------------- as the user writes it


@given(
    drop=st.floats(0, 0.99),
    resend=st.booleans(),
    duplicate=st.floats(0, 0.99),
    delay=st.integers(0, 9),
    reorder=st.booleans(),
    absent=st.dictionaries(
        st.integers(0, 9), st.tuples(st.integers(1, 9), st.integers(9, 20)), min_size=1
    ),
)
def test_parse_faults(drop, resend, duplicate, delay, reorder, absent):
    word = {True: "yes", False: "no"}
    text = ",".join(
        [
            f"drop={drop!r}",
            f"resend={word[resend]}",
            f"duplicate={duplicate!r}",
            f"delay={delay}",
            f"reorder={word[reorder]}",
            *(f"absent={site}:{a}-{b}" for site, (a, b) in absent.items()),
        ]
    )
    assert parse_faults(text) == Faults(drop, resend, duplicate, delay, reorder, absent)


@pytest.mark.parametrize(
    "wrong", [{"drop": 0.999}, {"drop": -0.1}, {"duplicate": 1.1}, {"duplicate": -1}]
)
def test_shares_that_cannot_be(wrong):
    # sending again until it arrives must come to an end
    with pytest.raises(ValueError, match="faults: expected shares"):
        Faults(**wrong)


def test_no_faults():
    assert parse_faults("") is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("lost=0.1", "one of drop"),
        ("drop", "share"),
        ("drop=1", "share"),
        ("drop=-0.1", "share"),
        ("drop=nan", "share"),
        ("drop=x", "share"),
        ("duplicate=2", "share"),
        ("delay=-1", "steps"),
        ("delay=1.5", "steps"),
        ("delay=", "steps"),
        ("resend=maybe", "yes"),
        ("reorder=1", "yes"),
        ("absent=3", "site:first-last"),
        ("absent=3:5", "site:first-last"),
        ("absent=3:5-4", "site:first-last"),
        ("absent=-1:1-2", "site:first-last"),
        ("absent=3:0-2", "site:first-last"),
        ("drop=0.1,delay=x", "steps"),
        ("drop=0.1 delay=2", "share"),
    ],
)
def test_parse_faults_mistakes(text, expected):
    with pytest.raises(ValueError, match=f"faults: expected .*{expected}"):
        parse_faults(text)


def test_a_site_may_be_away_once():
    with pytest.raises(ValueError, match="one absence for each site"):
        parse_faults("absent=3:10-20,absent=3:40-50")


@given(first=st.integers(1, 20), length=st.integers(0, 20), step=st.integers(0, 50))
def test_who_is_away(first, length, step):
    faults = Faults(absent={3: (first, first + length), 1: (50, 50)})
    assert (3 in faults.away(step)) == (step in range(first, first + length + 1))
    assert (1 in faults.away(step)) == (step == 50)
    assert Faults().away(step) == set()


# ------------------------------------------------------------------------------------------------------- whole runs

SMALL = {
    "dataset": "ecg208",
    "sites": 3,
    "hidden": (3,),
    "steps": 12,
    "batch": 4,
    "evaluations": 1,
    "checks": True,
}


def test_a_run_with_faults():
    plain = run(protocol="fgm", **SMALL)
    resent = run(protocol="fgm", faults="drop=0.3", **SMALL)
    np.testing.assert_array_equal(plain.model, resent.model)
    assert resent.totals["messages"] > plain.totals["messages"]
    again = run(protocol="fgm", faults="drop=0.3", **SMALL)
    assert again.totals == resent.totals


def test_a_run_with_absent_sites():
    # all but one are gone in steps 4 to 6: the record shows one site's loss, and nothing is sent to the others
    result = run(protocol="gm", faults="absent=0:4-6,absent=1:4-6", **SMALL)
    steps = result.events["step"]
    away = result.events[(steps >= 4) & (steps <= 6)]
    assert set(away["site"]) <= {2}
    phi = result.series["phi"]
    np.testing.assert_array_equal(phi[3:6, :2], np.tile(phi[2, :2], (3, 1)))
    assert np.isfinite(result.series["loss"]).all()


def test_a_site_that_does_not_exist_cannot_be_absent():
    with pytest.raises(ValueError, match=r"faults.*site"):
        run(protocol="gm", faults="absent=99:2-3", **SMALL)


def test_every_protocol_takes_part():
    names = {parse(name)[0].name for name in (*EVERY, *MONITORING)}
    assert names == set(PROTOCOLS)
    assert (
        Counter(map(str, KINDS)).most_common(1)[0][1] == 1
    )  # the kinds by which bills are compared are distinct


# ------------------------------------------------------------------------------- what is taken of whom, and how often


def test_what_fgm_takes_the_phi_of_an_absent_site_to_be():
    # k = 3, R = 10: site 2 leaves at 3.  The others go to 10, two quanta of 5 each: ψ = 0 + 0 + φ(0) = −10
    game = build("fgm", np.zeros(1), 3, threshold=10.0, faults=gone(2, 2, 99))
    game.step(np.array([[0.0], [0.0], [3.0]]))
    game.step(np.array([[10.0], [10.0], [1.0]]))
    assert game.names() == [
        "MODEL",
        "INCREMENT",
        "INCREMENT",
        *["POLL"] * 2,
        *["PHI"] * 2,
        *["QUANTUM"] * 2,
    ]
    assert game.coordinator.psi == -10 and game.coordinator.tag[:2] == (1, 1)


def test_what_fgm_reb_takes_the_phi_of_an_absent_site_to_be():
    # the same, flushed once with λ = ½ when the others stood at ±15: sites watch |X| − 5 now, the absent one is at −5
    game = build("fgm-reb:rule=bimodal", np.zeros(1), 3, threshold=10.0, faults=gone(2, 1, 99))
    game.step(np.array([[15.0], [-15.0], [0.0]]))
    assert game.coordinator.λ == 0.5 and game.coordinator.slack == -30
    game.step(np.array([[10.0], [-10.0], [0.0]]))
    assert game.coordinator.psi == 5 + 5 - 5 and game.coordinator.psi_B == -15
    assert game.coordinator.rebalances == 1 and game.coordinator.round == 1


def test_what_is_lost_is_not_doubled():
    # half of the messages are lost for good, all others arrive twice: billed once, or twice
    faults = Faults(drop=0.5, duplicate=1.0, resend=False)
    game, arrived = build("periodic:b=1", np.ones(1), 4, faults=faults), Counter()
    game.coordinator.receive = lambda site, message: arrived.update([(game.ledger.step, site)])
    for _ in range(20):
        game.step(np.zeros((4, 1)))
    assert set(arrived.values()) == {2}
    assert 20 < len(arrived) < 60
    assert game.counts()["LOCAL"] == 2 * len(arrived) + (80 - len(arrived))


def test_row_j_of_a_poll_is_that_of_site_j_even_if_some_are_away():
    # sites 0 and 2 are away: their rows are the coordinator's guess, those of the others their own, as they were asked
    away = Faults(absent={0: (2, 9), 2: (2, 9)})
    game = build("gm", np.zeros(1), 4, threshold=99.0, faults=away)
    game.step(np.array([[5.0], [6.0], [7.0], [8.0]]))
    game.step(np.zeros((4, 1)))
    assert game.network.poll(DRIFT)[:, 0].tolist() == [0, 6, 0, 8]
    assert game.network.poll(DRIFT, [3, 0, 1])[:, 0].tolist() == [8, 0, 6]
    assert game.network.poll(DRIFT, [2])[:, 0].tolist() == [0]
