package vecq;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/**
 * A native handle and the number of its users: its owner until close, calls in progress, and filters
 * of an index. The last one frees it.
 */
final class Handle implements Runnable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final long address;
    private final LongConsumer free;
    private final AtomicInteger users = new AtomicInteger(1);
    private volatile boolean closed;

    Handle(long address, LongConsumer free) {
        this.address = address;
        this.free = free;
    }

    /** Closes the handle when nothing refers to its owner any longer. */
    Cleaner.Cleanable cleanedWith(Object owner) {
        return CLEANER.register(owner, this);
    }

    /** Adds a user and returns the address. */
    long acquire() {
        if (!closed) {
            for (int now = users.get(); now > 0; now = users.get()) {
                if (users.compareAndSet(now, now + 1)) {
                    return address;
                }
            }
        }
        throw new IllegalStateException("the handle is closed");
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            free.accept(address);
        }
    }

    /** Gives up the owner's use. A cleaner calls it once. */
    @Override
    public void run() {
        closed = true;
        release();
    }
}
