"""Our docstrings are plain text with `code` in single backticks; here they become what Sphinx reads."""

import re

LONGEST = 60  # letters of a value that is shown
KEPT = r"`[^`\n]+`|(?<![\w*])\*[^\s*][^*\n]*\*(?![\w*])"  # code, and *stress*
SIGNS = re.compile(rf"({KEPT})|([\\*|]|(?<=\w)_(?!\w)|(?<=\w):(?=:\w))")
ANY = r"~?(?:typing\.)?Any"
ARRAY = re.compile(rf"~?(?:numpy\.)?ndarray\[tuple\[{ANY}, \.\.\.\], ~?(?:numpy\.)?dtype\[{ANY}\]\]")


def setup(app):
    """Every docstring passes through `convert`, every signature through `short`."""
    app.connect("autodoc-process-docstring", lambda _app, _what, _name, _object, _options, lines: convert(lines))
    app.connect("autodoc-process-signature", short)
    app.connect("doctree-read", without_long_values)
    return {"parallel_read_safe": True}


def short(_app, _what, _name, _object, _options, signature, returned):
    """Arrays by the name that the code gives them, instead of what that stands for."""
    return tuple(text and ARRAY.sub("~fgm_ref.arrays.Array", text) for text in (signature, returned))


def without_long_values(_app, doctree):
    """Constants show their values, tables do not."""
    for part in list(doctree.findall(lambda node: node.tagname == "desc_annotation")):
        text = part.astext()
        if text.lstrip().startswith("=") and len(text) > LONGEST:
            part.parent.remove(part)


def convert(lines):
    """In place.  Code keeps its letters, signs of the markup lose their meaning, what is indented is kept as it is."""
    before, lines[:] = list(lines), []
    if before[:1] and re.fullmatch(r"Alias for field number \d+", before[0]):
        return  # it says nothing
    display = False
    for line in before:
        blank, example = not line.strip(), line.lstrip().startswith(">>>")
        indented = line.startswith("    ") and not example
        if indented and not display and lines and not lines[-1].strip():
            lines += [".. code-block:: none", ""]
        display = indented or (display and blank)
        lines.append(line if display or example else escaped(line))


def escaped(line):
    """One line of prose."""
    return SIGNS.sub(replaced, line)


def replaced(found):
    """Code between double backticks, stress as it is, any other sign without its meaning."""
    kept, sign = found.groups()
    if kept is None:
        return "\\" + sign
    if not kept.startswith("`"):
        return kept
    followed = found.string[found.end() :][:1].isalnum()  # code would not end before a letter
    return f"`{kept}`\\ " if followed else f"`{kept}`"
