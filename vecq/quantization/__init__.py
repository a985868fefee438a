"""Quantization: codecs, codes, their measured loss, and brute-force scans."""
