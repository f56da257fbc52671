"""Hypothesis profiles: `dev` by default, `HYPOTHESIS_PROFILE=ci` for many, reproducible examples."""

import os

import fgm_ref.threads  # isort: skip  (before NumPy)
from hypothesis import settings

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=200, derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
