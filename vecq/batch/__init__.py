"""Batch jobs over Arrow data: recommendations for all users."""
