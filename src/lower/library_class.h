// Classes of the C++ standard library that stand for something else: a string for its text, a smart pointer for what it
// points to, a vector for its elements. Inner header of this folder.
#pragma once

#include <optional>

#include "dtracepp/type.h"
#include "type/query.h"

namespace dtp::lower {

enum class Stands { text, pointer, elements };

// The pointer (of some classes: the array) that such a class keeps for this. None: it is no such class, or one of a
// library that keeps it otherwise.
std::optional<type::FoundMember> find_stand_in(type::Table& types, type::Id id, Stands what);

// A std::string, whoever wrote it.
bool is_string_class(type::Table& types, type::Id id);

// Where libc++ keeps the text of a string: in the string itself, or, when that is too long, behind a pointer. The
// members' names, "__r_.__value_" before both. Empty: it is not libc++'s.
std::string two_texts_of(type::Table& types, type::Id id);

}  // namespace dtp::lower
