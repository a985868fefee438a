"""Makes the test vectors that Python and every binding answer alike: searches of the frozen index
files with their results, and files and arguments that are refused, with the error.

Run it with the Python of an installed vecq after a change of the format or of a default:
    python tests/vectors/make.py
It writes cases.json, and the same as lines of `key value ...` in cases.txt, which needs no parser.
Ids and scores of all queries follow each other, counts[q] of query q. An index of string ids has
`names` instead of ids. `where` is one condition or one for each query; in cases.txt condition i is
in the line where_i, and one that is missing is null.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import vecq

HERE = Path(__file__).parent
FIXTURES = "../fixtures/format-1-"
DIM = 8
TOO_LARGE = 1e39  # as float32 infinite, which JSON cannot say
STATUS = {
    vecq.ArgumentError: "INVALID_ARGUMENT",
    vecq.CorruptFileError: "CORRUPT_FILE",
    vecq.FileError: "FILE_ERROR",
}

Case = dict[str, Any]


def queries(count: int, start: int = 6000) -> np.ndarray:
    """Numbers that are the same everywhere and in every version of numpy."""
    numbers = np.arange(start, start + count * DIM, dtype=np.int64)
    return ((numbers * 7919 % 1009) / 512 - 1).astype(np.float32).reshape(count, DIM)


def ids_of(*numbers: int) -> list[int]:
    """Ids of the frozen files by number of insertion."""
    return [number * 10 - 50 for number in numbers]


def searches() -> list[Case]:
    """The searches, without their results."""
    cases: list[Case] = []

    def add(name: str, file: str, count: int = 3, k: int = 5, **options: Any) -> None:
        vectors = options.pop("queries", queries(count))
        case = {"case": name, "index": f"{FIXTURES}{file}.vecq", "k": k, **options}
        cases.append({**case, "queries": [float(value) for value in np.ravel(vectors)]})

    for file in ("ip", "cosine", "l2", "living"):
        add(f"one query of {file}", file, count=1)
        add(f"scan of {file}", file, plan="scan")
        add(f"walk of {file}", file, plan="walk", ef=20)
        add(f"walk of {file} by the default ef", file, plan="walk", k=7)
    add("more results than items", "l2", k=60)
    add("no query", "cosine", count=0)
    add("exclusions", "ip", exclude=[ids_of(*range(20)), [], [*ids_of(1, 2, 3), 12345]])
    add("exclusions of all", "l2", count=1, exclude=[ids_of(*range(40))])
    add("allowed ids", "cosine", k=4, allow=[*ids_of(1, 5, 9, 30, 31), 777])
    add("no allowed ids", "cosine", allow=[])
    add("denied ids", "l2", deny=ids_of(*range(0, 40, 2)))
    add(
        "allowed, denied and excluded",
        "l2",
        count=1,
        k=9,
        plan="scan",
        allow=ids_of(*range(30)),
        deny=ids_of(*range(10)),
        exclude=[ids_of(20, 21)],
    )
    add("a target recall", "living", k=6, target_recall=0.9)
    add("a target recall below the measured k", "living", k=2, target_recall=0.5)
    add("without the rerank store", "living", rerank=0)
    add("all on the rerank store", "living", rerank=40, plan="scan")
    wrong = queries(3).astype(np.float64)
    wrong[1, 2] = TOO_LARGE
    add("a query that is not finite", "ip", queries=wrong)
    add("an unmeasured target recall", "ip", target_recall=0.9)
    add("an impossible target recall", "living", target_recall=1.5)
    add("ef and target recall", "living", ef=50, target_recall=0.9)

    groups = {"group_ids": ids_of(*range(36)), "group_keys": [7 * (i % 4) for i in range(36)]}
    add("a condition", "attributes", k=40, where=["price < 2.5 and not tags has 'y'"])
    add("a condition on text", "attributes", where=["seller in ('ä', 'new') or tags has 'ß'"])
    add("a condition for each query", "attributes", where=["stock", None, f"year > {2**60 + 20}"])
    add("a condition and more", "attributes", where=["price >= 1"], deny=ids_of(9, 10, 11),
        exclude=[ids_of(*range(12, 20)), [], ids_of(20)])  # fmt: skip
    add("a condition that nothing satisfies", "attributes", count=1, where=["price < -1"])
    add("a condition that cannot be read", "attributes", where=["price <"])
    add("a condition of an unknown attribute", "attributes", where=["prize < 3"])
    add("a condition without attributes", "l2", where=["stock"])
    add("biases", "biased", k=40)
    add("weights of biases", "biased", bias_weights=[0, 0.25, -2], plan="walk")
    add("one result per group", "cosine", k=10, **groups)
    add("two results per group", "biased", k=10, per_group=2, bias_weights=[0, 1, 2], **groups)
    add("groups by a walk", "l2", per_group=3, plan="walk", ef=20, **groups)
    add("groups that no item has", "l2", group_ids=[1, 2], group_keys=[5, 5])
    add("diversity", "cosine", diversity=0.5)
    add("diversity among few candidates", "living", diversity=0.25, candidates=8)
    add("probes", "cells", k=6, plan="probe", probes=3)
    add("probes by default", "cells", count=9, plan="probe", exclude=[ids_of(*range(9))] * 9)
    add("probes without cells", "l2", plan="probe")
    add("string ids", "names", k=6)
    add("excluded string ids", "names", exclude_names=["é270", "new", "é80", "unknown"], count=1)
    return cases


def hostile_files() -> list[Case]:
    """Files that cannot be opened; writes them."""
    whole = (HERE / f"{FIXTURES}cosine.vecq").read_bytes()
    flipped = bytearray(whole[:4096])
    flipped[70] ^= 1
    contents = {
        "empty": b"",
        "text": b"This is no index, but text that is longer than a header of a file.\n" * 4,
        "short": whole[:40],
        "cut": whole[:700],
        "flipped": bytes(flipped),
    }
    for name, content in contents.items():
        (HERE / f"{name}.vecq").write_bytes(content)
    names = [*contents, "missing"]
    return [{"case": f"the file {name}", "index": f"{name}.vecq"} for name in names]


def options_of(case: Case, index: vecq.Index) -> dict[str, Any]:
    """The options of `vecq.Index.search`."""
    same = ("ef", "probes", "plan", "exclude", "allow", "deny", "target_recall", "per_group")
    options = {name: case[name] for name in (*same, "diversity", "candidates") if name in case}
    if "rerank" in case:
        options["rerank_factor"] = case["rerank"] / case["k"]
    if "where" in case:
        options["where"] = case["where"][0] if len(case["where"]) == 1 else case["where"]
    if "bias_weights" in case:
        options["bias_weight"] = np.array(case["bias_weights"])
    if "group_ids" in case:
        options["group_by"] = vecq.Groups(index, case["group_ids"], case["group_keys"])
    if "exclude_names" in case:
        options["exclude"] = [case["exclude_names"]]
    return options


def answer(case: Case) -> Case:
    """Open and search as the case says; return the results or the error."""
    try:
        index = vecq.open(HERE / case["index"])
        options = options_of(case, index)
        with np.errstate(over="ignore"):
            vectors = np.array(case["queries"]).astype(np.float32).reshape(-1, DIM)
        found = index.search(vectors, case["k"], **options)
    except vecq.VecqError as error:
        return {
            "status": STATUS[type(error)],
            "argument": error.argument,
            "message": str(error).removeprefix(f"{HERE / case['index']}: "),
        }
    kept = np.arange(found.ids.shape[1]) < found.counts[:, None]
    return {
        "counts": found.counts.tolist(),
        "names" if index.id_type == "str" else "ids": found.ids[kept].tolist(),
        "scores": found.scores[kept].tolist(),
    }


def lines(case: Case) -> str:
    """A case as lines: exclusions as offsets and ids, everything else as it is."""
    flat = dict(case)
    if "exclude" in flat:
        lists = flat.pop("exclude")
        flat["exclude_offsets"] = [0, *np.cumsum([len(one) for one in lists]).tolist()]
        flat["exclude_ids"] = [number for one in lists for number in one]
    conditions = flat.pop("where", [])
    if conditions:
        flat["where_count"] = len(conditions)
        flat |= {f"where_{i}": text for i, text in enumerate(conditions) if text is not None}
    return "".join(
        " ".join([key, *map(str, value if isinstance(value, list) else [value])]) + "\n"
        for key, value in flat.items()
    )


def text_of(cases: list[Case]) -> str:
    """All cases as text, with an empty line after each."""
    return "".join(lines(case) + "\n" for case in cases)


def main() -> None:
    cases = [case | answer(case) for case in [*searches(), *hostile_files()]]
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    (HERE / "cases.txt").write_text(text_of(cases))
    print(f"{len(cases)} cases", file=sys.stderr)


if __name__ == "__main__":
    main()
