package vecq;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/**
 * A set of allowed items of an index, for any number of searches. It keeps its index open until it
 * is closed.
 */
public final class Filter implements AutoCloseable {
    final Handle handle;
    private final Cleaner.Cleanable cleanable;

    /** The index has a user more, which the filter gives back. */
    Filter(long address, Handle index) {
        handle =
                new Handle(
                        address,
                        own -> {
                            Native.closeFilter(own);
                            index.release();
                        });
        cleanable = handle.cleanedWith(this);
    }

    /**
     * The number of items that the filter allows.
     *
     * @return the number
     */
    public long count() {
        long own = handle.acquire();
        try {
            return Native.filterCount(own);
        } finally {
            handle.release();
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void close() {
        cleanable.clean();
    }
}
