package vecq;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Measures the binding as bench/bindings/call.c measures the C ABI: INDEX QUERIES K SECONDS. */
final class Bench {
    private static final int COUNT = 500;

    private final Index index;
    private final float[][] queries = new float[COUNT][];
    private final SearchOptions options;
    private final long nanos;

    private Bench(Index index, float[] all, int k, long nanos) {
        this.index = index;
        this.nanos = nanos;
        options = SearchOptions.of(k).plan(Plan.WALK);
        for (int q = 0; q < COUNT; q++) {
            queries[q] = Arrays.copyOfRange(all, q * index.dim(), (q + 1) * index.dim());
        }
    }

    public static void main(String[] arguments) throws Exception {
        double seconds = Double.parseDouble(arguments[3]);
        ByteBuffer bytes =
                ByteBuffer.wrap(Files.readAllBytes(Path.of(arguments[1])))
                        .order(ByteOrder.LITTLE_ENDIAN);
        float[] all = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(all);
        try (Index index = Index.open(Path.of(arguments[0]))) {
            new Bench(index, all, Integer.parseInt(arguments[2]), (long) (1e9 * seconds))
                    .run(seconds);
        }
    }

    private void pass() {
        for (float[] query : queries) {
            index.search(query, options);
        }
    }

    private long passes() {
        long done = 0;
        for (long start = System.nanoTime(); System.nanoTime() - start < nanos; done += COUNT) {
            pass();
        }
        return done;
    }

    private void run(double seconds) throws Exception {
        passes(); // until the methods are compiled
        long[] best = new long[COUNT];
        Arrays.fill(best, Long.MAX_VALUE);
        for (long start = System.nanoTime(); System.nanoTime() - start < nanos; ) {
            for (int q = 0; q < COUNT; q++) {
                long begin = System.nanoTime();
                index.search(queries[q], options);
                best[q] = Math.min(best[q], System.nanoTime() - begin);
            }
        }
        long sum = Arrays.stream(best).sum();
        long alone = passes();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        Future<Long> first = threads.submit(this::passes);
        Future<Long> second = threads.submit(this::passes);
        long both = first.get() + second.get();
        threads.shutdown();
        System.out.printf(
                "%.2f %.0f %.0f%n", sum / 1000.0 / COUNT, alone / seconds, both / seconds);
    }
}
