"""The protocol player: one self-contained page that replays recorded runs, step by step.

`record.py` makes plain values of the runs' own logs, `page.py` puts them into `page.html`.  The scripts of the page
replay the log: all that a reader sees is worked out from it, and nothing is simulated a second time.

But it does not show more than two runs, nor networks with faults, nor protocols without a safe function.
"""
