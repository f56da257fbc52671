"""The page that replays a run, embedded where a page of the book shows its picture."""

from docutils import nodes

PICTURE, PAGE = "player.png", "player.html"
FRAME = """<iframe class="player" src="{place}" title="Runs of GM and of FGM, step by step" loading="lazy"></iframe>
<p class="player"><a href="{place}">The player on a page of its own</a></p>"""


def setup(app):
    """After a page was read."""
    app.connect("doctree-read", embed)
    return {"parallel_read_safe": True}


def embed(app, doctree):
    """Below the first paragraph that shows or links to the picture."""
    for node in list(doctree.findall()):
        attributes = getattr(node, "attributes", {})
        target = attributes.get("uri") or attributes.get("reftarget") or ""
        if target.endswith(PICTURE):
            place = "../" * app.env.docname.count("/") + PAGE
            while not isinstance(node.parent, nodes.section):
                node = node.parent
            frame = nodes.raw("", FRAME.format(place=place), format="html")
            node.parent.insert(node.parent.index(node) + 1, frame)
            return
