// Numbers with a unit behind them, as people type them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dtp::base {

// None: it is no number with such a unit, or too large to count on with.
std::optional<std::uint64_t> parse_size(std::string_view text);         // bytes: "64K", "10M", "2G", "100B"
std::optional<std::uint64_t> parse_duration_ns(std::string_view text);  // "10s", "500ms", "2m", "1h", "20us", "5ns"

}  // namespace dtp::base
