package vecq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The test vectors that Python and every binding answer alike. */
final class Cases {
    static final Path ROOT = Path.of(System.getProperty("vecq.root"));
    static final Path VECTORS = ROOT.resolve("tests/vectors");

    private Cases() {}

    static Path fixture(String name) {
        return ROOT.resolve("tests/fixtures/format-1-" + name + ".vecq");
    }

    static float[] queries(int count) {
        float[] own = new float[count * 8];
        for (int i = 0; i < own.length; i++) {
            own[i] = (6000L + i) * 7919 % 1009 / 512f - 1;
        }
        return own;
    }

    static List<Case> read() throws IOException {
        List<Case> cases = new ArrayList<>();
        String text = Files.readString(VECTORS.resolve("cases.txt"));
        for (String paragraph : text.strip().split("\n\n")) {
            Map<String, String> words = new HashMap<>();
            for (String line : paragraph.split("\n")) {
                String[] parts = line.split(" ", 2);
                words.put(parts[0], parts.length == 2 ? parts[1] : "");
            }
            cases.add(new Case(words));
        }
        return cases;
    }

    /** A paragraph of cases.txt. */
    static final class Case {
        private final Map<String, String> words;

        Case(Map<String, String> words) {
            this.words = words;
        }

        boolean has(String key) {
            return words.containsKey(key);
        }

        String text(String key) {
            return words.getOrDefault(key, "");
        }

        private String[] split(String key) {
            return text(key).isEmpty() ? new String[0] : text(key).split(" ");
        }

        /** Null only if the key is missing. */
        long[] ids(String key) {
            return has(key) ? Arrays.stream(split(key)).mapToLong(Long::parseLong).toArray() : null;
        }

        float[] floats(String key) {
            String[] parts = split(key);
            float[] own = new float[parts.length];
            for (int i = 0; i < own.length; i++) {
                own[i] = Float.parseFloat(parts[i]);
            }
            return own;
        }

        SearchOptions options() {
            SearchOptions options = SearchOptions.of((int) ids("k")[0]);
            if (has("ef")) {
                options.ef(ids("ef")[0]);
            }
            if (has("target_recall")) {
                options.targetRecall(Double.parseDouble(text("target_recall")));
            }
            if (has("probes")) {
                options.probes(ids("probes")[0]);
            }
            if (has("rerank")) {
                options.rerank(ids("rerank")[0]);
            }
            if (has("plan")) {
                options.plan(Plan.valueOf(text("plan").toUpperCase()));
            }
            if (has("exclude_offsets")) {
                long[] offsets = ids("exclude_offsets");
                long[][] lists = new long[offsets.length - 1][];
                for (int i = 0; i < lists.length; i++) {
                    lists[i] =
                            Arrays.copyOfRange(
                                    ids("exclude_ids"), (int) offsets[i], (int) offsets[i + 1]);
                }
                options.exclude(lists);
            }
            if (has("where_count")) {
                String[] conditions = new String[(int) ids("where_count")[0]];
                for (int i = 0; i < conditions.length; i++) {
                    conditions[i] = words.get("where_" + i);
                }
                options.where(conditions);
            }
            if (has("bias_weights")) {
                options.biasWeights(floats("bias_weights"));
            }
            if (has("diversity")) {
                int candidates = has("candidates") ? (int) ids("candidates")[0] : 500;
                options.diversity(floats("diversity")[0], candidates);
            }
            return options;
        }

        /** Groups; null if the case has none. */
        private Groups groups() {
            return has("group_ids")
                    ? Groups.of(ids("group_ids"), Arrays.asList(split("group_keys")))
                    : null;
        }

        private Filter filter(Index index) {
            return has("allow") || has("deny") ? index.filter(ids("allow"), ids("deny")) : null;
        }

        Results run() {
            try (Index index = Index.open(VECTORS.resolve(text("index")));
                    Filter filter = filter(index);
                    Groups groups = groups()) {
                SearchOptions options = options().filter(filter);
                if (groups != null) {
                    options.groupBy(groups, has("per_group") ? (int) ids("per_group")[0] : 1);
                }
                if (has("exclude_names")) {
                    options.exclude(index.numbers(split("exclude_names")));
                }
                Results found = index.search(floats("queries"), options);
                if (has("names")) {
                    assertEquals(text("names"), String.join(" ", index.names(found.ids)));
                }
                return found;
            }
        }
    }
}
