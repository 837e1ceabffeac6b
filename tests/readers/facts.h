// What is compared of two readers of debug information, as lines of text: equal text, equal knowledge.
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

namespace dtp::readers {

inline constexpr int most_pointers = 1;          // that are followed
inline constexpr int deepest_type = 12;          // aggregates within aggregates, typedefs of typedefs
inline constexpr std::size_t most_lines = 3000;  // of one function
inline constexpr std::string_view somewhere = "somewhere";

using Lines = std::vector<std::string>;

// Of an object of bytes at a register's or at no address; offsets are signed.
std::string in_register(int number);                     // in %5
std::string value_at(int number, std::int64_t offset);   // %7+8
std::string memory_at(int number, std::int64_t offset);  // memory %7+8
std::string memory_at(std::uint64_t address);            // memory 0x4040
std::string constant(std::int64_t value);                // constant 5
inline const std::string nowhere = "nowhere", in_pieces = "in pieces";

}  // namespace dtp::readers
