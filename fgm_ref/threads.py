"""One thread for the linear algebra, if nobody has said otherwise.  Import this before NumPy.

The products of small recurrent networks are too short to share: a second thread gains nothing, and costs a
lot when the machine is busy.  Two runs side by side, one process each, are the way to use two cores.
Programs (the demo, the tests) do this; a library that is merely imported leaves the environment alone.
"""

import os

for _name in (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
):
    os.environ.setdefault(_name, "1")
