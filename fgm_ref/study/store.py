"""The stored rows, for your own analysis: `from fgm_ref.study.store import Record`."""

from fgm_ref.study.running.store import Record

__all__ = ["Record"]
