"""Serving: an index that follows its file, and an HTTP service of pinned processes."""
