package vecq;

/** What is read from a mapped file into memory before it is needed. */
public enum Preload {
    /** Nothing. */
    NONE,
    /** What searches read, without the rerank store. */
    SEARCH,
    /** Everything. */
    ALL,
    /** As SEARCH, copied to memory that no other process shares. */
    COPY
}
