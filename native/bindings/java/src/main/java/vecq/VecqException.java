package vecq;

import java.nio.charset.StandardCharsets;

/** A failed call: what was expected, and of which argument. */
public final class VecqException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Why a call failed. */
    public enum Status {
        /** Never thrown. */
        OK,
        /** An argument has a value that is not allowed. */
        INVALID_ARGUMENT,
        /** This machine lacks the instruction set that VECQ_ISA names. */
        UNSUPPORTED,
        /** There is not enough memory. */
        OUT_OF_MEMORY,
        /** A defect of vecq. */
        INTERNAL,
        /** The operating system refused a call; see {@link VecqException#systemError}. */
        FILE_ERROR,
        /** A file is damaged, or is not a file of vecq. */
        CORRUPT_FILE,
        /** A change of an index that was opened read-only. */
        READ_ONLY,
        /** A file has changed since the index was opened from it. */
        CHANGED_FILE,
        /** The search was cancelled. */
        CANCELLED
    }

    /** Why the call failed. */
    private final Status status;

    /** The argument at fault. */
    private final String argument;

    /** The errno. */
    private final int systemError;

    private VecqException(int status, byte[] argument, byte[] message, int systemError) {
        super(new String(message, StandardCharsets.UTF_8));
        Status[] all = Status.values();
        this.status = status < all.length ? all[status] : Status.INTERNAL;
        this.argument = new String(argument, StandardCharsets.UTF_8);
        this.systemError = systemError;
    }

    /** An argument that this binding refuses itself. */
    static VecqException invalid(String argument, String message) {
        return new VecqException(
                Status.INVALID_ARGUMENT.ordinal(),
                argument.getBytes(StandardCharsets.UTF_8),
                message.getBytes(StandardCharsets.UTF_8),
                0);
    }

    /**
     * Why the call failed.
     *
     * @return the status
     */
    public Status status() {
        return status;
    }

    /**
     * The argument at fault.
     *
     * @return its name; empty if none
     */
    public String argument() {
        return argument;
    }

    /**
     * The errno of the failed system call.
     *
     * @return the number; 0 if none
     */
    public int systemError() {
        return systemError;
    }
}
