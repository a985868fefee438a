package vecq;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * An index that follows a file: a new file of the same name is opened, checked, loaded and swapped
 * in, while searches finish on the index that they began with. A file that cannot be used leaves the
 * index in use, and {@link #error} reports it.
 *
 * <pre>{@code
 * try (Live live = Live.open(Path.of("items.vecq"), Duration.ofSeconds(1));
 *         Index index = live.index()) { // stays open, whatever happens to the file
 *     index.search(query, SearchOptions.of(100));
 * }
 * }</pre>
 */
public final class Live implements AutoCloseable {
    private final Handle handle;
    private final Cleaner.Cleanable cleanable;
    private final ScheduledExecutorService watcher;

    private Live(long address) {
        handle = new Handle(address, Native::closeLive);
        cleanable = handle.cleanedWith(this);
        watcher =
                Executors.newSingleThreadScheduledExecutor(
                        body -> {
                            Thread thread = new Thread(body, "vecq-live");
                            thread.setDaemon(true);
                            return thread;
                        });
    }

    /**
     * Opens a file, which must be usable, and follows it. What searches read is loaded, and
     * checksums are compared, before an index is used.
     *
     * @param path the path of the file
     * @param interval how often a thread looks for a new file; zero: only {@link #refresh} does
     * @return the live index
     */
    public static Live open(Path path, Duration interval) {
        return open(path, interval, Preload.SEARCH, true);
    }

    /**
     * The same with all options.
     *
     * @param path the path of the file
     * @param interval how often a thread looks for a new file; zero: only {@link #refresh} does
     * @param preload what is read into memory before an index is used
     * @param checksSums whether the checksums of a file are compared before it is used
     * @return the live index
     */
    public static Live open(Path path, Duration interval, Preload preload, boolean checksSums) {
        Live live =
                new Live(Native.openLive(Index.bytes(path), preload.ordinal(), !checksSums));
        long nanos = interval.toNanos();
        if (nanos > 0) {
            live.watcher.scheduleWithFixedDelay(
                    live::look, nanos, nanos, TimeUnit.NANOSECONDS);
        }
        return live;
    }

    private void look() {
        try {
            refresh(false);
        } catch (VecqException | IllegalStateException error) {
            return; // error() reports it
        }
    }

    /**
     * The index in use. It stays open until the caller closes it, also if it is replaced meanwhile.
     *
     * @return the index, to be closed
     */
    public Index index() {
        return index(new long[1]);
    }

    /** Writes the version of the index. */
    Index index(long[] version) {
        long own = handle.acquire();
        try {
            return new Index(Native.acquire(own, version), Native::release);
        } finally {
            handle.release();
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Searches the index in use.
     *
     * @param queries vectors of dim values, one after the other
     * @param options the options
     * @return ids and scores, best first for each query
     */
    public Results search(float[] queries, SearchOptions options) {
        try (Index index = index()) {
            return index.search(queries, options);
        }
    }

    /**
     * Looks for a new file now.
     *
     * @param retry whether a file that was refused and has not changed is tried again
     * @return whether a new file was swapped in
     * @throws VecqException if the file cannot be used; the index in use stays
     */
    public boolean refresh(boolean retry) {
        long own = handle.acquire();
        try {
            return Native.refresh(own, retry);
        } finally {
            handle.release();
            Reference.reachabilityFence(this);
        }
    }

    private VecqException status(long[] facts) {
        long own = handle.acquire();
        try {
            return Native.liveStatus(own, facts);
        } finally {
            handle.release();
            Reference.reachabilityFence(this);
        }
    }

    /**
     * The version of the index in use: 1, and 1 more with each swap.
     *
     * @return the version
     */
    public long version() {
        long[] facts = new long[3];
        status(facts);
        return facts[0];
    }

    /**
     * The number of files that were refused.
     *
     * @return the number
     */
    public long failures() {
        long[] facts = new long[3];
        status(facts);
        return facts[1];
    }

    /**
     * The modification time of the file in use.
     *
     * @return the time
     */
    public Instant modified() {
        long[] facts = new long[3];
        status(facts);
        return Instant.ofEpochSecond(0, facts[2]);
    }

    /**
     * Why the last refresh failed.
     *
     * @return the error; empty if it did not fail
     */
    public Optional<VecqException> error() {
        return Optional.ofNullable(status(new long[3]));
    }

    @Override
    public void close() {
        watcher.shutdown();
        cleanable.clean();
    }
}
