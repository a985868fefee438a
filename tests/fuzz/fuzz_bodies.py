"""Fuzzes the readers of binary and JSON bodies, and searches for what they accept.

python tests/fuzz/fuzz_bodies.py -max_total_time=60 CORPUS
"""

import os
import sys

import atheris

with atheris.instrument_imports(include=["vecq.serving"]):
    from vecq.serving import binary_body, json_body
    from vecq.serving.options import search_options
    from vecq.serving.refusal import RefusalError
    from vecq.serving.runner import _search
    from vecq.serving.settings import Limits
    from vecq.serving.versions import Opening, open_version

import numpy as np

import vecq

DIM, FILE = 4, "build/fuzz/bodies.vecq"
LIMITS = Limits(k=50, ef=500, queries=20)
TABLE = search_options(LIMITS)


def prepared():
    os.makedirs("build/fuzz", exist_ok=True)
    items = np.random.default_rng(0).standard_normal((100, DIM), dtype=np.float32)
    index = vecq.Index(DIM, "ip", attributes={"price": "float32", "tag": "category"})
    index.add(items, attributes={"price": range(100), "tag": ["a", "b"] * 50}, bias=np.arange(100))
    index.save(FILE, overwrite=True)
    return open_version(FILE, Opening())


VERSION = prepared()


def run_one(data):
    """The first byte chooses the reader; every input is answered or refused."""
    body = data[1:]
    try:
        if data[:1] == b"j":
            request = json_body.read_search(body, DIM, LIMITS, TABLE)
        elif data[:1] == b"i":
            request = json_body.read_search_by_ids(body, LIMITS, TABLE)
        else:
            request = binary_body.read_search(body, DIM, LIMITS, TABLE)
        answer = _search(VERSION, request)
    except RefusalError as refusal:
        refusal.body()
        return
    except vecq.ArgumentError as error:
        RefusalError.of(error).body()
        return
    assert answer.ids.shape == (request.count, request.k)
    json_body.write_answer(answer)
    binary_body.write_answer(answer)


if __name__ == "__main__":
    atheris.Setup(sys.argv, run_one)
    atheris.Fuzz()
