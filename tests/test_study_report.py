"""The report is what the tables say, to the letter; its pictures are there; the README's summary follows from it."""

import re
from pathlib import Path

import pytest

from fgm_ref.study.numbers import fewest
from fgm_ref.study.numbers.cases import ROOM, Cases, clearly, written
from fgm_ref.study.numbers.choices import best, cost
from fgm_ref.study.numbers.compare import pooled
from fgm_ref.study.numbers.picks import helped
from fgm_ref.study.numbers.words import UNCLEAR, difference, ratio
from fgm_ref.study.pages import report
from fgm_ref.study.pages.chapters.advice import times
from fgm_ref.study.pages.chapters.fewest import FGM, GM, PERIODIC
from fgm_ref.study.pages.chapters.safe import BEST, MOVED, NORM, Contest
from fgm_ref.study.pages.chapters.shipped import Codecs
from fgm_ref.study.pages.chapters.verdicts import CONFIRMED, OPEN, REFUTED

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS, PAGE = ROOT / "data" / "results", ROOT / "tutorials" / "study.md"
LONGEST_DIGEST = 1800  # words, with captions
LARGEST = 250_000  # bytes of a picture


@pytest.fixture(scope="module")
def found():
    return report.collect(RESULTS)


def test_the_page_is_what_the_tables_say(found):
    assert set(found.chapters) >= set(report.FIRST)
    assert PAGE.read_text(encoding="utf-8") == found.text(), (
        "python -m fgm_ref.study --report --out data/results"
    )


def test_pictures_are_there_and_no_others(found):
    folder = PAGE.parent / report.PICTURES
    wanted = {f"{name}.png" for chapter in found.chapters.values() for name, _, _ in chapter.drawn}
    assert {path.name for path in folder.iterdir()} == wanted
    assert all(1_000 < path.stat().st_size < LARGEST for path in folder.iterdir())


def test_the_digest_stays_short():
    digest = PAGE.read_text(encoding="utf-8").partition("\n- [The fewest bytes]")[0]
    without_pictures = re.sub(r"^!\[.*$", "", digest, flags=re.M)
    assert len(without_pictures.split()) < LONGEST_DIGEST


def test_every_claim_has_our_own_number():
    rows = re.findall(
        r"^\| (\d+[ab]?\. .*|The published.*) \|$", PAGE.read_text(encoding="utf-8"), re.M
    )
    assert len(rows) >= 17
    for row in rows:
        _, ours, verdict = row.split(" | ")
        assert re.search(r"\d", ours) and "nan" not in ours, row
        assert verdict.startswith((CONFIRMED, REFUTED, OPEN)), row


def test_the_first_screen_answers_with_intervals(found):
    answers = [answer for chapter in found.chapters.values() for answer in chapter.answers]
    assert 4 <= len(answers) <= 6
    assert all(re.search(r"\d\.\d+\*? \([\d.]+–[\d.]+(; \d+ %)?\)", answer) for answer in answers)


def test_no_table_is_wider_than_eight_columns():
    rules = re.findall(r"^\| ---.*\|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(rules) > 20 and max(rule.count("---") for rule in rules) <= 8


def test_a_pooled_number_says_its_number_of_sets_and_a_star_its_share(found):
    text = PAGE.read_text(encoding="utf-8").replace(r"\*", "*")
    for line in re.findall(r"^\| pooled \|.*$", text, re.M):
        cells = [cell for cell in line.split(" | ")[1:] if re.search(r"\d\.\d+\*? \(", cell)]
        assert all("sets]" in cell for cell in cells), line
    starred = re.findall(r"\d\*(?!\*) \([^)]*\)", text)
    assert starred and all(cell.endswith(" %)") for cell in starred)


def test_stress_begins_and_ends_in_its_line():
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        assert len(re.findall(r"(?<!\\)\*", line)) % 2 == 0, line


def pooled_sets(found):
    """Those on which communication helps."""
    every = fewest.contests(found.tables["fewest"])
    names = helped(found.tables["rates"], [contest.name for contest in every])
    return [contest for contest in every if contest.name in names]


def said(found):
    """What the README answers: the second round's numbers, and FDA's of the first."""
    useful = pooled_sets(found)
    rivals = {
        "gm": lambda contest: contest.promise(FGM, GM),
        "kit": lambda contest: contest.reach(PERIODIC, fewest.TUNED_PERIOD, fewest.NEARLY),
        "all": lambda contest: contest.reach(FGM, fewest.TUNED_PERIOD, fewest.NEARLY),
        "gm at L*": lambda contest: contest.reach(FGM, GM, fewest.NEARLY),
        "period at L*": lambda contest: contest.reach(FGM, PERIODIC, fewest.NEARLY),
    }
    return {name: fewest.over(useful, question)[0] for name, question in rivals.items()}


def advised(found):
    """What the README says one should use."""
    useful = pooled_sets(found)
    choice = best(useful, promised=True)
    lost = pooled([choice.lost(contest) for contest in useful])[0].plain
    return (
        f"**Use** {choice.name} and the kit: {times(cost(choice, useful).estimate)} of the bytes of averaging",
        f"Its final loss differs by {difference(lost)} of what communication brings",
    )


def test_the_readme_answers_with_the_numbers_of_the_digest(found):
    now = said(found)
    wanted = (
        f"FGM ships {written(now['gm'])} times the bytes of GM",
        f"With it FGM ships {written(now['all'])} times the bytes of a tuned period in float32",
        *advised(found),
        f"{100 * (1 - ROOM):.0f} % of the way",
    )
    text = " ".join(README.split())
    for sentence in wanted:
        assert sentence in text, sentence
    # "at the same promise, yes", "at the same final loss, no clear difference: neither from GM nor from ... b tuned"
    assert now["gm"].estimate.high < 1 and now["kit"].estimate.high < 1
    assert {clearly(now[name]) for name in ("gm at L*", "period at L*")} == {UNCLEAR}


def test_the_readme_shows_the_figure_of_the_digest(found):
    pictures = [one for chapter in found.chapters.values() for one in chapter.drawn]
    (caption,) = [caption for name, _, caption in pictures if name == "fewest"]
    assert f"![{caption}]({PAGE.parent.name}/{report.PICTURES}/fewest.png)" in README


def test_what_the_readme_says_in_short_holds(found):
    head = Cases(found.tables["fronts"]).headline
    # at the same promise, yes
    assert all(
        case.promise("fgm", rival).estimate.high < 1 for case in head for rival in ("gm", "dynamic")
    )
    fda = pooled([case.promise("fgm", "fda-linear") for case in head])[0].estimate
    assert f"FGM ships {ratio(fda)} times its bytes" in " ".join(README.split())
    # at the same loss, hardly: nobody is clearly cheaper than a tuned period, not even the omniscient trigger
    assert pooled([case.reach("omniscient", "periodic") for case in head])[0].estimate.high > 1
    assert pooled([case.reach("fgm", "periodic") for case in head])[0].estimate.high > 1
    assert (
        pooled([case.reach("fgm", "periodic", "served_mean") for case in head])[0].estimate.high < 1
    )
    # at equal radius a zone that moves beats the norm, at equal loss nothing clearly does
    contest = Contest(found.tables["safe"])
    moving = contest.bytes(contest.cheapest(MOVED), NORM).estimate
    assert moving.high < 1 and contest.bytes(NORM, BEST).estimate.low > 1
    assert not [
        e.name for e in contest.entrants if e.own and contest.at_loss(e)[0].estimate.high < 1
    ]
    # fewer bits save more than any trigger
    codecs = Codecs(found.tables["shipped"])
    for pair in codecs.pairs:
        if pair[1] == "int8+ef":
            assert codecs.bytes(*pair).estimate.high < contest.bytes(BEST, NORM).estimate.low
