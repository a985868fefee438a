"""The file of the codec that all shards share: without it their scores would not compare."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from vecq.core.errors import CorruptFileError
from vecq.quantization.codec import Codec
from vecq.sharding.atomic import write_file


def write_codecs(path: Path, codecs: dict[str, Codec]) -> None:
    """Write fitted codecs by name: settings, mean and scales."""
    arrays: dict[str, Any] = {}
    for name, codec in codecs.items():
        settings = json.dumps({"settings": codec.settings, "dim": codec.dim})
        arrays[f"{name}.settings"] = np.frombuffer(settings.encode(), np.uint8)
        arrays[f"{name}.mean"], arrays[f"{name}.scales"] = codec.mean, codec.scales
    write_file(path, lambda file: np.savez(file, **arrays))


def read_codecs(path: Path) -> dict[str, Codec]:
    """Read the codecs that `write_codecs` wrote.

    Raises:
        CorruptFileError: The file is damaged, or of another kind.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = [name[: -len(".settings")] for name in arrays if name.endswith(".settings")]
            codecs = {}
            for name in names:
                state = json.loads(bytes(arrays[f"{name}.settings"]))
                codec = Codec.__new__(Codec)
                codec.__setstate__(
                    {**state, "mean": arrays[f"{name}.mean"], "scales": arrays[f"{name}.scales"]}
                )
                codecs[name] = codec
            return codecs
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy, zipfile and json raise a dozen kinds
        raise CorruptFileError(f"{path}: no codec: {error}", "path") from None
