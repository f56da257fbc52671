"""Links that mean something in a repository, and in a book something else: to a module, to a folder."""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref


def setup(app):
    """After a page was read."""
    app.connect("doctree-read", resolve)
    return {"parallel_read_safe": True}


def resolve(app, doctree):
    """A module's file leads to its source in the book; a folder is named only."""
    page = Path(app.env.docname)
    for node in list(doctree.findall(download_reference)):
        inside = Path(app.env.relfn2path(node["reftarget"])[0])
        path = Path(app.srcdir, inside)
        if inside.parts[0] == "fgm_ref" and path.suffix == ".py":
            place = Path("_modules", inside).with_suffix(".html").as_posix()
            node.replace_self(nodes.reference("", "", *node.children, refuri="../" * len(page.parent.parts) + place))
    for node in list(doctree.findall(pending_xref)):
        folder = Path(app.srcdir, page.parent, node.get("reftarget", ""))
        if node.get("refdomain") == "py":
            node.attributes.pop("refspecific", None)  # `bytes` is Python's, not any attribute of that name of ours
        elif folder.is_dir():
            node.replace_self(node.children)
