"""The study: many runs, in parallel, that can be interrupted; tidy tables; intervals over seeds.

    python -m fgm_ref.study --list

Three rooms: `running` does the runs and keeps their results in tables, `numbers` compares the rows of a table, and
`pages` writes the report from both.  `running` and `numbers` do not know each other; `presets` is below both.

`deviations`, `lags` and `cancel` are what some experiments run or measure.  Their names are written in the results,
so they stay where they are.
"""
