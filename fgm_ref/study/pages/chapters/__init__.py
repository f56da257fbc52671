"""The chapters of the report, one module for each experiment: rows of its table -> `Chapter`.

`claims` is the table of a thesis's claims at its end, with the verdicts of `verdicts`.  Of the second round's first
chapters some parts are files of their own: `better`, `advice` and `fewest_drawn` go with `fewest`, `survive`,
`central` and `overfit` with `rates`.
"""
