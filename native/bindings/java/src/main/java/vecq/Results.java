package vecq;

import java.util.Arrays;

/** The results of a search, best first for each query. */
public final class Results {
    final int k;
    final long[] ids;
    final float[] scores;
    final long[] counts;
    final long[] report = new long[3];

    Results(int queries, int k) {
        this.k = k;
        ids = new long[queries * k];
        scores = new float[queries * k];
        counts = new long[queries];
    }

    /**
     * The number of queries.
     *
     * @return the number
     */
    public int queries() {
        return counts.length;
    }

    /**
     * The number of results of a query: k if as many items are allowed.
     *
     * @param query the number of the query, from 0
     * @return the number of results
     */
    public int count(int query) {
        return (int) counts[query];
    }

    /**
     * The id of a result.
     *
     * @param query the number of the query, from 0
     * @param rank the rank of the result, from 0
     * @return the id
     */
    public long id(int query, int rank) {
        return ids[place(query, rank)];
    }

    /**
     * The score of a result; higher is better.
     *
     * @param query the number of the query, from 0
     * @param rank the rank of the result, from 0
     * @return the score
     */
    public float score(int query, int rank) {
        return scores[place(query, rank)];
    }

    /**
     * The ids of all results of a query.
     *
     * @param query the number of the query, from 0
     * @return a copy
     */
    public long[] ids(int query) {
        return Arrays.copyOfRange(ids, query * k, query * k + count(query));
    }

    /**
     * The scores of all results of a query.
     *
     * @param query the number of the query, from 0
     * @return a copy
     */
    public float[] scores(int query) {
        return Arrays.copyOfRange(scores, query * k, query * k + count(query));
    }

    /**
     * The plan that was used.
     *
     * @return the plan
     */
    public Plan plan() {
        return Plan.values()[(int) report[0]];
    }

    /**
     * The nodes whose neighbor lists were read, over all queries.
     *
     * @return the number
     */
    public long hops() {
        return report[1];
    }

    /**
     * The distance computations, over all queries.
     *
     * @return the number
     */
    public long scoredRows() {
        return report[2];
    }

    private int place(int query, int rank) {
        if (rank < 0 || rank >= counts[query]) {
            throw new IndexOutOfBoundsException("query " + query + " has no result " + rank);
        }
        return query * k + rank;
    }
}
