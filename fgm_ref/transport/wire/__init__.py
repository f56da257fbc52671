"""The same messages between ends that lie apart: what they look like as bytes, and who sends them.

    letter.py    a message as bytes: a header of fixed length, then arrays; nothing is pickled
    payload.py   what a payload looks like as arrays, 4 bytes a number
    office.py    sends and receives letters by whatever carries bytes, and counts them
    far.py       the coordinator's end: sites for its network that are elsewhere
    clerk.py     the sites' end: hands their mail to some of the sites, and sends what they say

What carries bytes is known by its shape only (`office.Post`).  One is MPI, in `fgm_ref/mpi`.
"""
