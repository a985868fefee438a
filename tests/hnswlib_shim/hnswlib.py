"""Stands in for hnswlib, so that its own tests try vecq.integrations.hnswlib."""

from vecq.integrations.hnswlib import BFIndex, Index

__all__ = ["BFIndex", "Index"]
