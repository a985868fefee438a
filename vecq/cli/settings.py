"""Settings files: of an index and of its searches, as `vecq tune --settings` writes them."""

from typing import Any

from vecq.cli.inputs import input_file
from vecq.core.errors import ArgumentError
from vecq.core.json_values import parsed

# Settings of an index: arguments of vecq.Index, with type and help of the option.
INDEX = {
    "metric": (str, "Similarity: ip (inner product), cosine or l2 (default: ip)"),
    "codec": (
        str,
        "Code type of the graph: int4, int8, int12, int16, fp16 or fp32 (default: int8)",
    ),
    "rerank_codec": (
        str,
        "Store a second, more precise code and rescore candidates on it: int8, int12, int16, "
        "fp16 or fp32 (default: none)",
    ),
    "m": (int, "Links per node, as M of HNSW; layer 0 has up to twice as many (default: 16)"),
    "ef_construction": (int, "Beam width while linking, as efConstruction (default: 200)"),
    "link": (
        str,
        "Distance that links are chosen by: auto; metric, that of searches; cosine; moebius, l2 of "
        "x/|x|^2 for inner products; layered, metric on HNSW layers (default: auto)",
    ),
    "seed": (int, "Seed of the random levels (default: 0)"),
}
# Settings of a search: arguments of Index.search; a settings file has them under "search".
SEARCH = ("k", "ef", "probes", "plan", "rerank_factor", "query_bits")


def read_index_settings(path: str) -> dict[str, Any]:
    """Read the arguments of vecq.Index from a JSON file.

    Args:
        path: The file. A codec is a name, or an object of the arguments of vecq.Codec.

    Returns:
        Arguments by name.

    Raises:
        ArgumentError: The file is missing, no JSON object, or names an unknown setting.
    """
    from vecq.quantization.codec import Codec

    settings = _read(path)
    settings.pop("search", None)
    if unknown := sorted(settings.keys() - INDEX.keys()):
        raise ArgumentError(
            f"settings: {path} names {', '.join(unknown)}, expected some of {', '.join(INDEX)}",
            "settings",
        )
    for name in ("codec", "rerank_codec"):
        if isinstance(settings.get(name), dict):
            try:
                settings[name] = Codec(**settings[name])
            except TypeError as error:
                raise ArgumentError(f"settings: {path}, {name}: {error}", "settings") from None
    return settings


def read_search_settings(path: str) -> dict[str, Any]:
    """Read the arguments of Index.search from the object "search" of a JSON file.

    Raises:
        ArgumentError: The file is missing, no JSON object, or lacks a valid "search".
    """
    settings = _read(path).get("search")
    if not isinstance(settings, dict) or settings.keys() - set(SEARCH):
        raise ArgumentError(
            f'settings: {path} has no object "search" of {", ".join(SEARCH)}, as vecq tune '
            "writes it",
            "settings",
        )
    return settings


def _read(path: str) -> dict[str, Any]:
    file = input_file(path, "settings", "a JSON file that vecq tune --settings wrote")
    try:
        settings = parsed(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArgumentError(f"settings: {path} is not JSON: {error}", "settings") from None
    if not isinstance(settings, dict):
        raise ArgumentError(
            f"settings: {path} holds no object, expected some of {', '.join(INDEX)}", "settings"
        )
    return settings
