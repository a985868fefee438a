package vecq;

import java.io.ByteArrayOutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/**
 * An index that maps a file read-only. Rows are read when searches touch them.
 *
 * <p>Close it, best by try-with-resources. Calls in progress finish; later ones throw {@link
 * IllegalStateException}.
 */
public final class Index implements AutoCloseable {
    private final Handle handle;
    private final Cleaner.Cleanable cleanable;
    private final int dim;
    private final Metric metric;

    /** Takes over a native handle, which free gives back. */
    Index(long address, LongConsumer free) {
        handle = new Handle(address, free);
        cleanable = handle.cleanedWith(this);
        int[] facts = new int[2];
        try {
            Native.describe(address, facts);
        } catch (VecqException error) {
            cleanable.clean();
            throw error;
        }
        dim = facts[0];
        metric = Metric.values()[facts[1]];
    }

    /**
     * Opens the index in a file.
     *
     * @param path the path of the file
     * @return the index
     * @throws VecqException if the file cannot be read, or is not a valid index
     */
    public static Index open(Path path) {
        return new Index(Native.open(bytes(path)), Native::close);
    }

    /**
     * The release of the native library.
     *
     * @return such as "1.2.3"
     */
    public static String version() {
        return text(Native.version());
    }

    /** The path in the encoding of C, which ends in 0. */
    static byte[] bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Calls body with the native handle, which stays open meanwhile. */
    private <T> T use(LongFunction<T> body) {
        long own = handle.acquire();
        try {
            return body.apply(own);
        } finally {
            handle.release();
            Reference.reachabilityFence(this);
        }
    }

    /**
     * The dimensions of a vector.
     *
     * @return the number
     */
    public int dim() {
        return dim;
    }

    /**
     * The measure of similarity.
     *
     * @return the metric
     */
    public Metric metric() {
        return metric;
    }

    /**
     * The number of items.
     *
     * @return the number
     */
    public long size() {
        return use(Native::size);
    }

    /**
     * Finds the best k items for each query.
     *
     * @param queries vectors of dim values, one after the other
     * @param options the options
     * @return ids and scores, best first for each query
     * @throws VecqException if an argument is wrong, or the search was cancelled
     */
    public Results search(float[] queries, SearchOptions options) {
        if (queries.length % dim != 0) {
            throw VecqException.invalid(
                    "queries",
                    "queries has "
                            + queries.length
                            + " values, expected a multiple of dim, "
                            + dim);
        }
        int count = queries.length / dim;
        if (options.k < 1 || (long) options.k * count > Integer.MAX_VALUE - 8) {
            throw VecqException.invalid(
                    "k",
                    "k is "
                            + options.k
                            + ", expected 1 or more, and at most 2^31 - 9 results in all");
        }
        if (options.ef != 0 && options.targetRecall != 0) {
            throw VecqException.invalid("ef", "ef and target_recall are both given, expected one");
        }
        Results found = new Results(count, options.k);
        Handle filter = options.filter == null ? null : options.filter.handle;
        Handle groups = options.groups == null ? null : options.groups.handle;
        long chosen = filter == null ? 0 : filter.acquire();
        try {
            long grouped = groups == null ? 0 : groups.acquire();
            try {
                search(queries, count, options, chosen, grouped, found);
            } finally {
                if (groups != null) {
                    groups.release();
                    Reference.reachabilityFence(options.groups);
                }
            }
        } finally {
            if (filter != null) {
                filter.release();
                Reference.reachabilityFence(options.filter);
            }
        }
        return found;
    }

    private void search(
            float[] queries,
            int count,
            SearchOptions options,
            long filter,
            long groups,
            Results found) {
        long[][] lists = options.exclude;
        if (lists != null && lists.length != count) {
            throw VecqException.invalid(
                    "exclude",
                    "exclude has ids for " + lists.length + " queries, expected " + count);
        }
        long[] offsets = lists == null ? null : offsetsOf(lists);
        long[] excluded = lists == null ? null : joined(lists, offsets);
        byte[][] where = conditionsOf(options);
        float[] weights = options.biasWeights;
        if (weights != null && weights.length != count) {
            throw VecqException.invalid(
                    "bias_weights",
                    "bias_weights has "
                            + weights.length
                            + " weights, expected one for each of "
                            + count
                            + " queries");
        }
        long own = handle.acquire();
        try {
            Native.search(
                    own,
                    options.k,
                    options.ef,
                    options.targetRecall,
                    options.rerank,
                    options.plan.ordinal(),
                    options.probes,
                    options.threads,
                    filter,
                    offsets,
                    excluded,
                    options.cancellation == null ? null : options.cancellation.flag(),
                    where,
                    weights,
                    groups,
                    options.perGroup,
                    options.diversity,
                    options.candidates,
                    queries,
                    count,
                    found.ids,
                    found.scores,
                    found.counts,
                    found.report);
        } finally {
            handle.release();
            Reference.reachabilityFence(this);
        }
    }

    /** Conditions in UTF-8 that ends in 0. */
    private static byte[][] conditionsOf(SearchOptions options) {
        if (options.where == null) {
            return null;
        }
        byte[][] conditions = new byte[options.where.length][];
        for (int i = 0; i < conditions.length; i++) {
            String text = options.where[i];
            if (text != null && text.indexOf(0) >= 0) {
                throw VecqException.invalid(
                        "where", "where, at character " + text.indexOf(0) + ": a null character");
            }
            conditions[i] = text == null ? null : (text + "\0").getBytes(StandardCharsets.UTF_8);
        }
        return conditions;
    }

    private static long[] offsetsOf(long[][] lists) {
        long[] offsets = new long[lists.length + 1];
        for (int query = 0; query < lists.length; query++) {
            offsets[query + 1] = offsets[query] + lists[query].length;
        }
        return offsets;
    }

    private static long[] joined(long[][] lists, long[] offsets) {
        if (lists.length == 1) {
            return lists[0];
        }
        long[] ids = new long[Math.toIntExact(offsets[lists.length])];
        for (int query = 0; query < lists.length; query++) {
            System.arraycopy(lists[query], 0, ids, (int) offsets[query], lists[query].length);
        }
        return ids;
    }

    /**
     * The beam width that reaches a target recall by the recall curve that the index keeps.
     *
     * @param k the number of results
     * @param targetRecall the recall; 0 for the default beam width
     * @return the ef
     */
    public long ef(int k, double targetRecall) {
        long[] out = new long[2];
        return use(
                own -> {
                    Native.effort(own, k, targetRecall, out);
                    return out[0];
                });
    }

    /**
     * Creates a filter of the ids of allow that are not in deny. Unknown ids are ignored.
     *
     * @param allow the allowed ids; null: all
     * @param deny the denied ids; null: none
     * @return the filter
     */
    public Filter filter(long[] allow, long[] deny) {
        long own = handle.acquire(); // until the filter is closed
        try {
            return new Filter(Native.openFilter(own, allow, deny), handle);
        } catch (RuntimeException | Error error) {
            handle.release();
            throw error;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Whether the index has an item of an id.
     *
     * @param id the id
     * @return whether it has
     */
    public boolean contains(long id) {
        return use(own -> Native.contains(own, id));
    }

    /**
     * All ids in order of insertion.
     *
     * @return the ids
     */
    public long[] ids() {
        return use(
                own -> {
                    long[] ids = new long[Math.toIntExact(Native.size(own))];
                    Native.ids(own, ids);
                    return ids;
                });
    }

    /**
     * The numbers of string ids, by which all other calls name items.
     *
     * @param names string ids
     * @return a number for each; -1 for unknown ones
     */
    public long[] numbers(String... names) {
        long[] offsets = new long[names.length + 1];
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < names.length; i++) {
            bytes.writeBytes(names[i].getBytes(StandardCharsets.UTF_8));
            offsets[i + 1] = bytes.size();
        }
        return use(
                own -> {
                    long[] numbers = new long[names.length];
                    Native.numbers(own, bytes.toByteArray(), offsets, numbers);
                    return numbers;
                });
    }

    /**
     * The string ids of numbers.
     *
     * @param numbers numbers of string ids, such as the ids of results
     * @return a string for each; empty where a number has none
     */
    public String[] names(long... numbers) {
        return use(
                own ->
                        Arrays.stream(Native.names(own, numbers))
                                .map(Index::text)
                                .toArray(String[]::new));
    }

    /**
     * The decoded vectors of ids.
     *
     * @param ids ids of items in the index
     * @return vectors of dim values, one after the other
     */
    public float[] vectors(long... ids) {
        return use(
                own -> {
                    float[] vectors = new float[Math.multiplyExact(ids.length, dim)];
                    Native.vectors(own, ids, vectors);
                    return vectors;
                });
    }

    /**
     * Statistics. Reads the whole graph.
     *
     * @return the statistics
     */
    public Stats stats() {
        return use(own -> new Stats(Native.stats(own)));
    }

    /**
     * Reads the mapped file into memory.
     *
     * @param what what to read
     */
    public void preload(Preload what) {
        use(
                own -> {
                    Native.preload(own, what.ordinal());
                    return null;
                });
    }

    /**
     * Compares the checksums of the file and, if deep, looks for violated invariants.
     *
     * @param deep whether to look at everything
     * @return the first problems found, such as "links of layer 0, node 17: links to itself"
     */
    public List<String> check(boolean deep) {
        return use(
                own -> {
                    byte[][] texts = Native.check(own, deep);
                    List<String> problems = new ArrayList<>();
                    for (int i = 0; i < texts.length; i += 2) {
                        problems.add(text(texts[i]) + ": " + text(texts[i + 1]));
                    }
                    return problems;
                });
    }

    @Override
    public void close() {
        cleanable.clean();
    }
}
