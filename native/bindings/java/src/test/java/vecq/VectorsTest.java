package vecq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class VectorsTest {
    @TestFactory
    Stream<DynamicTest> vectorsAreAnsweredAsByPython() throws IOException {
        return Cases.read().stream()
                .map(one -> DynamicTest.dynamicTest(one.text("case"), () -> check(one)));
    }

    private static void check(Cases.Case one) {
        if (one.has("status")) {
            VecqException error = assertThrows(VecqException.class, one::run);
            assertEquals(one.text("message"), error.getMessage());
            assertEquals(one.text("status"), error.status().name());
            assertEquals(one.text("argument"), error.argument());
            return;
        }
        Results found = one.run();
        float[] scores = one.floats("scores");
        long[] ids = one.has("names") ? found.ids : one.ids("ids");
        assertArrayEquals(one.ids("counts"), found.counts);
        int at = 0;
        for (int query = 0; query < found.queries(); query++) {
            for (int rank = 0; rank < found.count(query); rank++, at++) {
                assertEquals(ids[at], found.id(query, rank));
                assertEquals(scores[at], found.score(query, rank));
            }
        }
        assertEquals(ids.length, at);
    }
}
