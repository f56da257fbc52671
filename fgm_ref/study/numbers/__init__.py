"""What the rows of a table say, as numbers with intervals and as words.

From the bottom up: `stats` (resamples of the seeds, intervals), `fronts` (loss against bytes), `rows` (which rows),
`compare` (two protocols, run at the same thresholds) and `paired` (two groups of runs, whatever was run of both),
`words` (what an interval allows to say).

On top the runs of single experiments and what is asked of them: `cases` (fronts), `sweeps`, `programs` (why),
`rebalancers`, `changes` (drift).  The other experiments of the first round need so little that it stands in their
chapter.

Of the second round `picks` (what the validation part chooses) and `kits` (which server, codec and start go with a
protocol) come first, then `fewest` and `choices`, `rates` (also of `servers`), `bits`, `paces`, `promises`, `skew`.
"""
