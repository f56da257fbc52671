"""How Sphinx makes the book from the pages that `stage.py` has laid out.  Run it by `_build.py book`."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(os.path.dirname(HERE))]

from fgm_ref import __version__  # noqa: E402

project = "fgm_ref"
author = copyright = "The fgm_ref developers"
version = release = __version__
language = "en"
root_doc = "README"
exclude_patterns = ["files"]

extensions = [
    "myst_nb",  # Markdown and notebooks
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "docstrings",  # from here on: the modules beside this file
    "formulas",
    "links",
    "player",
    "slides",
]

# Markdown as a repository page shows it
myst_enable_extensions = ["dollarmath", "html_image"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # pages may skip a level of headings
nb_execution_mode = "off"  # the outputs are stored in the notebooks
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
default_role = "literal"
viewcode_follow_imported_members = False  # the way back from a source leads to its own room's page
toc_object_entries = False  # the side bar would be longer than the pages

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
copybutton_exclude = ".linenos, .gp, .go"
