"""Modules that notice at once when a function of theirs is replaced, even if it is put back a moment later.

Only assignment to the module is noticed; who writes to its dictionary is left to the comparison in `integrity.py`.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from fgm_ref.grade.integrity import is_judge, lasting


def seal(tests: str, replaced: Callable[[str], None]) -> None:
    """From now on `replaced("numpy.allclose")` is called before such a thing is replaced."""

    class Sealed(ModuleType):
        """A module as before, but for the notice."""

        def __setattr__(self, name: str, value: Any) -> None:
            old = vars(self).get(name)
            if value is not old and lasting(old):
                replaced(f"{self.__name__}.{name}")
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            if lasting(vars(self).get(name)):
                replaced(f"{self.__name__}.{name}")
            super().__delattr__(name)

    for title, module in list(sys.modules.items()):
        if type(module) is ModuleType and is_judge(title, module, tests) and title != "builtins":
            module.__class__ = Sealed
