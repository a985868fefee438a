package vecq;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** The native methods, in src/main/native. Handles are addresses; 0 is none. */
final class Native {
    static {
        load();
    }

    private Native() {}

    /**
     * Loads the library: from the file that the property vecq.library names, otherwise from this
     * jar, otherwise from java.library.path.
     */
    private static void load() {
        String file = System.getProperty("vecq.library");
        if (file != null) {
            System.load(file);
            return;
        }
        String arch = System.getProperty("os.arch").replace("amd64", "x86_64");
        String name = System.mapLibraryName("vecq_jni");
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).split(" ")[0];
        String resource = "native/" + system + "-" + arch + "/" + name;
        try (InputStream in = Native.class.getResourceAsStream(resource)) {
            if (in == null) {
                System.loadLibrary("vecq_jni");
                return;
            }
            Path copy = Files.createTempFile("vecq", name);
            try {
                Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
                System.load(copy.toString());
            } finally {
                Files.delete(copy); // a loaded library stays mapped
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static native byte[] version();

    static native long open(byte[] path);

    static native void close(long index);

    static native long size(long index);

    /** Writes dim and metric. */
    static native void describe(long index, int[] out);

    /** Writes ef and rerank. */
    static native void effort(long index, int k, double targetRecall, long[] out);

    /**
     * Searches. An ef of 0 and a rerank of -1 ask for the defaults. Conditions are UTF-8 that ends
     * in 0. Writes plan, hops and scored rows to report.
     */
    static native void search(
            long index,
            int k,
            long ef,
            double targetRecall,
            long rerank,
            int plan,
            long probes,
            int threads,
            long filter,
            long[] excludeOffsets,
            long[] excludeIds,
            ByteBuffer cancelled,
            byte[][] where,
            float[] biasWeights,
            long groups,
            int perGroup,
            float diversity,
            int candidates,
            float[] queries,
            int count,
            long[] ids,
            float[] scores,
            long[] counts,
            long[] report);

    static native boolean contains(long index, long id);

    static native void ids(long index, long[] out);

    static native void vectors(long index, long[] ids, float[] out);

    static native long[] stats(long index);

    static native void preload(long index, int preload);

    static native byte[][] check(long index, boolean deep);

    static native long openFilter(long index, long[] allow, long[] deny);

    static native void closeFilter(long filter);

    static native long filterCount(long filter);

    static native long openGroups(long[] ids, int[] groups);

    static native void closeGroups(long groups);

    static native void numbers(long index, byte[] names, long[] offsets, long[] out);

    static native byte[][] names(long index, long[] numbers);

    static native long openLive(byte[] path, int preload, boolean skipsChecksums);

    static native void closeLive(long live);

    static native boolean refresh(long live, boolean retry);

    static native long acquire(long live, long[] version);

    static native void release(long index);

    static native VecqException liveStatus(long live, long[] out);
}
