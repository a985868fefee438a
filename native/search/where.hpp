// Expressions over attributes, such as
//
//   price < 100 and seller in ('a', 'b') and not tags has 'adult'
//
//   expression   conjunction { or conjunction }
//   conjunction  negation { and negation }
//   negation     { not } ( '(' expression ')' | comparison )
//   comparison   column                                   a bool that is true
//              | column ( < | <= | > | >= | = | == | != | <> ) value
//              | column [not] between value and value
//              | column [not] in '(' value { , value } ')'
//              | column [not] has value                   tags
//              | column is [not] null
//   column       a name, in backticks unless it is a word of letters, digits and _
//   value        a number, a text in single or double quotes (doubled inside), true or false
//
// `&`, `|` and `~` stand for and, or and not; keywords are not case-sensitive. A comparison with
// null is false, also with != and `not in`; `not` before an expression inverts it, so `not price <
// 5` is true where price is null. A datetime is compared with a text such as '2026-01-31' or
// '2026-01-31T12:30:00.5Z', or with microseconds since 1970.
#pragma once

#include <string_view>

#include "search/predicate.hpp"

namespace vecq {

inline constexpr size_t kMaxWhereBytes = size_t{1} << 20;

// Compiles an expression. Throws an Error of argument "where" that names the position at fault, in
// characters from 0: syntax, unknown columns, values of a wrong type, too long or too deep.
Predicate parse_where(std::string_view text, const Attributes& attributes);

}  // namespace vecq
