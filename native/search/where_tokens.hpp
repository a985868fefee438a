// Splits an expression into tokens, for search/where.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vecq {

struct Token {
    enum class Kind : uint8_t { end, word, quoted_name, number, text, symbol };
    Kind kind = Kind::end;
    std::string text = {};  // without quotes; of symbols and keywords the canonical form
    size_t at = 0;          // offset in bytes
    bool is_keyword = false;

    bool is(std::string_view keyword_or_symbol) const {
        return (kind == Kind::symbol || is_keyword) && text == keyword_or_symbol;
    }
};

class Tokens {
public:
    // Requires valid UTF-8, which outlives the tokens.
    explicit Tokens(std::string_view text) : text_(text) { advance(); }

    const Token& next() const { return next_; }
    Token take();
    // Takes the next token if it is that one.
    bool accept(std::string_view keyword_or_symbol);
    // Throws an Error that names the position of a token.
    [[noreturn]] void fail(const Token& token, const std::string& fault) const;
    [[noreturn]] void fail_at(size_t at, const std::string& fault) const;

private:
    void advance();
    void read_word();
    void read_number();
    void read_quoted(char quote, Token::Kind kind);
    void read_symbol();

    std::string_view text_;
    size_t at_ = 0;
    Token next_;
};

}  // namespace vecq
