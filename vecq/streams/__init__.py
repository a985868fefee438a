"""Streams of vectors: sources that are read a block at a time, and indexes built of them."""
