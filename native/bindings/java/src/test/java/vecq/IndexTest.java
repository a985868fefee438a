package vecq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class IndexTest {
    private static Index open(String name) {
        return Index.open(Cases.fixture(name));
    }

    @Test
    void anIndexDescribesItself() {
        try (Index index = open("living")) {
            assertEquals(31, index.size());
            assertEquals(8, index.dim());
            assertEquals(Metric.L2, index.metric());
            long[] ids = index.ids();
            assertEquals(31, ids.length);
            assertTrue(index.contains(ids[3]));
            assertFalse(index.contains(12345));
            assertEquals(16, index.vectors(ids[0], ids[1]).length);
            assertThrows(VecqException.class, () -> index.vectors(12345));
            Stats stats = index.stats();
            assertEquals(31, stats.items);
            assertEquals(0, stats.unreachable);
            assertTrue(stats.layers()[0] > 0);
            assertEquals(List.of(), index.check(true));
            index.preload(Preload.ALL);
            assertEquals(110, index.ef(10, 0));
            assertTrue(Index.version().matches("\\d+\\.\\d+\\.\\d+"));
        }
    }

    @Test
    void wrongArgumentsNameTheArgument() {
        try (Index index = open("ip");
                Index other = open("l2");
                Filter filter = other.filter(null, new long[] {1})) {
            refused("k", () -> index.search(Cases.queries(2), SearchOptions.of(0)));
            refused("k", () -> index.search(Cases.queries(2), SearchOptions.of(1 << 30)));
            refused("ef", () -> SearchOptions.of(5).ef(-1));
            refused("ef", () -> index.search(Cases.queries(2), SearchOptions.of(5).ef(1L << 40)));
            refused("rerank", () -> index.search(Cases.queries(2), SearchOptions.of(5).rerank(2)));
            refused("threads", () -> SearchOptions.of(5).threads(-1));
            refused("queries", () -> index.search(new float[9], SearchOptions.of(5)));
            refused(
                    "exclude",
                    () -> index.search(Cases.queries(2), SearchOptions.of(5).exclude(new long[1])));
            float[] queries = Cases.queries(2);
            SearchOptions five = SearchOptions.of(5);
            refused("per_group", () -> five.groupBy(null, 0));
            refused(
                    "bias_weights",
                    () -> index.search(queries, SearchOptions.of(5).biasWeights(1)));
            refused(
                    "where",
                    () -> index.search(queries, SearchOptions.of(5).where(null, null, "stock")));
            refused("where", () -> index.search(queries, SearchOptions.of(5).where("a\0")));
            refused(
                    "diversity",
                    () -> index.search(queries, SearchOptions.of(5).diversity(1.5f, 100)));
            refused("groups", () -> Groups.of(new long[2], new long[1]));
            assertThrows(VecqException.class, () -> index.numbers("a"));
            refused(
                    "filter",
                    () -> index.search(Cases.queries(2), SearchOptions.of(5).filter(filter)));
        }
        VecqException missing =
                assertThrows(VecqException.class, () -> Index.open(Path.of("none.vecq")));
        assertEquals(VecqException.Status.FILE_ERROR, missing.status());
        assertEquals(2, missing.systemError());
    }

    private static void refused(
            String argument, org.junit.jupiter.api.function.Executable call) {
        VecqException error = assertThrows(VecqException.class, call);
        assertEquals(argument, error.argument());
        assertTrue(error.getMessage().startsWith(argument), error.getMessage());
    }

    @Test
    void closedHandlesAreRefusedAndCallsInProgressFinish() throws Exception {
        Index index = open("l2");
        Filter filter = index.filter(new long[] {-50, -40}, null);
        ExecutorService threads = Executors.newFixedThreadPool(3);
        List<Future<Integer>> searches = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            searches.add(
                    threads.submit(
                            () -> {
                                for (int count = 0; ; count++) {
                                    try {
                                        index.search(
                                                Cases.queries(3),
                                                SearchOptions.of(5).filter(filter));
                                    } catch (IllegalStateException closed) {
                                        return count;
                                    }
                                }
                            }));
        }
        Thread.sleep(20);
        index.close();
        index.close();
        for (Future<Integer> search : searches) {
            search.get();
        }
        threads.shutdown();
        assertThrows(IllegalStateException.class, index::size);
        assertEquals(2, filter.count()); // it keeps its index open
        filter.close();
        assertThrows(IllegalStateException.class, filter::count);
    }

    @Test
    void aSearchIsCancelled() throws Exception {
        Cancellation cancellation = new Cancellation();
        SearchOptions options = SearchOptions.of(5).plan(Plan.WALK).cancellation(cancellation);
        try (Index index = open("l2")) {
            assertEquals(2, index.search(Cases.queries(2), options).queries());
            float[] many = Cases.queries(1_000_000);
            Thread canceller =
                    new Thread(
                            () -> {
                                try {
                                    Thread.sleep(20);
                                } catch (InterruptedException error) {
                                    throw new AssertionError(error);
                                }
                                cancellation.cancel();
                            });
            canceller.start();
            VecqException error =
                    assertThrows(VecqException.class, () -> index.search(many, options));
            assertEquals(VecqException.Status.CANCELLED, error.status());
            canceller.join();
        }
    }

    @Test
    void memoryIsReleased() throws IOException {
        for (int i = 0; i < 300; i++) {
            round();
        }
        long before = residentBytes();
        for (int i = 0; i < 1500; i++) {
            round();
        }
        long grown = residentBytes() - before;
        assertTrue(grown < 64 << 20, grown + " bytes");
    }

    private static void round() {
        try (Index index = open("living");
                Filter filter = index.filter(null, new long[] {-50})) {
            SearchOptions options =
                    SearchOptions.of(5)
                            .filter(filter)
                            .exclude(new long[] {1}, new long[] {2}, new long[0]);
            assertEquals(5, index.search(Cases.queries(3), options).count(1));
            assertThrows(
                    VecqException.class, () -> index.search(new float[1], SearchOptions.of(5)));
        }
    }

    private static long residentBytes() throws IOException {
        String pages = Files.readString(Path.of("/proc/self/statm")).split(" ")[1];
        return Long.parseLong(pages) * 4096;
    }

    @Test
    void resultsAreReadByRank() {
        try (Index index = open("cosine")) {
            Results found = index.search(Cases.queries(2), SearchOptions.of(3).threads(2));
            assertEquals(found.id(1, 0), found.ids(1)[0]);
            assertArrayEquals(
                    new float[] {found.score(0, 0), found.score(0, 1), found.score(0, 2)},
                    found.scores(0));
            assertThrows(IndexOutOfBoundsException.class, () -> found.id(0, 3));
            assertTrue(found.scoredRows() > 0);
            assertEquals(Plan.SCAN, found.plan());
        }
    }
}
