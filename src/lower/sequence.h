// Strings, slices and vectors of Go and Rust: a pointer and a length. Inner header of this folder.
//
// The kernel's own "string" reads up to a NUL, which these strings do not have: literals lie one behind the other, and
// what has no NUL within 4096 bytes, or before its memory ends, is lost as a whole. So a fixed number of bytes is
// fetched as an array, word by word, of which only the words that lie in memory that is not there are lost. The length
// is fetched in a field of its own, and the reader of the records cuts off what is beyond it (record/parts.h).
// Elements of other types are fetched in the same way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dtracepp/type.h"

namespace dtp::lower {

// The way to a sequence's pointer and to its length, by members, outermost first.
struct Sequence {
  std::vector<std::string> pointer = {};
  std::vector<std::string> length = {};
  type::Id element = {};
  bool is_text = false;
};

// Of a value of this type, or of a reference to one; none: another type.
std::optional<Sequence> sequence_of(type::Table& types, type::Id id);

// A pointer that Rust calls a reference: "&alloc::string::String".
bool is_reference(const type::Type& plain);

}  // namespace dtp::lower
