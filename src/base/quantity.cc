#include "base/quantity.h"

#include <array>
#include <charconv>
#include <utility>

namespace dtp::base {
namespace {

// Larger than any disk or clock, small enough to count on with.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 50;
constexpr std::uint64_t largest_time = std::uint64_t{1} << 62;

using Unit = std::pair<std::string_view, std::uint64_t>;
constexpr std::array time_units{Unit{"ns", 1},
                                Unit{"us", 1000},
                                Unit{"ms", 1'000'000},
                                Unit{"s", 1'000'000'000},
                                Unit{"m", 60'000'000'000},
                                Unit{"h", 3'600'000'000'000}};
constexpr std::array size_units{Unit{"K", 1U << 10}, Unit{"k", 1U << 10}, Unit{"M", 1U << 20}, Unit{"G", 1U << 30},
                                Unit{"B", 1}};

template <std::size_t count>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, count>& units, std::uint64_t largest) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units)
    if (unit == name && number <= largest / factor) return number * factor;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse(text, size_units, largest_size); }
std::optional<std::uint64_t> parse_duration_ns(std::string_view text) { return parse(text, time_units, largest_time); }

}  // namespace dtp::base
