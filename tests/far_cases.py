"""Runs to be made twice, beside the coordinator and apart from it: found from the tables, so that none is forgotten."""

from strategies import EVERY, RADII, RATES, SERVERS

from fgm_ref.learning.learners import POLICIES
from fgm_ref.learning.optim import OPTIMIZERS
from fgm_ref.protocols import parse
from fgm_ref.safe import CATALOGUE
from fgm_ref.simulation.config import Config
from fgm_ref.transport.codecs import VALUES

SMALL = {
    "dataset": "ecg208",
    "sites": 7,
    "hidden": (4,),
    "batch": 4,
    "steps": 12,
    "evaluations": 1,
    "threshold": 0.05,
}


def small(**settings):
    return Config(**(SMALL | settings))


def far(protocol):
    """Whether its sites can live apart."""
    return not parse(protocol).protocol.sees_all


PROTOCOLS = [small(protocol=protocol) for protocol in EVERY if far(protocol)]
UNEVEN = [
    small(protocol=config.protocol, schedule=schedule)
    for config, schedule in zip(
        PROTOCOLS, ["bernoulli:0.4", "single", "bernoulli:0.9"] * len(PROTOCOLS), strict=False
    )
]

CODECS = [
    small(codec=codec, protocol=protocol)
    for n, value in enumerate(VALUES)
    for codec, protocol in (
        (value, ("gm", "fgm")[n % 2]),
        (f"{value}+zip", ("dynamic", "fgm-blocks")[n % 2]),
        (f"sparse+{value}" if value == "float32" else f"{value}+ef", "fgm-reb"),
    )
]
SPARSE = [
    small(codec=codec, protocol=protocol, dataset="amazon_snippets", steps=5)
    for codec, protocol in (
        ("sparse", "fgm"),
        ("sparse+zip", "dynamic"),
        ("sparse+ternary+ef+zip", "gm-reb"),
        ("sparse+int4+ef", "fgm-blocks"),
    )
]
LONG = [
    small(dataset="nyc_flights", hidden=(40,), steps=5, schedule=schedule, protocol=protocol)
    for schedule, protocol in (("lockstep", "fgm"), ("bernoulli:0.3", "gm"))
]
OTHERS = [
    *[
        small(server=server, protocol=("fgm", "periodic:b=3")[n % 2])
        for n, server in enumerate(SERVERS)
    ],
    *[small(safe=safe) for safe in CATALOGUE],
    *[
        small(optimizer_state=policy, optimizer=optimizer)
        for policy in POLICIES
        for optimizer in OPTIMIZERS
    ],
    *[small(lr_schedule=rate) for rate in RATES],
    *[small(lr_schedule="cosine", radius=radius) for radius in RADII],
    small(start="seed"),
    small(start="seed", codec="ternary+ef", protocol="fgm-blocks"),
    small(prox=0.1),
    small(dropout=0.3, hidden=(4, 3)),
    small(clip=0.1, cell="rnn"),
    small(change="swap=0/1@0.5"),
    small(dataset="nyc_weather", change="season,reverse@0.5", split="natural", sites=6),
    small(split="dirichlet", protocol="fedavg:b=3"),
    small(protocol="central:b=3", server="momentum"),
    small(multicast=True),
]
SETTINGS = [*CODECS, *SPARSE, *LONG, *OTHERS]
