// Evaluates predicates, by blocks of rows or row by row.
#include "search/predicate.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/status.hpp"
#include "engine/engine.hpp"

namespace vecq {

// The bits of a term that were not compared: those of its only posting, the union of several, or a
// run of ordered rows.
struct TermBits {
    std::shared_ptr<const Postings> postings;
    Bitset own;
    const uint64_t* words = nullptr;  // null: compare the column
    size_t rows = 0;                  // later rows are tested one by one
    AttributeVersion version = {};
    std::vector<uint32_t> tested = {};  // these, too
};

namespace {

constexpr size_t kBlockWords = 64, kBlockRows = 64 * kBlockWords;

TermBits bits_of(const Term& term, Attributes::Posted posted) {
    TermBits bits;
    bits.postings = std::move(posted.postings);
    bits.version = posted.version;
    const Postings& postings = *bits.postings;
    bits.rows = postings.rows();
    if (term.codes.size() == 1 && postings.bitmap(term.codes[0]) != nullptr) {
        bits.words = postings.bitmap(term.codes[0]);
        return bits;
    }
    bits.own.grow(postings.rows());
    for (const uint32_t code : term.codes) {
        if (const uint64_t* words = postings.bitmap(code))
            bits.own.unite(words);
        else
            for (const uint32_t row : postings.list(code)) bits.own.set(row);
    }
    bits.words = bits.own.words();
    return bits;
}

TermBits bits_of(const Term& term, const Attributes::Ordered& ordered) {
    TermBits bits;
    const OrderedRows& rows = *ordered.rows;
    const OrderedRun run = run_of(rows, term);
    bits.own = rows.bits_of(run);
    bits.words = bits.own.words();
    bits.rows = rows.rows();
    bits.version = ordered.version;
    const std::span<const uint32_t> order = rows.in_order();
    for (size_t place = run.first; place < run.begin; ++place) bits.tested.push_back(order[place]);
    for (size_t place = run.end; place < run.last; ++place) bits.tested.push_back(order[place]);
    return bits;
}

// Compared terms have no bits.
TermBits bits_of(const Term& term, const Attributes& attributes, size_t rows) {
    if (term.kind == Term::Kind::bytes) return {};
    if (term.kind == Term::Kind::codes)
        return bits_of(term, attributes.postings(*term.attribute, rows));
    const Attributes::Ordered ordered = attributes.ordered(*term.attribute, rows, 1);
    return ordered.rows == nullptr ? TermBits{} : bits_of(term, ordered);
}

// The bits of a term for all rows, which takes its own where it can. Later bits are clear.
Bitset all_bits(TermBits& bits, size_t rows, size_t capacity) {
    Bitset found = std::exchange(bits.own, {});
    const bool is_own = !found.empty();
    found.grow(std::max(rows, capacity));
    if (!is_own) found.write(0, bits.words, words_for(std::min(bits.rows, rows)));
    return found;
}

using Block = uint64_t[kBlockWords];

// Writes the bits of a term for the rows of a block.
void evaluate_block(const Term& term, const TermBits& bits, size_t first, size_t rows, Block& to) {
    const CompareKernels& kernels = active_engine().comparing;
    const Column& values = term.attribute->values;
    if (bits.words != nullptr) {
        const size_t word = first / 64, words = words_for(rows), all = words_for(bits.rows);
        const size_t known = std::min(words, all - std::min(all, word));
        std::copy_n(bits.words + word, known, to);
        std::fill_n(to + known, words - known, 0);
        return;
    }
    switch (term.kind) {
        case Term::Kind::floats:
            return kernels.floats(values.data<const float>() + first, rows, term.low_float,
                                  term.high_float, to);
        case Term::Kind::integers:
            return kernels.integers(values.data<const int64_t>() + first, rows, term.low, term.high,
                                    to);
        default:
            return kernels.bytes(values.data<const uint8_t>() + first, rows,
                                 static_cast<uint8_t>(term.low), static_cast<uint8_t>(term.high),
                                 to);
    }
}

using Clauses = std::optional<std::vector<Predicate::Clause>>;

// The clauses of an expression, and those of its inverse.
struct Forms {
    Clauses holds, fails;
};

Clauses any_of(const Clauses& left, const Clauses& right, Predicate::FormLimits most) {
    if (!left || !right || left->size() + right->size() > most.clauses) return {};
    Clauses found = left;
    found->insert(found->end(), right->begin(), right->end());
    return found;
}

Clauses all_of(const Clauses& left, const Clauses& right, Predicate::FormLimits most) {
    if (!left || !right || left->size() * right->size() > most.clauses) return {};
    Clauses found(std::in_place);
    for (const Predicate::Clause& one : *left)
        for (const Predicate::Clause& other : *right) {
            if (one.size() + other.size() > most.literals) return {};
            found->push_back(one);
            found->back().insert(found->back().end(), other.begin(), other.end());
        }
    return found;
}

// `right` has no block if the step has one operand.
void combine(Step::Kind kind, Block& left, const Block* right, size_t words) {
    switch (kind) {
        case Step::Kind::both:
            for (size_t i = 0; i < words; ++i) left[i] &= (*right)[i];
            break;
        case Step::Kind::either:
            for (size_t i = 0; i < words; ++i) left[i] |= (*right)[i];
            break;
        default:
            for (size_t i = 0; i < words; ++i) left[i] = ~left[i];
    }
}

}  // namespace

void Term::narrow(const Term& other) {
    low_float = std::max(low_float, other.low_float);
    high_float = std::min(high_float, other.high_float);
    low = std::max(low, other.low);
    high = std::min(high, other.high);
}

bool holds(const Term& term, uint32_t row) {
    const Attribute& attribute = *term.attribute;
    switch (term.kind) {
        case Term::Kind::floats: {
            const float value = attribute.values.data<const float>()[row];
            return value >= term.low_float && value <= term.high_float;
        }
        case Term::Kind::integers: {
            const int64_t value = attribute.values.data<const int64_t>()[row];
            return value >= term.low && value <= term.high;
        }
        case Term::Kind::bytes: {
            const int64_t value = attribute.values.data<const uint8_t>()[row];
            return value >= term.low && value <= term.high;
        }
        default: break;
    }
    const uint32_t code = attribute.values.data<const uint32_t>()[row];
    const auto is_wanted = [&](uint32_t own) {
        return std::ranges::binary_search(term.codes, own);
    };
    if (attribute.spec.kind == AttributeKind::category || code == 0) return is_wanted(code);
    if (code > attribute.sets.size()) return false;  // a file may say so
    return std::ranges::any_of(attribute.sets[code - 1],
                               [&](uint32_t tag) { return is_wanted(tag + 1); });
}

void Predicate::add_term(Term term) {
    if (terms_.size() == kMaxTerms)
        refuse("where", "where has more than " + std::to_string(kMaxTerms) + " comparisons");
    steps_.push_back({Step::Kind::term, static_cast<uint32_t>(terms_.size())});
    terms_.push_back(std::move(term));
    max_depth_ = std::max(max_depth_, ++depth_);
}

void Predicate::add(Step::Kind kind) {
    if (kind != Step::Kind::inverse) --depth_;
    if (kind != Step::Kind::both || !fuse_ranges()) steps_.push_back({kind});
}

bool Predicate::fuse_ranges() {
    const size_t count = steps_.size();
    // (a and b) and c: a and (b and c).
    const size_t before = steps_[count - 2].kind == Step::Kind::both ? count - 3 : count - 2;
    if (steps_[count - 1].kind != Step::Kind::term || steps_[before].kind != Step::Kind::term)
        return false;
    const Term& last = terms_.back();
    Term& one = terms_[terms_.size() - 2];
    if (one.attribute != last.attribute || one.kind != last.kind || one.kind == Term::Kind::codes)
        return false;
    one.narrow(last);
    terms_.pop_back();
    steps_.pop_back();
    return true;
}

OrderedRun run_of(const OrderedRows& rows, const Term& term) {
    switch (term.kind) {
        case Term::Kind::floats: return rows.run(term.low_float, term.high_float);
        case Term::Kind::bytes:
            return rows.run(static_cast<uint8_t>(term.low), static_cast<uint8_t>(term.high));
        default: return rows.run(term.low, term.high);
    }
}

std::optional<std::vector<Predicate::Clause>> Predicate::clauses(FormLimits most) const {
    std::vector<Forms> stack;
    for (const Step step : steps_) {
        if (step.kind == Step::Kind::term) {
            const Term* term = &terms_[step.term];
            stack.push_back({{{{{term, false}}}}, {{{{term, true}}}}});
            continue;
        }
        if (step.kind == Step::Kind::inverse) {
            std::swap(stack.back().holds, stack.back().fails);
            continue;
        }
        const Forms right = std::move(stack.back());
        stack.pop_back();
        Forms& left = stack.back();
        const bool is_both = step.kind == Step::Kind::both;
        left.holds = (is_both ? all_of : any_of)(left.holds, right.holds, most);
        left.fails = (is_both ? any_of : all_of)(left.fails, right.fails, most);
    }
    return std::move(stack.back().holds);
}

bool Predicate::holds(uint32_t row) const {
    bool stack[2 * kMaxNesting + 8];
    size_t top = 0;
    for (const Step step : steps_) switch (step.kind) {
            case Step::Kind::term: stack[top++] = vecq::holds(terms_[step.term], row); break;
            case Step::Kind::both:
                --top;
                stack[top - 1] = stack[top - 1] && stack[top];
                break;
            case Step::Kind::either:
                --top;
                stack[top - 1] = stack[top - 1] || stack[top];
                break;
            case Step::Kind::inverse: stack[top - 1] = !stack[top - 1]; break;
        }
    return stack[0];
}

Bitset Predicate::evaluate(const Attributes& attributes, size_t rows, size_t capacity) const {
    std::vector<TermBits> bits(terms_.size());
    AttributeVersion oldest = attributes.version();
    size_t covered = rows;
    for (size_t i = 0; i < terms_.size(); ++i) {
        bits[i] = bits_of(terms_[i], attributes, rows);
        if (bits[i].words == nullptr) continue;
        oldest.changes = std::min(oldest.changes, bits[i].version.changes);
        covered = std::min(covered, bits[i].rows);
    }
    Bitset found = steps_.size() == 1 && bits[0].words != nullptr
                       ? all_bits(bits[0], rows, capacity)
                       : combined(bits, rows, capacity);
    found.clear_from(rows);
    const auto changed = attributes.changed_since(oldest);
    for (const uint32_t row : *changed)
        if (row < rows) found.assign(row, holds(row));
    for (size_t row = covered; row < rows; ++row)
        found.assign(row, holds(static_cast<uint32_t>(row)));
    for (const TermBits& own : bits)
        for (const uint32_t row : own.tested) found.assign(row, holds(row));
    return found;
}

// Runs the steps block by block. Bits behind `rows` may have any value.
Bitset Predicate::combined(const std::vector<TermBits>& bits, size_t rows, size_t capacity) const {
    Bitset found;
    found.grow(std::max(rows, capacity));
    const std::unique_ptr<Block[]> stack(new Block[max_depth_]);
    for (size_t first = 0; first < rows; first += kBlockRows) {
        const size_t count = std::min(kBlockRows, rows - first), words = words_for(count);
        size_t top = 0;
        for (const Step step : steps_) {
            if (step.kind == Step::Kind::term) {
                evaluate_block(terms_[step.term], bits[step.term], first, count, stack[top++]);
                continue;
            }
            if (step.kind != Step::Kind::inverse) --top;
            combine(step.kind, stack[top - 1], stack.get() + top, words);
        }
        found.write(first / 64, stack[0], words);
    }
    return found;
}

}  // namespace vecq
