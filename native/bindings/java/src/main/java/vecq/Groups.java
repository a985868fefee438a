package vecq;

import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The group of each item, such as its seller, for any number of searches and indexes. */
public final class Groups implements AutoCloseable {
    final Handle handle;
    private final Cleaner.Cleanable cleanable;

    private Groups(long address) {
        handle = new Handle(address, Native::closeGroups);
        cleanable = handle.cleanedWith(this);
    }

    /**
     * Creates groups. Items of other ids are a group of their own each.
     *
     * @param ids ids of items
     * @param keys for each id an object that names its group, such as a String
     * @return the groups
     */
    public static Groups of(long[] ids, List<?> keys) {
        if (ids.length != keys.size()) {
            throw VecqException.invalid(
                    "groups",
                    "groups has "
                            + keys.size()
                            + " keys, expected one for each of "
                            + ids.length
                            + " ids");
        }
        Map<Object, Integer> known = new HashMap<>();
        int[] numbers = new int[ids.length];
        int at = 0;
        for (Object key : keys) {
            Integer number = known.putIfAbsent(key, known.size());
            numbers[at++] = number == null ? known.size() - 1 : number;
        }
        return new Groups(Native.openGroups(ids, numbers));
    }

    /**
     * Creates groups that are named by numbers.
     *
     * @param ids ids of items
     * @param keys for each id the number of its group
     * @return the groups
     */
    public static Groups of(long[] ids, long[] keys) {
        return of(ids, Arrays.stream(keys).boxed().collect(Collectors.toList()));
    }

    @Override
    public void close() {
        cleanable.clean();
    }
}
