"""Runs schemathesis over the OpenAPI document of a real service, then two fuzzers.

They fuzz bodies, and connections of HTTP, each for SECONDS.

python tests/fuzz/serve.py SECONDS
"""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

import vecq

HOME = Path("build/fuzz")


def service(path):
    """Start a service; return its process and address."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "vecq", "serve", str(path)),
            *("--port", "0", "--processes", "1", "--no-pin"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if found := re.search(r"(http://\S+) serves", line):
            return process, found[1]
    raise SystemExit("the service did not start")


def schemathesis(address):
    """Run all checks but one; return the exit code."""
    code = "from schemathesis.cli import schemathesis; schemathesis()"
    # A schema cannot say that `exclude` has a list per query, or which ids exist.
    options = "--max-examples", "300", "--exclude-checks", "positive_data_acceptance"
    return subprocess.call(
        [sys.executable, "-P", "-c", code, "run", f"{address}/openapi.json", *options]
    )


def bodies():
    """Return bodies to start from, by name."""
    queries = np.ones((2, 4), np.float32)
    head = struct.pack("<4sIIIIIQ", b"VQS1", 2, 4, 5, 0, 0, 2)
    lengths = np.ones(2, np.uint32)
    body = {"queries": queries.tolist(), "k": 5, "exclude": [[1], []], "ef": 60}
    options = {"where": ["price < 9", None], "bias_weight": 2, "group_by": "tag", "diversity": 0.5}
    return {
        "binary": b"b" + head + np.arange(2).tobytes() + lengths.tobytes() + queries.tobytes(),
        "json": b"j" + json.dumps(body).encode(),
        "options": b"j" + json.dumps(body | options).encode(),
        "ids": b"i" + json.dumps({"ids": [1, 2], "k": 3, "allow": [4, 5]}).encode(),
    }


def connections():
    """Return what clients send, by name; the first two bytes say in which pieces."""
    post = b"POST /later HTTP/1.1\r\n"
    get = b"GET /a%20b?c=d HTTP/1.1\r\nhost: x\r\n\r\nHEAD /bad HTTP/1.0\r\n\r\n"
    return {
        "one": b"\5\0" + post + b"content-length: 5\r\n\r\nabcde" + get,
        "large": b"\40\1" + post + b"expect: 100-continue\r\ncontent-length: 200\r\n\r\n" + get,
        "chunks": b"\11\2"
        + post
        + b"transfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nx: y\r\n\r\n"
        + b"GET /a HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    }


def fuzz(name, seeds, seconds):
    """Run tests/fuzz/fuzz_NAME.py; return the exit code."""
    folder = HOME / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed, content in seeds.items():
        (folder / seed).write_bytes(content)
    fuzzer = Path(__file__).with_name(f"fuzz_{name}.py")
    return subprocess.call(
        [
            *(sys.executable, "-P", fuzzer, f"-max_total_time={seconds}", "-max_len=4096"),
            *("-artifact_prefix=build/fuzz/", folder),
        ]
    )


def main(seconds):
    HOME.mkdir(parents=True, exist_ok=True)
    items = np.random.default_rng(0).standard_normal((500, 4), dtype=np.float32)
    index = vecq.Index(4, "ip", attributes={"price": "float32", "tag": "category"})
    index.add(items, attributes={"price": range(500), "tag": ["a", "b"] * 250})
    index.save(HOME / "serve.vecq", overwrite=True)
    process, address = service(HOME / "serve.vecq")
    try:
        failed = schemathesis(address)
    finally:
        process.terminate()
        failed = process.wait() or failed
    failed = fuzz("bodies", bodies(), seconds) or failed
    return fuzz("http", connections(), seconds) or failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
