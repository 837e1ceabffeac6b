// What a reader of debug information knows of a function, as lines of text: equal text, equal knowledge.
//
//   function walk 0x1680..0x16c0
//   parameter n in %5
//   n: pointer 8
//   n*: structure node 72
//   n*.next: @0 pointer 8
//
// A type is told until two pointers have been followed. A reader that cannot tell where a parameter is, because the
// expression is more than it understands, says "somewhere".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "debug/info.h"

namespace dtp::readers {

// The text of an Unavailable: there is a place, and the reader does not understand it.
inline constexpr std::string_view somewhere = "somewhere";

using Lines = std::vector<std::string>;

// Of the function whose code begins at this address.
Lines describe(debug::Info& info, std::uint64_t entry);

}  // namespace dtp::readers
