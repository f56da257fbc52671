"""The model that fits a data set, and where its embedding lies."""

from fgm_ref.datasets import Dataset
from fgm_ref.learning.model import ModelSpec
from fgm_ref.learning.params import Layout
from fgm_ref.simulation.config import Config
from fgm_ref.transport.codecs import Rows


def model_spec(config: Config, data: Dataset) -> ModelSpec:
    """The model that fits a data set."""
    return ModelSpec(
        cell=config.cell,
        features=data.features,
        vocabulary=data.vocabulary,
        embedding=config.embedding,
        hidden=config.hidden,
        outputs=data.outputs,
        task=data.task,
        peepholes=config.peepholes,
        dropout=config.dropout,
        truncate=config.truncate,
    )


def embedding_rows(layout: Layout) -> Rows | None:
    """Where the embedding lies, if there is one."""
    if "embedding" not in layout.names:
        return None
    where = layout.slice_of("embedding")
    return Rows(where.start, where.stop, width=layout.shapes["embedding"][1])
