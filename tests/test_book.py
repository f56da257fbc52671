"""The book: every page is in it and in order, no link or picture leads nowhere, and it needs no network.

Needs the extra `docs`; `make test-book` brings it along.
"""

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("myst_nb")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "out" / "book"
CHROMIUM = shutil.which("chromium")
LOADED = {"img", "script", "iframe", "source", "video", "audio", "embed"}


class Page(HTMLParser):
    """What a page links to, loads and shows."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.loads, self.alts = path, set(), [], [], []
        self.formulas, self.relations, self.depth = [], {}, 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        here = dict(attributes)
        self.ids |= {here[name] for name in ("id", "name") if here.get(name)}
        if tag == "a" and here.get("href"):
            self.links.append(here["href"])
        if tag == "link":
            self.relations[here.get("rel")] = here["href"]
            self.loads.append(here["href"])
        if tag in LOADED and here.get("src"):
            self.loads.append(here["src"])
        if tag == "img":
            self.alts.append((here.get("src"), here.get("alt")))
        self.depth += tag == "math"

    def handle_endtag(self, tag):
        self.depth -= tag == "math"

    def handle_data(self, data):
        if self.depth:
            self.formulas.append(data)


@pytest.fixture(scope="module")
def built():
    done = subprocess.run(
        [sys.executable, ROOT / "tutorials" / "_build.py", "book"], capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


@pytest.fixture(scope="module")
def pages(built):
    """{path: page}.  The pages of source code are Sphinx's own, and so are the player's."""
    paths = [path for path in BOOK.rglob("*.html") if path.relative_to(BOOK).parts[0] != "_static"]
    return {path: Page(path) for path in paths if path.name != "player.html"}


def test_every_page_of_the_repository_is_in_the_book(pages):
    wanted = [*ROOT.glob("tutorials/*.ipynb"), *ROOT.glob("tutorials/**/*.md"), ROOT / "README.md"]
    for source in [*wanted, *ROOT.glob("data/**/*.md"), ROOT / "fgm_ref" / "README.md"]:
        assert BOOK / source.relative_to(ROOT).with_suffix(".html") in pages, source
    assert (BOOK / "index.html").read_bytes() == (BOOK / "README.html").read_bytes()


def test_every_module_is_in_the_book(built):
    said = "".join(path.read_text(encoding="utf-8") for path in BOOK.glob("api/*.html"))
    for path in (ROOT / "fgm_ref").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        if parts[-1] != "__main__":
            assert f'id="module-{name}"' in said or name == "fgm_ref", name


def test_pages_follow_each_other(pages):
    sources = {
        path.relative_to(ROOT).with_suffix(".html") for path in ROOT.glob("tutorials/*.ipynb")
    }
    for source in sources:
        assert {"prev", "next"} <= pages[BOOK / source].relations.keys(), source


def test_no_link_or_picture_is_broken(pages):
    for path, page in pages.items():
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme in ("http", "https", "data", "mailto"):
                continue
            place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert place.exists(), f"{path.relative_to(BOOK)}: {target}"
            if parts.fragment and place in pages:
                assert unquote(parts.fragment) in pages[place].ids | {""}, f"{path}: {target}"


def test_nothing_is_loaded_from_elsewhere(pages):
    for path, page in pages.items():
        assert not [one for one in page.loads if urlsplit(one).netloc], path
    for sheet in BOOK.rglob("*.css"):
        assert "url(http" not in sheet.read_text(encoding="utf-8"), sheet


def test_every_picture_has_a_text(pages):
    for path, page in pages.items():
        for source, text in page.alts:
            assert text and text.strip() and text != source, f"{path.relative_to(BOOK)}: {source}"


def test_every_formula_was_understood(pages):
    tutorials = [page for path, page in pages.items() if path.parent == BOOK / "tutorials"]
    assert sum(len(page.formulas) for page in tutorials) > 1000
    for page in tutorials:
        assert not [part for part in page.formulas if "\\" in part], page.path


def test_the_player_is_shown_where_it_is_spoken_of(pages):
    assert (BOOK / "player.html").exists()
    picture = "images/player.png"
    told = [path for path in ROOT.glob("tutorials/*.md") if picture in path.read_text("utf-8")]
    told += [path for path in ROOT.glob("tutorials/*.py") if picture in path.read_text("utf-8")]
    assert len(told) >= 3
    for path in told:
        page = pages[BOOK / path.relative_to(ROOT).with_suffix(".html")]
        assert any(one.endswith("player.html") for one in page.loads), path


@pytest.fixture(scope="module")
def server(built):
    """The book's address on this machine."""
    handler = functools.partial(Quiet, directory=str(BOOK))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def browse(address, folder, milliseconds=10_000):
    """The page as it is after its scripts have run."""
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder}",
            f"--virtual-time-budget={milliseconds}",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_the_search_finds(server, tmp_path):
    said = browse(f"{server}/search.html?q=subround", tmp_path)
    assert re.search(r'href="tutorials/08[^"]*"', said), said[-3000:]


SCREENS = [360, 700, 1010, 1200, 1400]  # pixels; the theme has another layout in each of them
WIDTHS = """<!DOCTYPE html><body><script>
const pages = %s, screens = %s, tooWide = [];
async function look() {
  for (const page of pages) {
    const frame = document.createElement("iframe");
    frame.style.height = "640px";
    frame.src = page;
    await new Promise(done => { frame.onload = done; document.body.append(frame); });
    for (const screen of screens) {
      frame.style.width = screen + "px";
      const width = frame.contentDocument.documentElement.scrollWidth;
      if (width > screen) tooWide.push(page + " " + width + " > " + screen);
    }
    frame.remove();
  }
  document.body.innerHTML = "<pre id=report>looked at " + pages.length + ": " + tooWide.join("; ") + "</pre>";
}
look();
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_nothing_sticks_out_on_any_screen(pages, server, tmp_path):
    names = [path.relative_to(BOOK).as_posix() for path in pages]
    names = [name for name in names if not name.startswith(("_modules", "genindex", "py-mod"))]
    place = BOOK / "widths.html"
    place.write_text(WIDTHS % (names, SCREENS), encoding="utf-8")
    try:
        said = browse(f"{server}/widths.html", tmp_path, 300_000)
    finally:
        place.unlink()
    assert f"looked at {len(names)}: </pre>" in said, said[-2000:]


WINDOWS = [(1920, 1080), (1280, 720), (1280, 633), (1024, 768)]  # the third has a browser's bars
HEIGHTS = """<!DOCTYPE html><body><script>
const pages = %s, windows = %s, tooHigh = [];
async function look() {
  for (const page of pages) for (const [width, height] of windows) {
    const frame = document.createElement("iframe");
    frame.style = `border: 0; width: ${width}px; height: ${height}px`;
    frame.src = page;
    await new Promise(done => { frame.onload = done; document.body.append(frame); });
    const slides = frame.contentDocument.querySelectorAll("section");
    for (const notes of [false, true]) {
      frame.contentDocument.body.classList.toggle("notes", notes);
      for (const slide of slides) {
        const picture = slide.querySelector("img");
        const small = picture && picture.offsetHeight < height / 4;
        if (slide.scrollHeight > height || small) tooHigh.push([page, slide.id, width, height, notes].join(" "));
      }
    }
    frame.remove();
  }
  document.body.innerHTML = "<pre id=report>looked at " + pages.length + ": " + tooHigh.join("; ") + "</pre>";
}
look();
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_every_slide_fits_the_window(server, tmp_path):
    names = [path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*-slides.html")]
    assert names
    place = BOOK / "heights.html"
    place.write_text(HEIGHTS % (names, [list(size) for size in WINDOWS]), encoding="utf-8")
    try:
        said = browse(f"{server}/heights.html", tmp_path, 60_000)
    finally:
        place.unlink()
    assert f"looked at {len(names)}: </pre>" in said, said[-2000:]
