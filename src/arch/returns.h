// Where machine code returns to its caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dtp::arch {

// The offsets of all return instructions of a function's code, x86_64. None: the code cannot be decoded from its
// first byte to its last.
std::optional<std::vector<std::uint64_t>> find_returns(std::span<const std::byte> code);

}  // namespace dtp::arch
