// What can be said of an operation of a location expression by itself (DWARF 5, 7.7.1).
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>

namespace dtp::debug {

// "DW_OP_mul"
std::string operation_name(unsigned op);

// What a literal pushes.
std::optional<std::int64_t> constant_of_operation(const Dwarf_Op& op);

// The result for constants; none where it has none.
std::int64_t fold_unary(unsigned op, std::int64_t value);
std::optional<std::int64_t> fold(unsigned op, std::int64_t left, std::int64_t right);

}  // namespace dtp::debug
