#include "search/where_tokens.hpp"

#include <algorithm>
#include <utility>

#include "base/status.hpp"
#include "base/utf8.hpp"

namespace vecq {
namespace {

// Independent of the locale.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::string_view kKeywords[] = {"and",  "or",  "not",     "in",   "is",
                                          "null", "has", "between", "true", "false"};

}  // namespace

Token Tokens::take() {
    Token token = std::move(next_);
    advance();
    return token;
}

bool Tokens::accept(std::string_view keyword_or_symbol) {
    if (!next_.is(keyword_or_symbol)) return false;
    advance();
    return true;
}

void Tokens::fail(const Token& token, const std::string& fault) const { fail_at(token.at, fault); }

void Tokens::fail_at(size_t at, const std::string& fault) const {
    refuse("where", "where, at character " + std::to_string(characters_in(text_.substr(0, at))) +
                        ": " + fault);
}

void Tokens::advance() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    next_ = {.at = at_};
    if (at_ == text_.size()) return;
    const char c = text_[at_];
    if (is_letter(c))
        read_word();
    else if (is_digit(c) || c == '.' || c == '-' || c == '+')
        read_number();
    else if (c == '\'' || c == '"')
        read_quoted(c, Token::Kind::text);
    else if (c == '`')
        read_quoted(c, Token::Kind::quoted_name);
    else
        read_symbol();
}

void Tokens::read_word() {
    const size_t start = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    next_.kind = Token::Kind::word;
    next_.text = text_.substr(start, at_ - start);
    std::string lower = next_.text;
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    next_.is_keyword = std::ranges::count(kKeywords, lower) > 0;
    if (next_.is_keyword) next_.text = lower;
}

// Takes all that may belong to a number; the parser validates it.
void Tokens::read_number() {
    const size_t start = at_++;
    const auto is_sign_of_exponent = [this] {
        return (text_[at_] == '-' || text_[at_] == '+') && (text_[at_ - 1] | 0x20) == 'e';
    };
    while (at_ < text_.size() && (is_digit(text_[at_]) || is_letter(text_[at_]) ||
                                  text_[at_] == '.' || is_sign_of_exponent()))
        ++at_;
    next_.kind = Token::Kind::number;
    next_.text = text_.substr(start, at_ - start);
}

void Tokens::read_quoted(char quote, Token::Kind kind) {
    next_.kind = kind;
    for (++at_; at_ < text_.size(); ++at_) {
        if (text_[at_] == quote) {
            if (at_ + 1 == text_.size() || text_[at_ + 1] != quote || quote == '`') {
                ++at_;
                return;
            }
            ++at_;
        }
        next_.text += text_[at_];
    }
    fail(next_, std::string("a ") + quote + " has no end");
}

void Tokens::read_symbol() {
    static constexpr std::pair<std::string_view, std::string_view> symbols[] = {
        {"<=", "<="}, {">=", ">="}, {"==", "="}, {"!=", "!="}, {"<>", "!="},
        {"<", "<"},   {">", ">"},   {"=", "="},  {"(", "("},   {")", ")"},
        {",", ","},   {"&", "and"}, {"|", "or"}, {"~", "not"}};
    for (const auto& [symbol, canonical] : symbols)
        if (text_.substr(at_).starts_with(symbol)) {
            next_.kind = Token::Kind::symbol;
            next_.text = canonical;
            at_ += symbol.size();
            return;
        }
    fail(next_, std::string("unexpected '") + text_[at_] + "'");
}

}  // namespace vecq
