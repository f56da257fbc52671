"""Lectures as slides: a page of Markdown, cut at its rules, on a screen of its own."""

import html
import re
import shutil
from pathlib import Path

from docutils import nodes
from markdown_it import MarkdownIt

HERE = Path(__file__).resolve().parent
RULE = re.compile(r"^---$", re.M)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{slides}
<script>{script}</script>
</body>
</html>
"""
LINK = '<p class="slides"><a href="{name}-slides.html">Show as slides</a></p>'


def setup(app):
    """A lecture's page links to its slides."""
    app.connect("doctree-read", link)
    return {"parallel_read_safe": True}


def is_lecture(name):
    """Whether the page of this name is to be shown as slides."""
    return Path(name).stem.startswith("lecture")


def link(app, doctree):
    """Below the title."""
    if is_lecture(app.env.docname):
        section = next(doctree.findall(nodes.section))
        section.insert(1, nodes.raw("", LINK.format(name=Path(app.env.docname).stem), format="html"))


def write(source, target):
    """The slides of every lecture below `source`, each beside its page in `target`."""
    for page in source.rglob("lecture*.md"):
        folder = target / page.parent.relative_to(source)
        text = page.read_text(encoding="utf-8")
        (folder / f"{page.stem}-slides.html").write_text(deck(text, page, folder), encoding="utf-8")


def deck(text, page, folder):
    """The page as HTML; what stands before the first rule gives only its title, and pictures are copied to the deck."""
    opening, *parts = RULE.split(text)
    title = opening.partition("\n")[0].removeprefix("# ")
    parts = [f"# {title}", *parts]
    slides = [f'<section id="{number}">{body(part)}</section>' for number, part in enumerate(parts, 1)]
    shown = "\n".join(slides)
    for picture in set(re.findall(r'<img src="([^"]+)"', shown)):
        name = "slides-" + picture.replace("../", "").replace("/", "-")
        shutil.copyfile(page.parent / picture, folder / name)
        shown = shown.replace(f'src="{picture}"', f'src="{name}"')
    style, script = ((HERE / "static" / f"slides.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return PAGE.format(title=html.escape(title), style=style, slides=shown, script=script)


def body(part):
    """One slide; quotations are the speaker's notes."""
    text = MarkdownIt("commonmark").enable("table").render(part)
    return text.replace("<blockquote>", '<aside class="note">').replace("</blockquote>", "</aside>")
