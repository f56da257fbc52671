"""What a rank that trains does: run after run, until it is told to stop."""

from __future__ import annotations

import json

from fgm_ref.datasets import Dataset
from fgm_ref.mpi.free_slice import FreeSlice
from fgm_ref.mpi.slice import Slice
from fgm_ref.simulation.config import Config
from fgm_ref.transport.wire.letter import Unreadable
from fgm_ref.transport.wire.office import COORDINATOR, Office, Word, as_text, text_array

LOCKSTEP, FREE = MODES = (0, 1)
"""The form of a BEGIN: who says when to step."""


def serve(office: Office, data: Dataset | None = None) -> None:
    """Runs, one after the other.  What goes wrong is said at the coordinator's rank, which then stops everybody."""
    try:
        while begin(office, data):
            pass
    except Exception as error:
        what = str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
        office.say(COORDINATOR, Word.FAILED, text_array(what))
        while office.receive(COORDINATOR)[1].what != Word.STOP:
            pass


def begin(office: Office, data: Dataset | None) -> bool:
    """One run; returns whether there may be more."""
    _, letter = office.expect((Word.BEGIN, Word.STOP), COORDINATOR)
    if letter.what == Word.STOP:
        return False
    office.reset()
    settings, (first, end) = letter.arrays
    config = Config.from_dict(json.loads(as_text(settings)))
    kind = FreeSlice if letter.form == FREE else Slice
    run = kind(config, data, office, range(int(first), int(end)))
    office.say(COORDINATOR, Word.READY)
    if run.serve() == Word.STOP:
        return False
    office.say(COORDINATOR, Word.ENDED, *run.account())
    return True
