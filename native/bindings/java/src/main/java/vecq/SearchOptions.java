package vecq;

/** Options of a search. Setters return this object, which one thread may change. */
public final class SearchOptions {
    final int k;
    long ef;
    double targetRecall;
    long rerank = -1;
    Plan plan = Plan.AUTO;
    long probes;
    int threads = 1;
    Filter filter;
    long[][] exclude;
    Cancellation cancellation;
    String[] where;
    float[] biasWeights;
    Groups groups;
    int perGroup;
    float diversity;
    int candidates;

    private SearchOptions(int k) {
        this.k = k;
    }

    /**
     * Options by default.
     *
     * @param k the number of results per query
     * @return new options
     */
    public static SearchOptions of(int k) {
        return new SearchOptions(k);
    }

    /**
     * Sets the beam width of a walk.
     *
     * @param ef the width; 0 for the default: by the target recall, otherwise k + 100,
     *     with codes in planes at least 1.25 k + 8
     * @return this
     */
    public SearchOptions ef(long ef) {
        this.ef = checked(ef, "ef");
        return this;
    }

    /**
     * Sets the number of cells that {@link Plan#PROBE} scans for each query.
     *
     * @param probes the number; 0 for the default, enough for most results
     * @return this
     */
    public SearchOptions probes(long probes) {
        this.probes = checked(probes, "probes");
        return this;
    }

    /**
     * Sets the recall to reach, by the recall curve that the index keeps.
     *
     * @param recall more than 0 and at most 1; 0: none
     * @return this
     */
    public SearchOptions targetRecall(double recall) {
        targetRecall = recall;
        return this;
    }

    /**
     * Sets the number of candidates rescored on the rerank store. Default: as measured with the
     * recall curve; before that 1.25 k + 8, of int4 codes 2 k + 50.
     *
     * @param candidates the number, at least k; 0: none
     * @return this
     */
    public SearchOptions rerank(long candidates) {
        rerank = checked(candidates, "rerank");
        return this;
    }

    /**
     * Sets how items are found.
     *
     * @param plan the plan
     * @return this
     */
    public SearchOptions plan(Plan plan) {
        this.plan = plan;
        return this;
    }

    /**
     * Sets the number of threads of a call with several queries; 1 by default.
     *
     * @param threads the number; 0: all cores
     * @return this
     */
    public SearchOptions threads(int threads) {
        this.threads = (int) checked(threads, "threads");
        return this;
    }

    /**
     * Sets the allowed items.
     *
     * @param filter a filter of the index; null: all items
     * @return this
     */
    public SearchOptions filter(Filter filter) {
        this.filter = filter;
        return this;
    }

    /**
     * Sets the ids that each query does not return.
     *
     * @param ids a list for each query; null: none
     * @return this
     */
    public SearchOptions exclude(long[]... ids) {
        exclude = ids;
        return this;
    }

    /**
     * Sets a flag that ends the search early.
     *
     * @param cancellation the flag; null: none
     * @return this
     */
    public SearchOptions cancellation(Cancellation cancellation) {
        this.cancellation = cancellation;
        return this;
    }

    /**
     * Sets conditions on the attributes of results, such as "price &lt; 100 and tags has 'new'".
     *
     * @param conditions one for all queries, or one for each, where null allows all items; none:
     *     all items
     * @return this
     */
    public SearchOptions where(String... conditions) {
        where = conditions;
        return this;
    }

    /**
     * Sets the weights of the items' biases, which searches add to similarities; 1 by default.
     *
     * @param weights one for each query; null: 1
     * @return this
     */
    public SearchOptions biasWeights(float... weights) {
        biasWeights = weights;
        return this;
    }

    /**
     * Limits the results of a query that are of the same group.
     *
     * @param groups the groups; null: no limit
     * @param perGroup the number of results that may be of one group
     * @return this
     */
    public SearchOptions groupBy(Groups groups, int perGroup) {
        if (perGroup < 1) {
            throw VecqException.invalid(
                    "per_group", "per_group is " + perGroup + ", expected 1 or more");
        }
        this.groups = groups;
        this.perGroup = perGroup;
        return this;
    }

    /**
     * Picks results that are unlike each other among the best candidates.
     *
     * @param diversity 0 to 1; 0: the best by score
     * @param candidates the number of candidates, raised to k
     * @return this
     */
    public SearchOptions diversity(float diversity, int candidates) {
        this.diversity = diversity;
        this.candidates = (int) Math.max(checked(candidates, "candidates"), k);
        return this;
    }

    private static long checked(long value, String argument) {
        if (value < 0) {
            throw VecqException.invalid(
                    argument, argument + " is " + value + ", expected 0 or more");
        }
        return value;
    }
}
