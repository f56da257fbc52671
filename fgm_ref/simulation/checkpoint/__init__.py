"""Checkpoints: a run that was killed goes on from its last one, and ends with the same bits.

state.py   what changes while a run lasts, taken from its objects and given back to them
kept.py    the same as bytes, and as a file: whole or not at all, and refused if it is of another run
"""
