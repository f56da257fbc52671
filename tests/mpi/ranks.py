"""What the ranks of a test do: started by mpiexec, with the name of a deed and a file for what came of it."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import far_cases
import numpy as np
from same_run import difference

from fgm_ref.mpi import bill
from fgm_ref.mpi.lockstep import FarSimulation, run_far, stop
from fgm_ref.mpi.post import MpiPost, load
from fgm_ref.mpi.slice import serve
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.wire.office import Gone, Office


def same(office, cases):
    """Every run twice: what differs between the simulator and the wire, and between the bill and the wire."""
    for config in getattr(far_cases, cases):
        found = []

        def then(simulation, result, found=found):
            found += bill.differences(result, simulation)

        try:
            wrong = difference(run(config), run_far(config, office, then=then))
            yield {"protocol": config.protocol, "differs": wrong, "bill": found}
        except ValueError as error:
            yield {"protocol": config.protocol, "differs": f"{error}", "bill": found}


def garbage(office, _):
    """A rank receives what is no letter."""
    simulation = FarSimulation(far_cases.small(), None, office)
    simulation.step()
    office.post.send(office.post.size - 1, np.arange(300, dtype=np.uint8))
    try:
        simulation.step()
    except Gone as error:
        yield {"said": str(error)}


def main():
    deed, cases, out = sys.argv[1:]
    post = MpiPost(load())
    office = Office(post)
    if post.rank:
        serve(office)
    else:
        results = list(globals()[deed](office, cases))
        stop(office)
        Path(out).write_text(json.dumps(results))
    post.close()


main()
