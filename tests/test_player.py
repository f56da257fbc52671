"""The player's page: whole in itself, true to the ledger, and alive in a browser if there is one."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from test_demo import QUICK, demo_in_process
from test_simulate import go, toy

from fgm_ref.protocols import PROTOCOLS, fgm
from fgm_ref.transport import messages
from fgm_ref.transport.messages import KINDS
from fgm_ref.view import plots
from fgm_ref.view.player import page, record, words

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAIRS = (("gm", "fgm"), ("gm-reb", "fgm-reb"))


@pytest.fixture(scope="module")
def results():
    """{protocol: its run} of everything that can be shown."""
    return {name: go(name, sites=4, steps=40, threshold=0.05, seed=3) for name in record.SHOWN}


@pytest.fixture(scope="module")
def pages(results, tmp_path_factory):
    """{pair: path of its page}."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        pair: page.write([results[name] for name in pair], toy(), folder / f"{'-'.join(pair)}.html")
        for pair in PAIRS
    }


def content(path):
    """The record inside a page."""
    (text,) = re.findall(r'id="record">(.*?)</script>', path.read_text(encoding="utf-8"), re.S)
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


class Elements(HTMLParser):
    """The elements of a page, and which were left open."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_in_itself(pages):
    text = pages["gm", "fgm"].read_text(encoding="utf-8")
    elements = Elements(text)
    assert elements.open == []
    for tag, attributes in elements.found:
        assert "src" not in attributes and not any(name.startswith("on") for name in attributes), (
            tag
        )
        assert attributes.get("href", "data:,") == "data:,", tag
    # the only address is the name of the drawing language
    assert set(re.findall(r"https?://[^\"'\s]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text
    assert not re.search(r"\b(fetch|XMLHttpRequest|import|eval|innerHTML)\b", text)
    for place in ("/*STYLE*/", "/*SCRIPT*/", "/*RECORD*/", "<!--TITLE-->", "<!--ABOUT-->"):
        assert place not in text
    assert len(text.encode()) < 60_000 < page.LARGEST


def test_every_control_has_a_name(pages):
    found = Elements(pages["gm", "fgm"].read_text(encoding="utf-8")).found
    controls = [attributes for tag, attributes in found if tag in ("button", "input", "select")]
    assert len(controls) == 6
    assert all(attributes.get("aria-label") for attributes in controls)


@pytest.mark.parametrize("name", record.SHOWN)
def test_the_record_adds_up_to_the_ledger(results, name):
    one, result = record.one_run(results[name]), results[name]
    messages = sum(row[3] for row in one["events"])
    size = sum(row[3] * row[4] for row in one["events"])
    models = sum(KINDS[row[1]].name == "MODEL" for row in one["events"])
    assert one["totals"] == {"messages": messages, "bytes": size, "rounds": models - 1}
    assert (messages, size) == (result.totals["messages"], result.totals["bytes"])
    assert models - 1 == result.series["rounds"][-1] > 3


def test_shares_are_those_of_the_series(results):
    result = results["fgm"]
    phi, zero = result.series["phi"], result.series["phi_zero"][:, None]
    np.testing.assert_allclose(record.used(result) / record.FINE, 1 + phi / abs(zero), atol=0.0006)
    # the quantum of a new subround is what is left, in 2k pieces
    quanta = [row for row in record.one_run(result)["events"] if KINDS[row[1]].name == "QUANTUM"]
    assert quanta
    for *_, theta, polled in quanta:
        assert theta == pytest.approx((1 - polled) / 8, rel=0.01, abs=1e-3)


def test_after_a_flush_the_sites_count_from_their_part_of_the_slack(results):
    result = results["fgm-reb"]
    shares, flushes = record.used(result) / record.FINE, 0
    for event in result.events:
        if record.name_of(event) == "LAMBDA" and event["step"] < len(shares):
            phi, zero = (
                result.series["phi"][event["step"]],
                abs(result.series["phi_zero"][event["step"]]),
            )
            assert 0 < event["number"] < 1
            np.testing.assert_allclose(
                shares[event["step"]], phi / zero + event["number"], atol=0.0006
            )
            flushes += 1
    assert flushes > 3
    np.testing.assert_allclose(
        shares[0], result.series["phi"][0] / abs(result.series["phi_zero"][0]) + 1, atol=0.0006
    )


def test_same_runs_same_bytes(results, pages, tmp_path):
    again = page.write(
        [results["gm"], go("fgm", sites=4, steps=40, threshold=0.05, seed=3)], toy(), tmp_path / "a"
    )
    assert again.read_bytes() == pages["gm", "fgm"].read_bytes()
    other = page.write(
        [results["gm"], go("fgm", sites=4, steps=40, threshold=0.05, seed=4)], toy(), tmp_path / "b"
    )
    assert other.read_bytes() != again.read_bytes()


def test_nothing_in_the_record_ends_its_element(results):
    text = page.as_json({"about": "</script><b>", "number": 1.5})
    assert "<" not in text and json.loads(text)["about"] == "</script><b>"


def test_a_page_that_is_too_large_is_refused(results, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "LARGEST", 10_000)
    with pytest.raises(ValueError, match=r"html: expected a page of at most 0.01 MB, got 0\.0"):
        page.write([results["fgm"]], toy(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_colours_are_those_of_the_figures(results, pages):
    scripts = "".join(page.resource(name) for name in page.SCRIPTS)
    assert not set(re.findall(r"#\w{6}", scripts)) & {*plots.COLORS.values(), *plots.site_colors(4)}
    for name in record.SHOWN:
        assert record.one_run(results[name])["colour"] == plots.style(name).color
    written = content(pages["gm", "fgm"])
    assert written["red"] == plots.VERMILLION
    assert written["shades"] == plots.site_colors(4)


def test_every_kind_of_message_has_words():
    fillers = page.resource("words.js").partition("const FILLERS")[2].partition("};")[0]
    known = set(re.findall(r"^  (\w+): ", fillers, re.M))
    for kind, told in zip(messages.KINDS, words.words(), strict=True):
        assert (told["name"], told["up"]) == (kind.name, kind.direction == messages.UP)
        for sentence in (told["says"], told["again"]):
            assert set(re.findall(r"{(\w+)}", sentence)) <= known
            assert sentence.endswith((".", "}")) or kind in words.SENTENCES
    scripts = page.resource("words.js") + page.resource("controls.js") + page.resource("network.js")
    assert not [kind for kind in messages.KINDS if re.search(rf"\b{kind}\b", scripts)]


GOSSIP = messages.Kind("GOSSIP", messages.DOWN, "1", "what a neighbour said")


def test_a_new_kind_needs_no_words_of_its_own(monkeypatch):
    monkeypatch.setattr(messages, "KINDS", (*messages.KINDS, GOSSIP))
    says = "The coordinator to {whom}: what a neighbour said."
    assert words.words()[-1] == {"name": "GOSSIP", "up": False, "says": says, "again": says}


class Talkative(fgm.Coordinator):
    """Asks for steps that nobody needs, so that the page meets a kind of message that it has no words for."""

    def start_subround(self):
        super().start_subround()
        self.network.poll(messages.COUNT)


class Counting(fgm.Sites):
    def reply(self, kind, sites):
        if kind is messages.COUNT:
            return self.own[sites]
        return super().reply(kind, sites)


OWN = replace(
    PROTOCOLS["fgm"], name="own", sites=Counting, coordinator=Talkative, look=("#123456", "-", "o")
)
BLIND = replace(PROTOCOLS["periodic"], name="blind", replays=True)


def test_an_own_protocol_that_replays_is_shown(capsys, tmp_path):
    path = tmp_path / "player.html"
    code, _out, err = demo_in_process(
        capsys, *QUICK, "--protocol", f"{__name__}:OWN", "--html", path
    )
    assert code == 0, err
    (one,) = content(path)["runs"]
    assert (one["protocol"], one["colour"], one["counts"]) == (f"{__name__}:OWN", "#123456", True)


def test_an_own_protocol_that_watches_nothing_cannot_be_replayed(capsys, tmp_path):
    code, out, err = demo_in_process(
        capsys, *QUICK, "--protocol", f"{__name__}:BLIND", "--html", tmp_path / "player.html"
    )
    assert (code, out) == (2, "")
    assert "--protocol: expected one whose sites watch φ" in err and len(err.splitlines()) == 1


def test_the_demo_writes_the_page_and_nothing_else(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "deep" / "player.html"
    code, out, _err = demo_in_process(capsys, *QUICK, "--html", path)
    assert (code, out.strip()) == (0, str(path))
    assert [one["protocol"] for one in content(path)["runs"]] == ["gm", "fgm"]
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    code, _out, _err = demo_in_process(capsys, *QUICK, "--protocol", "dynamic:b=2", "--html", path)
    assert code == 0 and [one["protocol"] for one in content(path)["runs"]] == ["dynamic:b=2"]


BAD = {
    "--json": "--html: expected without --json, got both",
    "--trace 2": "--html: expected without --trace, got both",
    "--save": "--html: expected without --save, got both",
    "--protocol local": "--protocol: expected one of ",
    "--protocol fgm-blocks": "with --html, got 'fgm-blocks'",
    "--protocol gm --protocol fgm --protocol dynamic": "--protocol: expected one or two with --html, got 3",
    "--steps 30000": "--steps: expected at most 20,000 with --html and 3 sites, got 30,000",
    "--sites 65": "--sites: expected at most 64 with --html, got 65",
    "--faults drop=0.1": "--faults: expected none with --html, got 'drop=0.1'",
}


@pytest.mark.parametrize("arguments", BAD)
def test_wrong_usage_is_one_line_before_any_computing(capsys, tmp_path, arguments):
    code, out, err = demo_in_process(
        capsys, *QUICK, "--html", tmp_path / "player.html", *arguments.split()
    )
    assert (code, out) == (2, "")
    assert BAD[arguments] in err and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for path, what in (
        (tmp_path / "file" / "player.html", "a folder to write to"),
        (tmp_path, "a file to write to"),
    ):
        code, out, err = demo_in_process(capsys, *QUICK, "--html", path)
        assert (code, out) == (2, "")
        assert f"--html: expected {what}, got" in err and len(err.splitlines()) == 1


def test_the_demo_loads_the_player_only_on_demand():
    code = "import sys, fgm_ref.demo; sys.exit(any(name.startswith('fgm_ref.view.player') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_script_is_short_and_used():
    folder = page.files("fgm_ref.view.player")
    assert {path.name for path in folder.iterdir() if path.name.endswith(".js")} == set(
        page.SCRIPTS
    )
    for name in page.SCRIPTS:
        lines = page.resource(name).splitlines()
        assert len(lines) <= 250 and max(map(len, lines)) <= 120, name
        assert lines[0].startswith("// ")


def test_the_names_of_the_page_are_protocols():
    assert set(record.SHOWN) <= set(PROTOCOLS)


def browse(path, folder):
    """What the page says of itself after it has played itself in a browser."""
    done = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={folder}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            "--window-size=360,800",
            f"{path.as_uri()}#selftest",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.findall(r'<pre id="selftest">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    return json.loads(found[0])


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_in_a_browser(results, pages, pair, tmp_path):
    report = browse(pages[pair], tmp_path)
    assert report["mistakes"] == []
    assert [report[key] for key in ("end", "home", "right", "left", "slider")] == [40, 0, 1, 0, 40]
    first = min(
        int(event["step"]) for name in pair for event in results[name].events if event["step"]
    )
    assert report["next"] == first
    assert report["playedTo"] > report["played"] and report["paused"]
    assert report["wide"] == 0  # nothing sticks out of a narrow window
    for name, one in zip(pair, report["runs"], strict=True):
        result = results[name]
        counted = {what: one[what] for what in ("messages", "bytes", "rounds")}
        assert counted == record.one_run(result)["totals"]
        assert one["subrounds"] in (None, int(result.series["subrounds"][-1]))
        assert f"{result.totals['messages']:,}" in one["shown"]
        # the picture's message, as the page has worked it out: silence means that the bound is above the truth
        assert one["aboveBound"] == 0


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_an_own_protocol_in_a_browser(tmp_path):
    own = f"{__name__}:OWN"
    result = go(own, sites=4, steps=40, threshold=0.05, seed=3)
    assert result.ledger["COUNT"]["messages"] > 0
    report = browse(page.write([result], toy(), tmp_path / "own.html"), tmp_path)
    assert report["mistakes"] == []
    assert report["runs"][0]["subrounds"] == int(result.series["subrounds"][-1])
    assert f"{messages.COUNT.meaning}." in report["told"]
