"""Named data sets: public ones, which are downloaded, and a generated one.

Sizes were observed, or follow from rows, dimension and type; checksums are those that TensorFlow
Datasets lists for the same addresses and sizes. Uncertain values are omitted.
"""

from vecq import ArgumentError
from vecq.datasets.entry import Entry, Remote
from vecq.datasets.population import recsys_demo


def find(name: str) -> Entry:
    """Return the data set of a name.

    >>> find("sift-128-euclidean").rows
    1000000
    """
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    raise ArgumentError(f"name is {name!r}, expected one of {', '.join(NAMES)}", "name")


def _hdf5(
    name: str,
    about: str,
    metric: str,
    shape: tuple[int, int, int],
    home: str,
    license: str | None = None,
    size: int | None = None,
    sha256: str | None = None,
) -> Entry:
    """Make an entry of ann-benchmarks; `shape` is rows, dim, queries."""
    remote = Remote(f"https://ann-benchmarks.com/{name}.hdf5", size, sha256)
    files = ((f"{name}.hdf5", remote),)
    return Entry(name, about, metric, *shape, home, license, files)


def _big(
    name: str,
    about: str,
    metric: str,
    shape: tuple[int, int, int],
    home: str,
    base: str,
    queries: str,
    truth: str,
) -> Entry:
    """Make an entry of the first rows of a set of big-ann-benchmarks, with their truth."""
    rows, dim, count = shape
    suffix = base.rpartition(".")[2]
    row_bytes = dim * {"fbin": 4, "u8bin": 1}[suffix]
    files = (
        (f"test.{suffix}", Remote(queries, 8 + count * row_bytes)),
        ("neighbors.ibin", Remote(truth)),
        (f"train.{suffix}", Remote(base, 8 + rows * row_bytes, rows=rows)),
    )
    return Entry(name, about, metric, *shape, home, None, files)


TEXMEX = "http://corpus-texmex.irisa.fr"
FACEBOOK = "https://dl.fbaipublicfiles.com/billion-scale-ann-benchmarks"
YANDEX = "https://storage.yandexcloud.net/yandex-research/ann-datasets"
YANDEX_HOME = "https://research.yandex.com/datasets/biganns"
TURING = "https://comp21storage.z5.web.core.windows.net/comp21/MSFT-TURING-ANNS"
BIG = "https://big-ann-benchmarks.com"
M = 1_000_000

ENTRIES = (
    Entry(
        "recsys-demo",
        "generated items and users, with seen and held-out items",
        "ip",
        *(50_000, 64, 2_000),
        "vecq.datasets.population",
        make=recsys_demo,
    ),
    _hdf5(
        *("sift-128-euclidean", "features of images", "l2", (M, 128, 10_000), TEXMEX),
        size=525_128_288,
        sha256="dd6f0a6ed6b7ebb8934680f861a33ed01ff33991eaee4fd60914d854a0ca5984",
    ),
    _hdf5(
        *("gist-960-euclidean", "features of images", "l2", (M, 960, 1_000), TEXMEX),
        size=3_844_648_288,
    ),
    _hdf5(
        *("glove-100-angular", "words of tweets", "cosine", (1_183_514, 100, 10_000)),
        *("https://nlp.stanford.edu/projects/glove", "PDDL-1.0", 485_413_888),
        sha256="544af1d5e84e112cd4749571dcfd8ca109818a572f850af75a3a09e093a953c4",
    ),
    _hdf5(
        *("deep-image-96-angular", "a network's view of images", "cosine", (9_990_000, 96, 10_000)),
        *(YANDEX_HOME, None, 3_848_008_288),
        sha256="a0a44dfe80c58e63860862eeea2d34e62cff958dc3aec14fd65263d1d3c751f8",
    ),
    _hdf5(
        *("lastfm-64-dot", "artists and listeners, factorized", "cosine", (292_385, 65, 50_000)),
        "https://github.com/erikbern/ann-benchmarks/pull/91",
    ),
    _hdf5(
        *("nytimes-256-angular", "words of articles", "cosine", (290_000, 256, 10_000)),
        "https://archive.ics.uci.edu/dataset/164/bag+of+words",
    ),
    _hdf5(
        *("fashion-mnist-784-euclidean", "pixels", "l2", (60_000, 784, 10_000)),
        *("https://github.com/zalandoresearch/fashion-mnist", "MIT"),
    ),
    *(
        entry
        for millions in (10, 100)
        for entry in (
            _big(
                *(f"bigann-{millions}M", "features of images, 8 bits each", "l2"),
                *((millions * M, 128, 10_000), TEXMEX),
                f"{FACEBOOK}/bigann/base.1B.u8bin",
                f"{FACEBOOK}/bigann/query.public.10K.u8bin",
                f"{FACEBOOK}/GT_{millions}M/bigann-{millions}M",
            ),
            _big(
                *(f"deep-{millions}M", "a network's view of images", "l2"),
                *((millions * M, 96, 10_000), YANDEX_HOME),
                f"{YANDEX}/DEEP/base.1B.fbin",
                f"{YANDEX}/DEEP/query.public.10K.fbin",
                f"{FACEBOOK}/GT_{millions}M/deep-{millions}M",
            ),
            _big(
                *(f"text2image-{millions}M", "images, queried by text", "ip"),
                *((millions * M, 200, 100_000), YANDEX_HOME),
                f"{YANDEX}/T2I/base.1B.fbin",
                f"{YANDEX}/T2I/query.public.100K.fbin",
                f"{FACEBOOK}/GT_{millions}M/text2image-{millions}M",
            ),
            _big(
                *(f"msturing-{millions}M", "queries of a search engine", "l2"),
                *((millions * M, 100, 100_000), BIG),
                f"{TURING}/base1b.fbin",
                f"{TURING}/query100K.fbin",
                f"{TURING}/msturing-gt-{millions}M",
            ),
        )
    ),
)
NAMES = tuple(entry.name for entry in ENTRIES)
