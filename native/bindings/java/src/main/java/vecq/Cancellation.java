package vecq;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A flag by which any thread ends a search of several queries early, with a {@link VecqException} of
 * status CANCELLED.
 */
public final class Cancellation {
    private static final VarHandle FLAG =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private final ByteBuffer flag = ByteBuffer.allocateDirect(Integer.BYTES);

    /** Creates a flag that is not set. */
    public Cancellation() {}

    /** Ends the searches that were given this flag. */
    public void cancel() {
        FLAG.setVolatile(flag, 0, 1);
    }

    ByteBuffer flag() {
        return flag;
    }
}
