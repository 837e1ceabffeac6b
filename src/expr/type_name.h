// The name of a type, as it stands in a cast: "struct sock *". Inner header of this folder.
#pragma once

#include "expr/ast.h"
#include "expr/lexer.h"

namespace dtp::expr {

// True if the text can only be a type: "struct", "unsigned", "char" and the like come next.
bool is_type_word(std::string_view word);

// Words and stars, up to what cannot belong to a type. A name of one word may be any identifier.
Result<TypeName> take_type_name(Lexer& lexer);

}  // namespace dtp::expr
