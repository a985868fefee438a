"""Measurements: recall against queries per second, ours and the peers'."""
