"""`python -m fgm_ref.predict`."""

from fgm_ref import program
from fgm_ref.predict import main

program.entry(
    main, lambda: program.complain("fgm_ref.predict", (), "interrupted", program.INTERRUPTED)
)
