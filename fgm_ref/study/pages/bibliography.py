"""The report's bibliography, from `bibliography.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".toml")
TITLE = "## Bibliography"


@cache
def works() -> dict[str, dict[str, str]]:
    """All works by the name that they are cited by."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


def lines() -> list[str]:
    """The chapter in Markdown, in the order of the names."""
    return [TITLE, "", *(line(name, work) for name, work in sorted(works().items())), ""]


def line(name: str, work: Mapping[str, str]) -> str:
    """One work."""
    return (
        f"- **{name}.** {work['authors']}: {work['title']}. {work['where']}. {link(work)}. For "
        f"{work['for']}."
    )


def link(work: Mapping[str, str]) -> str:
    """Where it is to be found.

    >>> link({"arxiv": "1412.6980"})
    '[arXiv:1412.6980](https://arxiv.org/abs/1412.6980)'
    """
    if "doi" in work:
        return f"[doi:{work['doi']}](https://doi.org/{work['doi']})"
    if "arxiv" in work:
        return f"[arXiv:{work['arxiv']}](https://arxiv.org/abs/{work['arxiv']})"
    return f"<{work['url']}>"
