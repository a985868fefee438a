// A compiled expression over attributes: a postfix program, evaluated to one bit per row.
//
// Terms on texts read the postings of their attribute, terms on numbers compare the column, or read
// its order if there is one. The program runs on blocks of rows that fit the first cache. Rows that
// changed since postings or an order were made, and all rows when few changed since an earlier
// evaluation, are tested one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bitset.hpp"
#include "rows/attributes.hpp"

namespace vecq {

// One comparison of an attribute with values. Ranges include both ends.
struct Term {
    enum class Kind : uint8_t { floats, integers, bytes, codes };

    const Attribute* attribute = nullptr;
    Kind kind = Kind::codes;
    float low_float = 0, high_float = 0;
    int64_t low = 0, high = 0;         // of integers and bytes
    std::vector<uint32_t> codes = {};  // any of these, ascending; 0 is null

    // Intersects two ranges of one attribute.
    void narrow(const Term& other);
};

// Whether a term holds for a row.
bool holds(const Term& term, uint32_t row);
// The rows for which a term on numbers holds.
OrderedRun run_of(const OrderedRows& rows, const Term& term);

struct Step {
    enum class Kind : uint8_t { term, both, either, inverse };
    Kind kind;
    uint32_t term = 0;
};

struct TermBits;

class Predicate {
public:
    // Nesting is limited, so that neither parsing nor evaluating needs much stack.
    static constexpr size_t kMaxNesting = 50, kMaxTerms = 1000;

    // Appends a step. Ranges of one column that must both hold become one.
    void add_term(Term term);
    void add(Step::Kind kind);
    size_t terms() const { return terms_.size(); }
    // A term that must hold, or must not if it is inverse.
    struct Literal {
        const Term* term;
        bool is_inverse;
    };
    using Clause = std::vector<Literal>;
    // The most clauses of a normal form, and the most literals of a clause.
    struct FormLimits {
        size_t clauses, literals;
    };
    // The disjunctive normal form: the predicate holds where all literals of any clause do. None if
    // that exceeds the limits.
    std::optional<std::vector<Clause>> clauses(FormLimits most) const;

    // At least `capacity` bits, of which those from `rows` on are 0. No row may change meanwhile.
    Bitset evaluate(const Attributes& attributes, size_t rows, size_t capacity) const;
    // Whether the predicate holds for a row.
    bool holds(uint32_t row) const;

private:
    bool fuse_ranges();
    Bitset combined(const std::vector<TermBits>& bits, size_t rows, size_t capacity) const;

    std::vector<Term> terms_;
    std::vector<Step> steps_;
    size_t depth_ = 0, max_depth_ = 0;  // of the stack
};

}  // namespace vecq
