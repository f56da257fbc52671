"""Our docstrings are plain text with `code` in single backticks; here they become what Sphinx reads."""

import re

SIGNS = re.compile(r"(`[^`\n]+`)|([\\*|]|_\b|(?<=\w)_(?!\w))")


def setup(app):
    """Every docstring passes through `convert`."""
    app.connect("autodoc-process-docstring", lambda _app, _what, _name, _object, _options, lines: convert(lines))
    return {"parallel_read_safe": True}


def convert(lines):
    """In place.  Code keeps its letters, signs of the markup lose their meaning, what is indented is kept as it is."""
    before, lines[:] = list(lines), []
    display = False
    for line in before:
        blank, example = not line.strip(), line.lstrip().startswith(">>>")
        indented = line.startswith("    ") and not example
        if indented and not display and lines and not lines[-1].strip():
            lines += ["::", ""]
        display = indented or (display and blank)
        lines.append(line if display or example else escaped(line))


def escaped(line):
    """One line of prose."""
    return SIGNS.sub(lambda found: f"`{found[1]}`" if found[1] else "\\" + found[2], line)
