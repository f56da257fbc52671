"""Formulas as MathML, which browsers draw by themselves: no script, no network, and a screen reader can read them."""

from latex2mathml.converter import convert


def setup(app):
    """The renderer that the HTML builder finds."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(writer, node):
    """Within a line."""
    writer.body.append(convert(node.astext().strip()))
    raise_skip()


def display(writer, node):
    """On a line of its own, which scrolls where it is too long."""
    writer.body.append(f'<div class="formula">{convert(node.astext().strip(), display="block")}</div>\n')
    raise_skip()


def raise_skip():
    """There is nothing inside."""
    from docutils.nodes import SkipNode

    raise SkipNode
