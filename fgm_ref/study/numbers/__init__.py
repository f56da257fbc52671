"""What the rows of a table say, as numbers with intervals and as words.

From the bottom up: `stats` (resamples of the seeds, intervals), `fronts` (loss against bytes), `rows` (which rows),
`compare` and `paired` (two protocols, two groups of runs), `words` (what an interval allows to say), and the runs of
two experiments: `cases` and `sweeps`.
"""
