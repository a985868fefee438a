package vecq;

import java.util.Arrays;

/** Statistics of the graph and the memory of an index. */
public final class Stats {
    /** Number of items. */
    public final long items;

    /** Items that no walk can reach. */
    public final long unreachable;

    /** Items kept out of the graph, of norm near 0. */
    public final long keptOut;

    /** Slots of removed items, to be reused. */
    public final long freeSlots;

    /** Bytes of codes. */
    public final long codeBytes;

    /** Bytes of links. */
    public final long linkBytes;

    /** Bytes of ids. */
    public final long idBytes;

    /** Bytes of the rerank store. */
    public final long rerankBytes;

    private final long[] layers;

    Stats(long[] facts) {
        items = facts[0];
        unreachable = facts[1];
        keptOut = facts[2];
        freeSlots = facts[3];
        codeBytes = facts[4];
        linkBytes = facts[5];
        idBytes = facts[6];
        rerankBytes = facts[7];
        layers = Arrays.copyOfRange(facts, 8, facts.length);
    }

    /**
     * The items on each layer of the graph.
     *
     * @return a copy
     */
    public long[] layers() {
        return layers.clone();
    }
}
