"""What a search costs beyond the C ABI in each language, and how two threads scale.

    make bench-bindings

Each program in turn searches the same 500 queries, one per call, k=100; rounds alternate between
the languages, and the best round counts. Needs `make bindings-test` to have built the bindings.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import vecq

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = ROOT / "native" / "bindings"
OUT = ROOT / "build" / "bench-bindings"
ROWS, DIM, K = 1500, 128, 100  # few rows, so that the cost of the call shows
ROUNDS, SECONDS = 5, 0.4


def make_index() -> list[str]:
    """Write an index of clustered vectors and its queries; return their paths."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((1000, DIM), dtype=np.float32)

    def vectors(count: int) -> np.ndarray:
        noise = rng.standard_normal((count, DIM), dtype=np.float32)
        return centres[rng.integers(len(centres), size=count)] + noise

    items, queries = OUT / "items.vecq", OUT / "queries.f32"
    if not items.exists():
        vecq.Index(DIM, "cosine", seed=0).add(vectors(ROWS)).save(items)
        vectors(500).tofile(queries)
    return [str(items), str(queries)]


def programs(prefix: Path) -> dict[str, list[str]]:
    """Build the programs; return the command of each."""
    library = next(prefix.glob("lib*/**/libvecq.so")).parent
    environment = {
        "PKG_CONFIG_PATH": str(library / "pkgconfig"),
        "LD_LIBRARY_PATH": str(library),
        "VECQ_DIR": str(prefix),
    }
    os.environ.update(environment)
    link = [f"-I{prefix}/include", f"-L{library}", "-lvecq", "-lpthread"]
    here = Path(__file__).parent
    rust, go, java = BINDINGS / "rust", BINDINGS / "go", BINDINGS / "java"
    for folder, command in (
        (here, ["cc", "-O2", "call.c", "-o", OUT / "c", *link]),
        (here, ["c++", "-std=c++17", "-O2", "call.cpp", "-o", OUT / "cpp", *link]),
        (go, ["go", "build", "-o", OUT / "go", "./cmd/bench"]),
        (rust, ["cargo", "build", "-q", "--offline", "--release", "--example", "bench"]),
    ):
        subprocess.run([str(word) for word in command], cwd=folder, check=True)
    classes = f"{java}/target/classes:{java}/target/test-classes"
    return {
        "C": [str(OUT / "c")],
        "C++": [str(OUT / "cpp")],
        "Java": ["java", "-cp", classes, "vecq.Bench"],
        "Go": [str(OUT / "go")],
        "Rust": [str(rust / "target" / "release" / "examples" / "bench")],
    }


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    data = make_index()
    commands = programs(Path(sys.argv[1]).resolve())
    rounds: dict[str, list[list[float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            words = subprocess.check_output([*command, *data, str(K), str(SECONDS)], text=True)
            rounds[name].append([float(word) for word in words.split()])
    best = {
        name: (min(one[0] for one in own), max(one[1] for one in own), max(one[2] for one in own))
        for name, own in rounds.items()
    }
    print(f"{ROWS:,} x {DIM}, cosine, int8, k={K}, ef {K + 100}, one query per call")
    print(f"{'language':10}{'us/call':>9}{'over C':>9}{'QPS, 1 thread':>16}{'2 threads':>12}")
    for name, (call, alone, both) in best.items():
        over = call - best["C"][0]
        print(f"{name:10}{call:9.2f}{over:+9.2f}{alone:16,.0f}{both:12,.0f}{both / alone:7.2f}x")


if __name__ == "__main__":
    main()
