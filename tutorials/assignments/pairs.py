"""List the pairs of a class whose answers are alike when names, numbers, comments and order of functions are ignored.

    python tutorials/assignments/pairs.py class --only a03

A program is taken as the sequence of its pieces, the nodes of its syntax tree, and a pair's share is how much of the
two sequences difflib can match: 1 for a renamed copy.  What stands in the stub counts for nobody.  Short right answers
are alike too, so the list says whom to talk to and proves nothing.  No submission is run.
"""

import argparse
import ast
import sys
import warnings
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

from fgm_ref.grade import submissions
from fgm_ref.program.console import readable


def pieces(node):
    """The kinds of a tree's nodes in their order; of a constant only its type counts, and docstrings not at all."""
    docstring = isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
    if docstring or isinstance(node, ast.expr_context):
        return []
    kind = type(node.value if isinstance(node, ast.Constant) else node).__name__
    return [kind, *(one for child in ast.iter_child_nodes(node) for one in pieces(child))]


def parts(code):
    """{name: pieces} of the statements outermost in a program; what has no name is numbered from 0."""
    return {getattr(node, "name", number): pieces(node) for number, node in enumerate(ast.parse(code).body)}


def own(code, stub):
    """The pieces that are not the stub's: first its functions, filled in, in its order, then the rest."""
    given, written = parts(stub), parts(code)
    order = [name for name in given if name in written] + [name for name in written if name not in given]
    return [one for name in order if written[name] not in given.values() for one in written[name]]


def read(found, stub):
    """({student: pieces}, what could not be compared and why)."""
    known, skipped = {}, []
    for each in found.submissions:
        try:
            written = [] if each.trouble else own(each.code, stub)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            skipped.append(f"{each.student}: {each.name} is not Python ({error})")
            continue
        if written:
            known[each.student] = written
        else:
            skipped.append(f"{each.student}: {each.trouble or 'nothing but the stub'}")
    return known, skipped


def alike(known):
    """(share, one, other) of all pairs, most alike first."""
    pairs = combinations(known, 2)
    shares = [(SequenceMatcher(None, known[a], known[b], autojunk=False).ratio(), a, b) for a, b in pairs]
    return sorted(shares, key=lambda pair: -pair[0])


def main(arguments=None):
    """The exit code: 0, or 2 for a folder in which there is no class."""
    stubs = {path.parent.name[:3]: path for path in Path(__file__).parent.glob("a[0-9][0-9]_*/stub.py")}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", metavar="CLASS_DIR", type=Path, help="a folder for each student, as for grading")
    parser.add_argument("--only", choices=sorted(stubs), required=True, help="the assignment")
    parser.add_argument("--most", metavar="N", type=int, default=20, help="pairs to show; default %(default)s")
    args = parser.parse_args(arguments)
    readable()
    warnings.simplefilter("ignore")  # of the programs' syntax
    try:
        found = submissions.find(args.folder, [args.only], many=True, known=stubs)
    except ValueError as problem:
        print(f"pairs: {problem}", file=sys.stderr)
        return 2
    known, skipped = read(found, stubs[args.only].read_bytes())
    for share, one, other in alike(known)[: args.most]:
        print(f"{share:.2f}  {one}  {other}  (of {len(known[one])} and {len(known[other])} pieces)")
    for text in skipped:
        print(f"not compared: {text}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
