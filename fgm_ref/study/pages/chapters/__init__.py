"""The chapters of the report, one module for each experiment: rows of its table -> `Chapter`.

`claims` is the table of a thesis's claims at its end, with the verdicts of `verdicts`.
"""
