"""What users did with items: read, split into seen and held out, and factorised into embeddings."""

from vecq.datasets.interactions.factorise import factorise, recommend_from
from vecq.datasets.interactions.read import read_interactions
from vecq.datasets.interactions.split import split
from vecq.datasets.interactions.table import Interactions

__all__ = ["Interactions", "factorise", "read_interactions", "recommend_from", "split"]
