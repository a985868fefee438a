"""The four-letter codes that files of faiss begin with."""

KINDS = {
    "IxF2": "IndexFlatL2",
    "IxFI": "IndexFlatIP",
    "IxFl": "IndexFlat",
    "IxSQ": "IndexScalarQuantizer",
    "IxPq": "IndexPQ",
    "IxPo": "IndexPQ",
    "IxPT": "IndexPreTransform",
    "IxRF": "IndexRefine",
    "IxHE": "IndexLSH",
    "IxHe": "IndexLSH",
    "IxMp": "IndexIDMap",
    "IxM2": "IndexIDMap2",
    "IHNf": "IndexHNSWFlat",
    "IHNs": "IndexHNSWSQ",
    "IHNp": "IndexHNSWPQ",
    "IHN2": "IndexHNSW2Level",
    "IHNc": "IndexHNSWCagra",
    "IHc2": "IndexHNSWCagra",
    "INSf": "IndexNSGFlat",
    "IwFl": "IndexIVFFlat",
    "IwFd": "IndexIVFFlatDedup",
    "IwPQ": "IndexIVFPQ",
    "IwQR": "IndexIVFPQR",
    "IwSq": "IndexIVFScalarQuantizer",
    "IwPf": "IndexIVFPQFastScan",
    "IPfs": "IndexPQFastScan",
    "IBxF": "IndexBinaryFlat",
    "IBwF": "IndexBinaryIVF",
    "IBHf": "IndexBinaryHNSW",
}


def is_kind(start: bytes) -> bool:
    """Return whether a file that starts with these bytes is one of faiss."""
    return len(start) == 4 and start[:1] == b"I" and start[1:].isalnum()


def named(kind: str) -> str:
    """Return the name of the class for a message."""
    return f"an {KINDS[kind]} of faiss" if kind in KINDS else f"of the unknown kind {kind!r}"
