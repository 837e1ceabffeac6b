// Bytes as text, two lower-case digits each.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dtp::base {

std::string to_hex(std::span<const std::byte> bytes);
// As far as the text is such digits.
std::vector<std::byte> from_hex(std::string_view digits);

}  // namespace dtp::base
