"""What to show when nothing is accurate enough: the most exact codes that there is room for."""

from vecq.tuning.space import Build, Search
from vecq.tuning.strategies.ways import wider
from vecq.tuning.workbench import Workbench


def nearest(bench: Workbench) -> None:
    """Measures what comes nearest to the criterion, as far as codes tell."""
    bits = bench.space.query_bits[0]
    # There is one at least: limits that leave none were refused.
    stores = [one for one in bench.screening.shortlist() if not bench.too_heavy(one.codec, None)]
    store = max(stores, key=lambda one: bench.screening.value(one, 0, bits))
    wide = wider(bench, store)
    if wide is not None and bench.too_heavy(store.codec, wide):
        wide = None
    rerank = max(bench.space.rerank_factors) if wide and bench.space.rerank_factors else 0.0
    build = Build(store.codec, wide if rerank else None, bench.space.usual)
    bench.measure(build, Search(bench.ladder[-1], rerank, bits))
