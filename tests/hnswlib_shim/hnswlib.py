"""Stands in for hnswlib, so that its own tests try vecq.compat.hnswlib."""

from vecq.compat.hnswlib import BFIndex, Index

__all__ = ["BFIndex", "Index"]
