"""Data sets: registry, readers, generators and ground truth."""
