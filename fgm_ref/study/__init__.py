"""The study: many runs, in parallel, that can be interrupted; tidy tables; intervals over seeds.

    python -m fgm_ref.study --list

From the bottom up: `settings` and `task` (one run to be done), `grid` (which runs an experiment consists of),
`measure` (what is kept of a run), `store` and `journal` (where it is kept), `pool` and `runner` (who does the
runs), `stats` and `fronts` (what the numbers say), `estimate`, `report`.
"""
