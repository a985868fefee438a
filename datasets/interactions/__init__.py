"""Interactions of users with items: read, split into seen and held out, factorized."""

from vecq.datasets.interactions.factorization import choose_users, factorize, recommend_from
from vecq.datasets.interactions.read import read_interactions
from vecq.datasets.interactions.splitting import split
from vecq.datasets.interactions.table import Interactions

__all__ = [
    "Interactions",
    "choose_users",
    "factorize",
    "read_interactions",
    "recommend_from",
    "split",
]
