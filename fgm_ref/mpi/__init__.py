"""`python -m fgm_ref.mpi`: the demo's training, with the sites in processes of their own and MPI between them.

Rank 0 is the coordinator's.  The others hold the k sites in slices and train them side by side.  Every message of the
ledger is a message of MPI.  In lockstep, models, events and ledger are those of the simulator to the bit.

    homes.py     who lives where
    slice.py     a rank that trains: its sites, and how they keep in step
    serve.py     run after run, until there are no more
    lockstep.py  the coordinator's rank: the simulator, with its sites elsewhere
    free.py      the same without a barrier; free_slice.py trains at its own pace, free_report.py says what came of it
    bill.py      the ledger against the wire
    run.py       the program, and options.py its command line
    post.py      letters by MPI: the only file that knows of mpi4py
    launch.py    starts the ranks, and says which has died (who is alive: watch.py)

It stands on `demo`, whose command line, tables and pictures it shares.
"""
