// A recursive-descent parser that writes the program of a Predicate as it reads.
#include "search/where.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "base/utf8.hpp"
#include "search/datetime.hpp"
#include "search/where_tokens.hpp"

namespace vecq {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

// A value in the type of its attribute; `code` is 1 + the number of a text, or kUnknown.
struct Value {
    static constexpr uint32_t kUnknown = UINT32_MAX;
    float number = 0;
    int64_t integer = 0;
    uint32_t code = kUnknown;
};

const char* description_of(AttributeKind kind) {
    switch (kind) {
        case AttributeKind::float32: return "a number";
        case AttributeKind::int64: return "a whole number";
        case AttributeKind::datetime: return "a datetime such as '2026-01-31T12:00:00'";
        case AttributeKind::boolean: return "true or false";
        default: return "a text in quotes";
    }
}

class Parser {
public:
    Parser(std::string_view text, const Attributes& attributes)
        : tokens_(text), attributes_(attributes) {}

    Predicate parse() {
        read_expression(0);
        const Token& rest = tokens_.next();
        if (rest.kind != Token::Kind::end)
            tokens_.fail(rest, "expected 'and', 'or' or the end" + found(rest));
        return std::move(predicate_);
    }

private:
    static std::string found(const Token& token) {
        return token.kind == Token::Kind::end ? ", found the end" : ", found '" + token.text + "'";
    }

    void read_expression(size_t nesting) {
        read_conjunction(nesting);
        while (tokens_.accept("or")) {
            read_conjunction(nesting);
            predicate_.add(Step::Kind::either);
        }
    }

    void read_conjunction(size_t nesting) {
        read_negation(nesting);
        while (tokens_.accept("and")) {
            read_negation(nesting);
            predicate_.add(Step::Kind::both);
        }
    }

    void read_negation(size_t nesting) {
        bool is_inverse = false;
        while (tokens_.accept("not")) is_inverse = !is_inverse;
        const Token token = tokens_.next();
        if (tokens_.accept("(")) {
            if (nesting == Predicate::kMaxNesting)
                tokens_.fail(token, "parentheses are nested more than " +
                                        std::to_string(Predicate::kMaxNesting) + " deep");
            read_expression(nesting + 1);
            if (!tokens_.accept(")"))
                tokens_.fail(tokens_.next(), "expected ')'" + found(tokens_.next()));
        } else {
            read_comparison();
        }
        if (is_inverse) predicate_.add(Step::Kind::inverse);
    }

    void read_comparison() {
        const Token name = tokens_.take();
        if ((name.kind != Token::Kind::word && name.kind != Token::Kind::quoted_name) ||
            name.is_keyword)
            tokens_.fail(name, "expected the name of an attribute" + found(name));
        const Attribute* attribute = attributes_.find(name.text);
        if (attribute == nullptr)
            tokens_.fail(name, "'" + name.text + "' " + attributes_.is_no_attribute());
        attribute->prepare();
        column_ = attribute;
        const Token op = tokens_.next();
        if (tokens_.accept("is")) return read_null_test();
        const bool is_inverse = tokens_.accept("not");
        const Token verb = tokens_.next();
        if (tokens_.accept("in")) return read_list(verb, is_inverse);
        if (tokens_.accept("between")) return read_between(verb, is_inverse);
        if (is_inverse) tokens_.fail(verb, "expected 'in' or 'between'" + found(verb));
        if (tokens_.accept("has")) return read_has(verb);
        for (const char* symbol : {"<", "<=", ">", ">=", "=", "!="})
            if (tokens_.accept(symbol)) return compare(op, symbol);
        if (column_->spec.kind != AttributeKind::boolean)
            tokens_.fail(op, "expected a comparison of " + described() + found(op));
        add_range(range_from_to({.integer = 1}, {.integer = 1}));
    }

    std::string described() const {
        return "'" + column_->spec.name + "' (" + name_of(column_->spec.kind) + ")";
    }

    void read_null_test() {
        const bool is_inverse = tokens_.accept("not");
        if (!tokens_.accept("null"))
            tokens_.fail(tokens_.next(), "expected 'null'" + found(tokens_.next()));
        add_null_test(!is_inverse);
    }

    void read_has(const Token& verb) {
        if (column_->spec.kind != AttributeKind::tags)
            tokens_.fail(verb, "'has' is for tags, not for " + described());
        add_equal({read_value()});
    }

    void read_list(const Token& verb, bool is_inverse) {
        if (!tokens_.accept("("))
            tokens_.fail(tokens_.next(), "expected '(' after 'in'" + found(tokens_.next()));
        std::vector<Value> values;
        do values.push_back(read_value());
        while (tokens_.accept(","));
        if (!tokens_.accept(")"))
            tokens_.fail(tokens_.next(), "expected ',' or ')'" + found(tokens_.next()));
        if (!has_texts(column_->spec.kind) && values.size() > Predicate::kMaxTerms)
            tokens_.fail(verb, "a list of numbers has more than " +
                                   std::to_string(Predicate::kMaxTerms) + " values");
        is_inverse ? add_unequal(values) : add_equal(values);
    }

    void read_between(const Token& verb, bool is_inverse) {
        require_order(verb);
        const Value low = read_value();
        if (!tokens_.accept("and"))
            tokens_.fail(tokens_.next(), "expected 'and'" + found(tokens_.next()));
        const Value high = read_value();
        add_range(range_from_to(low, high));
        if (!is_inverse) return;
        predicate_.add(Step::Kind::inverse);
        add_null_test(false);
        predicate_.add(Step::Kind::both);
    }

    void compare(const Token& op, std::string_view symbol) {
        const bool is_equality = symbol == "=" || symbol == "!=";
        if (!is_equality) require_order(op);
        if (column_->spec.kind == AttributeKind::tags)
            tokens_.fail(op, "tags are compared with 'has' or 'in', not with " + op.text);
        const Value value = read_value();
        if (is_equality) return symbol == "=" ? add_equal({value}) : add_unequal({value});
        add_range(range_of(symbol, value));
    }

    void require_order(const Token& op) const {
        if (column_->spec.kind > AttributeKind::datetime)
            tokens_.fail(op, described() + " has no order: '" + op.text +
                                 "' is for numbers and datetimes");
    }

    Value read_value() {
        const Token token = tokens_.take();
        const AttributeKind kind = column_->spec.kind;
        Value value;
        bool is_valid = false;
        if (token.kind == Token::Kind::number) {
            is_valid = read_number(token, value);
        } else if (token.kind == Token::Kind::text) {
            is_valid = has_texts(kind);
            if (is_valid) {
                const uint32_t number = column_->texts.find(token.text);
                if (number != Texts::kNone) value.code = number + 1;
            } else if (const auto time = parse_datetime(token.text);
                       time && kind == AttributeKind::datetime) {
                value.integer = *time;
                is_valid = true;
            }
        } else if (token.is("true") || token.is("false")) {
            is_valid = kind == AttributeKind::boolean;
            value.integer = token.is("true") ? 1 : 0;
        }
        if (!is_valid)
            tokens_.fail(token, "expected " + std::string(description_of(kind)) + " to compare " +
                                    described() + " with" + found(token));
        return value;
    }

    bool read_number(const Token& token, Value& value) const {
        const AttributeKind kind = column_->spec.kind;
        const char *first = token.text.data(), *last = first + token.text.size();
        if (*first == '+') ++first;
        if (kind == AttributeKind::int64 || kind == AttributeKind::datetime) {
            const auto [end, error] = std::from_chars(first, last, value.integer);
            if (error == std::errc{} && end == last) return value.integer != kNullInteger;
        }
        double number = 0;
        const auto [end, error] = std::from_chars(first, last, number);
        if (error != std::errc{} || end != last || !std::isfinite(number)) return false;
        if (kind == AttributeKind::float32) {
            value.number = static_cast<float>(number);
            return true;
        }
        // A whole number such as 5.0 or 1e6.
        if (kind != AttributeKind::int64 || number != std::trunc(number) ||
            std::abs(number) > 0x1p53)
            return false;
        value.integer = static_cast<int64_t>(number);
        return true;
    }

    Term range_from_to(const Value& low, const Value& high) const {
        Term term{.attribute = column_};
        switch (column_->spec.kind) {
            case AttributeKind::float32:
                term.kind = Term::Kind::floats;
                term.low_float = low.number;
                term.high_float = high.number;
                break;
            case AttributeKind::boolean:
                term.kind = Term::Kind::bytes;
                term.low = low.integer + kFalse;
                term.high = high.integer + kFalse;
                break;
            default:
                term.kind = Term::Kind::integers;
                term.low = low.integer;
                term.high = high.integer;
        }
        return term;
    }

    // Literals have been rounded to float32, as stored values are.
    Term range_of(std::string_view symbol, const Value& value) const {
        constexpr Value least{.number = -kInfinity, .integer = kNullInteger + 1};
        constexpr Value most{.number = kInfinity, .integer = kLargest};
        if (symbol == "<=") return range_from_to(least, value);
        if (symbol == ">=") return range_from_to(value, most);
        Value next = value;
        if (symbol == "<") {
            next.number = std::nextafter(value.number, -kInfinity);
            next.integer = value.integer - 1;  // no overflow: null has no literal
            return range_from_to(least, next);
        }
        next.number = std::nextafter(value.number, kInfinity);
        if (value.integer == kLargest) return range_from_to({.integer = 1}, {.integer = 0});
        next.integer = value.integer + 1;
        return range_from_to(next, most);
    }

    void add_range(Term term) { add_term(std::move(term)); }

    void add_term(Term term) {
        if (predicate_.terms() == Predicate::kMaxTerms)
            tokens_.fail(tokens_.next(),
                         "more than " + std::to_string(Predicate::kMaxTerms) + " comparisons");
        predicate_.add_term(std::move(term));
    }

    void add_codes(std::vector<uint32_t> codes) {
        std::ranges::sort(codes);
        codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
        add_term({.attribute = column_, .kind = Term::Kind::codes, .codes = std::move(codes)});
    }

    static std::vector<uint32_t> codes_of(const std::vector<Value>& values) {
        std::vector<uint32_t> codes;
        for (const Value& value : values)
            if (value.code != Value::kUnknown) codes.push_back(value.code);
        return codes;
    }

    void add_null_test(bool is_null) {
        const AttributeKind kind = column_->spec.kind;
        if (has_texts(kind)) {
            add_codes({0});
        } else if (kind == AttributeKind::boolean) {
            add_range({.attribute = column_, .kind = Term::Kind::bytes, .low = 0, .high = 0});
        } else if (kind == AttributeKind::float32) {
            add_range(range_from_to({.number = -kInfinity}, {.number = kInfinity}));
            is_null = !is_null;
        } else {
            add_range(range_from_to({.integer = kNullInteger}, {.integer = kNullInteger}));
        }
        if (!is_null) predicate_.add(Step::Kind::inverse);
    }

    // Any of the values.
    void add_equal(const std::vector<Value>& values) {
        if (has_texts(column_->spec.kind)) return add_codes(codes_of(values));
        for (size_t i = 0; i < values.size(); ++i) {
            add_range(range_from_to(values[i], values[i]));
            if (i > 0) predicate_.add(Step::Kind::either);
        }
    }

    // None of the values, and not null.
    void add_unequal(const std::vector<Value>& values) {
        if (has_texts(column_->spec.kind)) {
            std::vector<uint32_t> codes = codes_of(values);
            codes.push_back(0);
            add_codes(std::move(codes));
            return predicate_.add(Step::Kind::inverse);
        }
        add_equal(values);
        predicate_.add(Step::Kind::inverse);
        add_null_test(false);
        predicate_.add(Step::Kind::both);
    }

    Tokens tokens_;
    const Attributes& attributes_;
    const Attribute* column_ = nullptr;  // of the comparison being read
    Predicate predicate_;
};

}  // namespace

Predicate parse_where(std::string_view text, const Attributes& attributes) {
    if (text.size() > kMaxWhereBytes)
        refuse("where", "where has " + std::to_string(text.size()) + " bytes, expected at most " +
                            std::to_string(kMaxWhereBytes));
    if (!is_utf8(text)) refuse("where", "where is not UTF-8");
    return Parser(text, attributes).parse();
}

}  // namespace vecq
