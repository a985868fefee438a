"""Tests of vecq.serving; a package, so that they share the client of conftest.py."""
