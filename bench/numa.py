"""The remark on NUMA binding in the notes of a run."""

from vecq.core.cores import libnuma, nodes


def remark() -> str:
    """Describe the effect of NUMA binding on this machine, for the notes of a run."""
    count = len(nodes())
    if count == 1:
        return "numa: one memory node, nothing to bind"
    if libnuma() is None:
        return f"numa: {count} memory nodes, but libnuma is not installed: processes are not bound"
    return f"numa: {count} memory nodes, every process prefers the memory of its core's node"
