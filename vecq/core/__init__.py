"""Errors, argument checks, arrays and progress, which all parts of vecq use."""
