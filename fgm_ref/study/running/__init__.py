"""Do the runs: which ones an experiment asks for, who does them, and where the results are kept.

From the bottom up: `settings` and `task` (one run to be done), `grid` (the runs of an experiment), `measure` (what is
kept of a run), `store` and `journal` (where it is kept), `estimate` (how long it takes), `elsewhere` and `runner`
(who does it).
"""
