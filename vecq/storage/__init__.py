"""Files of an index: open, save, check and describe."""
