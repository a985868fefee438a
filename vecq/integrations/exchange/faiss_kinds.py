"""What the first four letters of a file of faiss stand for."""

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
    """Whether a file that starts like this is one of faiss'."""
    return len(start) == 4 and start[:1] == b"I" and start[1:].isalnum()


def named(kind: str) -> str:
    """The class of a kind, for a message."""
    return f"an {KINDS[kind]} of faiss" if kind in KINDS else f"of the unknown kind {kind!r}"
