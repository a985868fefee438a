// A beam that merges by vectors of keys holds what a beam that merges offers holds.
#if defined(__x86_64__)
#include <set>

#include "base/rng.hpp"
#include "check.hpp"
#include "engine/prelude.hpp"
#include "graph/beam.hpp"

VECQ_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace vecq::beam_vectors {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_avx512.inl.hpp"

#include "graph/beam.inl.hpp"

struct NoKeyVectors {
    static constexpr size_t kMaxKeys = 0;
};

// Offers groups of nodes to both and expands some candidates of both in between.
void play(Beam& vectors, Beam& offers, size_t width, size_t nodes, uint64_t scores, uint64_t seed) {
    Random random(seed);
    vectors.begin(width, nodes);
    offers.begin(width, nodes);
    for (uint32_t group = 0; group < 200; ++group) {
        alignas(kLine) float score[16];
        uint32_t node[16];
        for (uint32_t i = 0; i < 16; ++i) {
            score[i] = static_cast<float>(random.below(scores)) - 10;
            node[i] = static_cast<uint32_t>((16 * group + i) * 2654435761U % nodes);
        }
        const auto mask = static_cast<uint32_t>(random.below(uint64_t{1} << random.below(17)));
        insert_keys<KeyVectors>(vectors, mask, score, node);
        insert_keys<NoKeyVectors>(offers, mask, score, node);
        for (uint64_t count = random.below(4); count > 0; --count) {
            const bool has_next = has_unexpanded<NoKeyVectors>(offers);
            CHECK(has_unexpanded<KeyVectors>(vectors) == has_next, width, seed, group);
            if (!has_next) break;
            CHECK(vectors.next_score() == offers.next_score(), width, seed, group);
            const uint32_t expected = expand<NoKeyVectors>(offers);
            CHECK(expand<KeyVectors>(vectors) == expected, width, seed, group, expected);
        }
        CHECK(vectors.worst() == offers.worst(), width, seed, group);
        CHECK(vectors.size() == offers.size(), width, seed, group);
        for (size_t i = 0; i < offers.size(); ++i) {
            CHECK(vectors.node(i) == offers.node(i), width, seed, group, i);
            CHECK(vectors.score(i) == offers.score(i), width, seed, group, i);
        }
    }
    CHECK(std::ranges::equal(vectors.plain_keys(), offers.plain_keys()), width, seed);
}

void play_all() {
    Beam vectors, offers;  // reused for all widths, like the beams of a walk
    for (const size_t width : {1, 2, 7, 8, 9, 64, 100, 3, 500, 512})
        for (const uint64_t scores : {1, 20, 1 << 20})
            for (const size_t nodes : {MarkedKeys::kMaxExactNodes, kMaxRows})
                for (uint64_t seed = 0; seed < 10; ++seed)
                    play(vectors, offers, width, nodes, scores, seed);
}

}  // namespace vecq::beam_vectors
VECQ_TARGET_END

TEST(beam_merges_by_vectors_as_by_offers) {
    if (const char* reason = vecq::cpu::missing(vecq::cpu::Feature::avx512)) {
        SKIP(std::string("vectors of keys: ") + reason);
        return;
    }
    vecq::beam_vectors::play_all();
}
#endif
