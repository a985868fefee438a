"""Files of settings: of an index, and of its searches, as vecq tune writes them."""

from pathlib import Path
from typing import Any

from vecq.core.errors import ArgumentError
from vecq.core.json_values import parsed

# The settings of an index, as vecq.Index names them, and what the arguments say of them.
INDEX = {
    "metric": (str, "ip, the inner product; cosine; or l2"),
    "codec": (str, "int8, int16, fp16 or fp32"),
    "rerank_codec": (str, "keep wider codes too, to score the best on: int16, fp16 or fp32"),
    "m": (int, "links of a new item: more find more and cost memory"),
    "ef_construction": (int, "candidates for links: more make a better graph, more slowly"),
    "link": (str, "what items are linked by: auto, metric, cosine or moebius"),
    "seed": (int, "of the layers"),
}
# The settings of a search, as Index.search names them; a file has them under "search".
SEARCH = ("k", "ef", "plan", "rerank_factor", "query_bits")


def read_index_settings(path: str) -> dict[str, Any]:
    """Reads settings of an index; a codec may be a name, or an object of what vecq.Codec takes."""
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
    """Reads how to search."""
    settings = _read(path).get("search")
    if not isinstance(settings, dict) or settings.keys() - set(SEARCH):
        raise ArgumentError(
            f'settings: {path} has no object "search" of {", ".join(SEARCH)}, as vecq tune '
            "writes it",
            "settings",
        )
    return settings


def _read(path: str) -> dict[str, Any]:
    try:
        settings = parsed(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArgumentError(f"settings: {path} is not JSON: {error}", "settings") from None
    if not isinstance(settings, dict):
        raise ArgumentError(
            f"settings: {path} holds no object, expected some of {', '.join(INDEX)}", "settings"
        )
    return settings
