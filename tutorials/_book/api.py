"""A page for each room of the package, made from its docstrings."""


def write(package, target):
    """The pages of all rooms; the package itself comes first, as `index`."""
    target.mkdir(parents=True)
    names = ["```{toctree}", ":maxdepth: 1", "", *rooms(package), "```"]
    page(target / "index.md", "API", ["fgm_ref"], "no-index", INTRODUCTION + "\n".join(names))
    for room in rooms(package):
        page(target / f"{room}.md", f"fgm_ref.{room}", modules(package, room))


INTRODUCTION = """
The rooms of the package, a page each; what `import fgm_ref` gives you is below.

"""


def rooms(package):
    """The folders and files of the package."""
    folders = [path.parent.name for path in package.glob("*/__init__.py")]
    files = [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    return sorted([*folders, *files])


def modules(package, room):
    """The room itself, then its modules, by name."""
    folder = package / room
    if not folder.is_dir():
        return [f"fgm_ref.{room}"]
    paths = sorted(path.relative_to(package).with_suffix("") for path in folder.rglob("*.py"))
    names = [".".join(["fgm_ref", *path.parts]).removesuffix(".__init__") for path in paths]
    return sorted(name for name in names if not name.endswith("__main__"))


def page(path, title, names, option="ignore-module-all", introduction=""):
    """A heading for each module, and what `autodoc` says of it; of a room only what it defines itself."""
    parts = [f"# {title}", introduction]
    for name in names:
        heading = f"## `{name}`" if name != title else ""
        parts += [heading, "```{eval-rst}", f".. automodule:: {name}", f"   :{option}:", "```", ""]
    path.write_text("\n".join(parts), encoding="utf-8")
