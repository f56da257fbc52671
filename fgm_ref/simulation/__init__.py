"""The training loop, what it is set to, what it records, and the observer who sees everything."""
