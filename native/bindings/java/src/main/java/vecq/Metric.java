package vecq;

/** A measure of similarity. */
public enum Metric {
    /** Inner product. */
    IP,
    /** Cosine of the angle. */
    COSINE,
    /** Minus the squared distance. */
    L2
}
