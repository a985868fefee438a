"""Changes of an index: add, update, remove, compact and refit."""
