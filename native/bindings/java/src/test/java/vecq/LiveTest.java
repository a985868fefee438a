package vecq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveTest {
    @TempDir Path folder;

    private Path replace(String name, int damaged) throws IOException {
        byte[] bytes = Files.readAllBytes(Cases.fixture(name));
        bytes[bytes.length - 200] ^= (byte) damaged;
        Path path = folder.resolve("live.vecq");
        Path fresh = folder.resolve("live.new");
        Files.write(fresh, bytes);
        return Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void until(BooleanSupplier reached) throws InterruptedException {
        for (int i = 0; i < 2000 && !reached.getAsBoolean(); i++) {
            Thread.sleep(5);
        }
        assertTrue(reached.getAsBoolean());
    }

    @Test
    void aLiveIndexFollowsItsFile() throws Exception {
        Path path = replace("l2", 0);
        try (Live live = Live.open(path, Duration.ofMillis(5));
                Index before = live.index()) {
            assertEquals(1, live.version());
            assertTrue(live.modified().isAfter(Instant.EPOCH));
            replace("living", 1);
            until(() -> live.error().isPresent());
            assertEquals(VecqException.Status.CORRUPT_FILE, live.error().get().status());
            assertEquals(1, live.version());
            assertEquals(1, live.failures());
            assertThrows(VecqException.class, () -> live.refresh(true));
            replace("living", 0);
            until(() -> live.version() == 2);
            assertTrue(live.error().isEmpty());
            assertFalse(live.refresh(false));
            assertEquals(40, before.size());
            Index after = live.index();
            assertEquals(2, live.search(Cases.queries(2), SearchOptions.of(3)).queries());
            live.close();
            assertThrows(IllegalStateException.class, live::index);
            assertEquals(31, after.size());
            after.close();
        }
        assertThrows(
                VecqException.class, () -> Live.open(folder.resolve("none"), Duration.ZERO));
    }

    @Test
    void searchesGoOnDuringSwaps() throws Exception {
        Path path = replace("l2", 0);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (Live live = Live.open(path, Duration.ZERO)) {
            List<Future<Integer>> searches = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                searches.add(
                        threads.submit(
                                () -> {
                                    int count = 0;
                                    for (; !done.get(); count++) {
                                        live.search(Cases.queries(2), SearchOptions.of(5));
                                    }
                                    return count;
                                }));
            }
            for (int round = 0; round < 50; round++) {
                replace(round % 2 == 0 ? "living" : "l2", 0);
                assertTrue(live.refresh(false));
            }
            done.set(true);
            for (Future<Integer> search : searches) {
                assertTrue(search.get() > 0);
            }
            assertEquals(51, live.version());
        } finally {
            threads.shutdown();
        }
    }
}
