"""The second round's other chapters say what the numbers say, also when these are turned round.  On made-up rows."""

import json
import re

import numpy as np
import pytest
from test_study_chapters import fronts_rows, made
from test_study_fewest import BARE, COSINE, loss_at, rates_rows, rows_of, settings

from fgm_ref.protocols import PROTOCOLS
from fgm_ref.protocols.server import SERVERS
from fgm_ref.safe import CATALOGUE
from fgm_ref.study.numbers.bits import MANY, Bits
from fgm_ref.study.numbers.paces import FOLLOWS, Pace, Paces, power, second_half
from fgm_ref.study.numbers.promises import NORM, Promises, Zone
from fgm_ref.study.numbers.rates import PRESET, Course, Line, Rates
from fgm_ref.study.numbers.skew import SGD, Skew, Way
from fgm_ref.study.pages import bibliography
from fgm_ref.study.pages.chapter import WIDEST, Table
from fgm_ref.study.pages.chapters import (
    bits,
    central,
    overfit,
    paces,
    promises,
    rates,
    servers,
    skew,
    survive,
)
from fgm_ref.study.running import grid

LEARNT = 2.0
CURVES = {"curve_bytes": "[0,1,2]", "curve_loss": "[3,2,1]"}


def plain(**settings):
    """Rows without any noise, of models that learn `LEARNT` when their loss is 1."""
    return list(made(**({"baseline_loss": 1 + LEARNT, "noise": 0, "bytes": 1e6} | settings)))


# --------------------------------------------------------------------------------------------------- codecs


def codec_rows(harm, sites=8):
    for codec, share, loss in (
        ("float32", 1.0, 1.0),
        ("int4", 0.2, 1.1),
        ("int4+ef", 0.2, 1 + harm),
    ):
        for protocol in ("periodic:b=13", "fgm"):
            yield from plain(
                dataset="watch",
                protocol=protocol,
                codec=codec,
                bytes=1e6 * share,
                loss=loss,
                sites=sites,
            )


@pytest.mark.parametrize(("harm", "says"), [(0.0, "in none of 2 cases"), (0.1, "in 2 of 2 cases")])
def test_a_codec_breaks_where_it_does_harm(harm, says):
    found = bits.chapter(list(codec_rows(harm)))
    assert f"`int4+ef`: 0.20 (0.20–0.20) times the bytes; it breaks {says}" in found.findings[1]
    answer = found.digest[0].text
    # harm is a share of what is learnt
    assert f"`int4` breaks in 2 of 2 cases without it and in {2 if harm else 0} with it" in answer
    best = "`int4+ef` is the cheapest that breaks nowhere"
    assert answer.startswith(f"**{best}" if not harm else "**`int4` breaks least often, in 2 of 2")


def test_many_sites_stand_apart():
    rows = [*codec_rows(0.0), *codec_rows(0.1, sites=MANY)]
    found = Bits(rows)
    assert {place.sites for place in found.usual} == {8}
    assert len(found.broken("int4+ef", found.crowded)) == 2 and not found.broken(
        "int4+ef", found.usual
    )
    (table,) = bits.crowds(found)
    assert {line[-1] for line in table.body} == {"higher"}


# -------------------------------------------------------------------------------------------------- servers


def server_rows(gain, protocols=("periodic:b=13", "fgm")):
    """An outer step that gains at the preset's rate in any case, and `gain` when both have their best rates."""
    losses = {
        ("mean", PRESET): 1.2,
        ("mean", 0.02): 1.0,
        ("nesterov:beta=0.5", PRESET): 1.0,
        ("nesterov:beta=0.5", 0.02): 1.0 - gain,
    }
    for (server, lr), loss in losses.items():
        for protocol in protocols:
            yield from plain(
                dataset="watch",
                protocol=protocol,
                server=server,
                lr=lr,
                loss=loss,
                lr_schedule="cosine",
                threshold=0.08,
            )


@pytest.mark.parametrize(
    ("gain", "gains", "told"), [(0.2, "1 of 1", "−0.100"), (-0.0, "0 of 1", "+0.000")]
)
def test_what_an_outer_step_gains_at_its_best_rate(gain, gains, told):
    found = servers.chapter(list(server_rows(gain)))
    assert f"`nesterov:beta=0.5`: {told}" in " ".join(found.findings)
    answer = found.digest[0].text
    assert f"gains with every seed on {gains} data sets" in answer
    assert "harm with every seed, and on how many sets: none" in answer


def test_an_outer_step_that_harms_is_named():
    rows = [
        row | {"loss": row["loss"] + 0.5 * (row["server"] != "mean")} for row in server_rows(0.0)
    ]
    assert "on how many sets: `nesterov:beta=0.5` on 1" in servers.chapter(rows).digest[0].text


# ---------------------------------------------------------------------------------------------------- rates


def test_how_much_of_an_outer_step_is_a_larger_step():
    rows = list(server_rows(0.0, ("periodic:b=1", "periodic:b=61", "central", "fgm")))
    found = Rates(rows)
    course = Course("watch", "adam", "cosine")
    line = Line("periodic:b=1", rates.OUTER)
    assert found.gain(course, line, PRESET).log == pytest.approx(-0.2 / LEARNT)
    assert found.gain(course, line).log == 0
    assert found.edge(course, line._replace(server="mean")) and not found.edge(course, line)
    (text,) = rates.larger(found)
    assert "−0.100 (−0.100 to −0.100) and +0.000 (+0.000 to +0.000) for `central`" in text


def test_the_best_rates_and_the_rule_are_told():
    found = rates.chapter(list(rates_rows("watch")), [], [])
    by_rate, rule = found.tables[0], found.tables[3]
    assert by_rate.body[0][1] == "1.000 at 0.02"
    assert rule.body == [["watch", "33.3 %", "yes"]]


@pytest.mark.parametrize("cost", [0.7, 1.4])
def test_claims_survive_or_not(cost):
    old = list(fronts_rows({"gm": 1e4, "fgm": 0.7e4, "fda-linear": 1e4}))
    (text,) = survive.sentences(rows_of(fgm=cost), old, [])
    stand, dead = text.split("These do not: ")
    claim = "FGM against GM, equal thresholds (fewer bytes before, more bytes now)"
    assert (claim in dead) == (cost > 1) and "Of 5 claims" in stand


def test_the_loss_at_the_picked_step_stands_beside_the_final_one():
    rate = settings("watch", BARE)["lr"]
    chosen = plain(
        dataset="watch",
        protocol="periodic:b=1",
        lr=rate,
        loss=2.0,
        curve_loss="[3,1,2]",
        **{name: COSINE[name] for name in ("lr_schedule", "server")},
    )
    tested = plain(
        dataset="watch",
        protocol="periodic:b=1",
        loss=1.5,
        curve_loss="[3,1.25,1.5]",
        curve_bytes="[0,1,2]",
        steps=400,
        **settings("watch", BARE),
    )
    (table,) = overfit.tables(chosen, tested)
    assert table.body == [
        ["watch", "periodic:b=1", "200", "400", "1.250", "1.500", "−0.250 (−0.250 to −0.250)"]
    ]


# ---------------------------------------------------------------------------------------------------- paces


def curve_of(power, parts=8):
    """Bytes at evaluation times, in proportion to the rate along a cosine to this power."""
    middles = (np.arange(parts) + 0.5) / parts
    shipped = ((1 + np.cos(np.pi * middles)) / 2) ** power
    return json.dumps([0.0, *np.cumsum(shipped).tolist()])


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0])
def test_the_power_of_the_rate_is_found(p):
    assert power({"curve_bytes": curve_of(p)}) == pytest.approx(p, abs=1e-9)
    assert second_half({"curve_bytes": curve_of(p)}) <= 0.5


def pace_rows(gap):
    for b in (3, 13, 61):
        size = 1e7 / b
        yield from plain(
            dataset="watch", protocol=f"periodic:b={b}", bytes=size, loss=loss_at(size), **CURVES
        )
    for radius, extra in (("constant", 0.1), (FOLLOWS, gap)):
        for t in (0.16, 0.64):
            size = 3e5 / t
            yield from plain(
                dataset="watch",
                protocol="fgm",
                threshold=t,
                radius=radius,
                bytes=size,
                loss=loss_at(size) + extra,
                **(CURVES | {"curve_bytes": curve_of(1.0)}),
            )


@pytest.mark.parametrize(
    ("gap", "word"), [(-0.1, "surely lower than a fixed period: fgm, R ∝ rate."), (0.1, "none")]
)
def test_schedules_stand_beside_fixed_periods_at_the_same_bytes(gap, word):
    rows = list(pace_rows(gap))
    found = Paces(rows)
    learnt = found.learnt("watch")
    assert found.beside(Pace("fgm", FOLLOWS), "watch").log == pytest.approx(gap / learnt)
    chapter = paces.chapter(rows)
    assert word in chapter.digest[0].text
    assert "rate to the power of 1.00" in " ".join(chapter.findings)
    assert "lets rounds grow as 1/rate" in " ".join(chapter.findings)


# ------------------------------------------------------------------------------------------------- promises


def promise_rows(share):
    costs = {("fgm", "ball"): 1.0, ("gm", "ball"): 1.5, ("fgm", "loss"): share, ("gm", "loss"): 0.9}
    for (protocol, safe), cost in costs.items():
        for t in (0.08, 0.32):
            size = 8e5 / t
            yield from plain(
                dataset="watch",
                protocol=protocol,
                safe=safe,
                threshold=t,
                bytes=cost * size,
                loss=loss_at(size),
            )
    for b in (1, 13, 61):
        size = 1e7 / b
        yield from plain(
            dataset="watch", protocol=f"periodic:b={b}", bytes=size, loss=loss_at(size)
        )
    yield from plain(dataset="watch", protocol="local", bytes=1e3, loss=loss_at(1e2))


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_a_zone_beats_the_norm_or_not(share):
    rows = list(promise_rows(share))
    found = Promises(rows, ["watch"])
    assert found.same(Zone("fgm", "loss"), Zone("gm", "loss")).estimate.value == pytest.approx(
        share / 0.9
    )
    comparison, sets = found.reach(Zone("fgm", "loss"), NORM)
    assert sets == 1 and comparison.estimate.value == pytest.approx(share)
    text = promises.at_loss(found)
    better, worse = text.split("Surely more: ")
    assert (f"`loss` ({share:.2f}" in better) == (share < 1) and ("`gm`, `ball` (1.50" in worse)


def test_loss_zones_are_not_compared_with_radii():
    (table, _) = promises.chapter(list(promise_rows(1.0)), [], []).tables
    assert {line[0]: line[-1] for line in table.body}["`loss`"] == "–"


# ----------------------------------------------------------------------------------------------------- skew


def skew_rows(weights):
    losses = {
        Way("periodic:b=1"): 1.0,
        Way("periodic:b=13"): 1.2,
        Way("fedavg:b=13"): 1.2 + weights,
        Way("fgm"): 1.1,
        Way("local"): 2.0,
    }
    for way, loss in losses.items():
        for alpha in (0.05, 1.0):
            yield from plain(dataset="watch", alpha=alpha, loss=loss, **way._asdict())
    for lr, loss in ((0.1, 1.4), (0.5, 1.3)):
        way = Way("periodic:b=13", SGD)
        yield from plain(dataset="watch", alpha=1.0, lr=lr, loss=loss, **way._asdict())


@pytest.mark.parametrize(("weights", "word"), [(-0.2, "Helps surely"), (0.2, "Harms surely")])
def test_weights_help_or_harm(weights, word):
    rows = list(skew_rows(weights))
    text = skew.chapter(rows).digest[0].text
    gap = f"{weights / LEARNT:+.3f}".replace("-", "−")
    assert f"{word}: weights by the sites' samples ({gap}" in text
    found = Skew(rows)
    place = found.places[-1]
    assert {row["lr"] for row in found.of(Way("periodic:b=13", SGD), place)} == {0.5}


# --------------------------------------------------------------------------------- what the chapters stand on


def test_what_the_chapters_name_is_run():
    tasks = {name: experiment.tasks for name, experiment in grid.bundled().items()}

    def run(experiment, **wanted):
        configs = [task.config for task in tasks[experiment]]
        return any(
            all(getattr(config, name) == value for name, value in wanted.items())
            for config in configs
        )

    for a, b, _ in skew.PAIRS:
        assert run("skew", **a._asdict()) and run("skew", **b._asdict())
    for line in (*rates.LINES, *rates.SGD, *rates.STEPPED):
        wanted = {name: value for name, value in line._asdict().items() if value is not None}
        assert run("rates", **wanted), line
    for protocol, *_ in bits.DRAWN:
        assert run("bits", protocol=protocol)
    for protocol in overfit.PROTOCOLS:
        assert run("rates", protocol=protocol) and run("fewest", protocol=protocol)
    assert run("rates", protocol="fgm", threshold=overfit.THRESHOLD, optimizer="adam")


def test_the_rule_of_pooling_is_told_by_the_same_number():
    assert "lose more than 5 %" in rates.alone(Rates(list(rates_rows("watch")))).about


@pytest.mark.parametrize("columns", range(1, 30))
def test_a_wide_table_is_cut_into_parts_that_have_all_its_columns(columns):
    names = [f"c{number}" for number in range(columns)]
    table = Table("about", names, [names], keys=min(2, columns))
    parts = table.parts()
    assert all(len(part) <= WIDEST for part in parts)
    assert sorted({column for part in parts for column in part}) == list(range(columns))
    assert sum(line == "about" for line in table.lines()) == 1


# --------------------------------------------------------------------------------------------- bibliography


def cited():
    """The works that the facts of protocols, outer steps and safe functions name."""
    sources = [protocol.reference.source for protocol in PROTOCOLS.values()]
    sources += [server.source for server in SERVERS.values()]
    sources += [zone.facts.source for zone in CATALOGUE.values() if hasattr(zone, "facts")]
    for source in sources:
        for name, years in re.findall(
            r"([A-Z]\w+(?: et al\.| & [A-Z]\w+)) ((?:\d{4}(?:, )?)+)", source
        ):
            yield from (f"{name} {year}" for year in re.findall(r"\d{4}", years))


def test_every_source_of_a_protocol_is_in_the_bibliography():
    names = set(cited())
    assert len(names) > 12
    assert names <= set(bibliography.works())


def test_every_work_can_be_found():
    for name, work in bibliography.works().items():
        assert sum(kind in work for kind in ("doi", "arxiv", "url")) == 1, name
        assert re.fullmatch(r"10\.\d{4,}/\S+", work.get("doi", "10.1234/x")), name
        assert re.fullmatch(r"\d{4}\.\d{4,5}", work.get("arxiv", "1234.5678")), name
        assert name.rstrip(")")[-4:].isdigit() or "(" in name
    links = [bibliography.link(work) for work in bibliography.works().values()]
    assert len(set(links)) == len(links)


def central_rows(loss, curve):
    """Averaging ends at 1 with the rate 0.02; `central` at this loss, whose way was this."""
    for lr in (PRESET, 0.02):
        for protocol, end in (("periodic:b=1", 1.0), ("central", loss)):
            yield from plain(
                dataset="watch",
                protocol=protocol,
                lr=lr,
                loss=end + (lr != 0.02),
                lr_schedule="cosine",
                curve_loss=curve,
            )


@pytest.mark.parametrize(
    ("loss", "curve", "says"),
    [
        (0.9, "[3,1,0.9]", "ends below averaging once both have their own best rates (−0.050"),
        (0.9, "[3,1,0.9]", "so that it was the rate"),
        (1.4, "[3,1.1,1.4]", "still ends above averaging"),
        (1.4, "[3,1.1,1.4]", "learns by heart: its loss rises from 1.100 on the way to 1.400"),
    ],
)
def test_why_central_lost(loss, curve, says):
    old = [
        row | {"split": "natural", "schedule": "bernoulli:0.5"}
        for protocol, end in (("central", 1.5), ("periodic:b=1", 1.0))
        for row in plain(dataset="watch", protocol=protocol, loss=end)
    ]
    found = Rates(list(central_rows(loss, curve)))
    places = central.places(found, found.courses, old)
    (text,) = central.sentences(places)
    assert says in text and "On watch (+0.250 (+0.250 to +0.250) of what is learnt)" in text
    (line,) = central.table(places).body
    assert line[:2] == ["watch", "+0.250 (+0.250 to +0.250)"]
    # where it did not lose there is nothing to explain
    assert not central.sentences(central.places(found, found.courses, []))
