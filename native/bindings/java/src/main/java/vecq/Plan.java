package vecq;

/** How a search finds items. */
public enum Plan {
    /** WALK or SCAN, by estimated cost. */
    AUTO,
    /** Walks the graph. */
    WALK,
    /** Walks the graph, expanding rejected nodes without scoring them. */
    STEP_OVER,
    /** Scores all allowed items. */
    SCAN,
    /** Scores the items of the nearest cells: for large batches on a partitioned index. */
    PROBE
}
