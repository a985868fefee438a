"""Searches: requests, results, filters, plans, pages, ranges and the recall curve."""
