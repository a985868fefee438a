/**
 * Searches the quantized vector indexes of vecq, which map files into memory.
 *
 * <pre>{@code
 * try (Index index = Index.open(Path.of("items.vecq"))) {
 *     Results found = index.search(query, SearchOptions.of(100).exclude(seen));
 *     for (int i = 0; i < found.count(0); i++) {
 *         use(found.id(0, i), found.score(0, i));
 *     }
 * }
 * }</pre>
 *
 * <p>All types but {@link vecq.SearchOptions} may be used by any number of threads at the same
 * time. Closing a handle that other threads use is safe: it is freed when the last call returns.
 */
package vecq;
