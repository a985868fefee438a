"""faiss: HNSW over float32 and 8-bit codes, and IVF over PQ and RaBitQ codes, refined."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting, probes


class Faiss(Adapter):
    """The base of all indexes of faiss."""

    module, package = "faiss", "faiss-cpu"
    unit_vectors = True

    def make(self, dim: int, rows: int, kind: int) -> Any:
        """Make an empty index."""
        raise NotImplementedError

    def parameters(self, setting: Setting) -> Any:
        """Return a setting as search parameters of faiss."""
        raise NotImplementedError

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
        self.index = self.make(vectors.shape[1], len(vectors), kind)
        self.index.train(vectors)
        self.index.add(vectors)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        self.params = self.parameters(setting)

    def search(self, queries: Floats, k: int) -> Any:
        return self.index.search(queries, k, params=self.params)

    def ids(self, answer: Any) -> Any:
        return answer[1]

    def scores(self, answer: Any) -> Any:
        return answer[0]

    def file_bytes(self) -> int:
        import faiss

        sizes: list[int] = []
        faiss.write_index(
            self.index, faiss.PyCallbackIOWriter(lambda part: sizes.append(len(part)))
        )
        return sum(sizes)

    def save(self, path: Path) -> None:
        import faiss

        faiss.write_index(self.index, str(path))

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        import faiss

        self.index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


class FaissHnsw(Faiss):
    """HNSW over float32."""

    name = "faiss HNSWFlat"
    sweeps_m = True

    def __init__(self, *, m: int = 16, ef_construction: int = 200) -> None:
        self.settings = {"M": m, "efConstruction": ef_construction}

    def make(self, dim: int, rows: int, kind: int) -> Any:
        index = self.empty(dim, kind)
        index.hnsw.efConstruction = self.settings["efConstruction"]
        return index

    def empty(self, dim: int, kind: int) -> Any:
        import faiss

        return faiss.IndexHNSWFlat(dim, self.settings["M"], kind)

    def parameters(self, setting: Setting) -> Any:
        import faiss

        return faiss.SearchParametersHNSW(efSearch=setting["ef"])

    def forget(self) -> None:
        import faiss

        faiss.cvar.hnsw_stats.reset()

    def counts(self, answers: list[Any]) -> tuple[int, int]:
        import faiss

        return faiss.cvar.hnsw_stats.nhops, faiss.cvar.hnsw_stats.ndis


class FaissHnswSq(FaissHnsw):
    """HNSW over 8-bit codes."""

    name = "faiss HNSWSQ 8 bit"
    codec = "int8"

    def empty(self, dim: int, kind: int) -> Any:
        import faiss

        return faiss.IndexHNSWSQ(dim, faiss.ScalarQuantizer.QT_8bit, self.settings["M"], kind)


class FaissIvf(Faiss):
    """IVF over product-quantized codes, scanned in registers, refined on float32."""

    name = "faiss IVF-PQ fast scan"
    codec = "pq4"
    grid: ClassVar = {"rows_per_list": (100, 400)}

    def __init__(self, *, dims_per_code: int = 2, rows_per_list: int = 100) -> None:
        self.settings = {"dims_per_code": dims_per_code, "rows_per_list": rows_per_list}

    def make(self, dim: int, rows: int, kind: int) -> Any:
        import faiss

        text = f"IVF{self.lists(rows)},{self.codes(dim)},RFlat"
        self.settings["factory"] = text
        return faiss.index_factory(dim, text, kind)

    def codes(self, dim: int) -> str:
        """Return the codec in the language of the index factory."""
        return f"PQ{dim // self.settings['dims_per_code']}x4fs"

    def prepare(self, vectors: Floats, metric: str) -> Floats:
        """Pad with zeros to a multiple of the dimensions per code."""
        missing = -vectors.shape[1] % self.settings["dims_per_code"]
        return np.pad(super().prepare(vectors, metric), ((0, 0), (0, missing)))

    def lists(self, rows: int) -> int:
        return max(1, rows // int(self.settings["rows_per_list"]))

    def ladder(self, k: int, rows: int) -> list[Setting]:
        counts = probes(self.lists(rows))
        return [{"nprobe": n, "k_factor": 4 if n < 8 else 10 if n < 64 else 20} for n in counts]

    def parameters(self, setting: Setting) -> Any:
        import faiss

        return faiss.IndexRefineSearchParameters(
            k_factor=setting["k_factor"],
            base_index_params=faiss.SearchParametersIVF(nprobe=setting["nprobe"]),
        )


class FaissRabitq(FaissIvf):
    """IVF over RaBitQ codes, scanned in registers, refined on float32."""

    name = "faiss IVF RaBitQ"
    grid: ClassVar = {"bits": (1, 4)}

    def __init__(self, *, bits: int = 4, rows_per_list: int = 100) -> None:
        super().__init__(dims_per_code=1, rows_per_list=rows_per_list)
        self.codec = f"rabitq{bits}"
        self.bits = bits

    def codes(self, dim: int) -> str:
        return "RaBitQfs" if self.bits == 1 else f"RaBitQfs{self.bits}"
