#include "report/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace dtp::report {
namespace {

struct Scale {
  double size;
  std::string_view name;
};
constexpr std::array<Scale, 4> times{{{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};
constexpr std::array<Scale, 5> sizes{
    {{1, "B"}, {1024.0, "KB"}, {1048576.0, "MB"}, {1073741824.0, "GB"}, {1099511627776.0, "TB"}}};

std::string scaled(double number, std::span<const Scale> scales) {
  std::size_t at = 0;
  // What would be rounded to 1000 is 1 of the next unit.
  while (at + 1 < scales.size() && std::abs(number) >= 999.5 * scales[at].size) ++at;
  const double part = number / scales[at].size;
  const double magnitude = std::abs(part);
  const int decimals = at == 0 || magnitude >= 99.95 ? 0 : (magnitude >= 9.995 ? 1 : 2);
  return fmt::format("{:.{}f} {}", part, decimals, scales[at].name);
}

}  // namespace

std::string duration_text(double nanoseconds) { return scaled(nanoseconds, times); }
std::string size_text(double bytes) { return scaled(bytes, sizes); }

std::string number_text(Wide number, Unit unit) {
  switch (unit) {
    case Unit::nanoseconds: return duration_text(static_cast<double>(number));
    case Unit::bytes: return size_text(static_cast<double>(number));
    case Unit::none: break;
  }
  return fmt::format("{}", number);
}

std::string mean_text(double mean, Unit unit) {
  if (unit == Unit::nanoseconds) return duration_text(mean);
  if (unit == Unit::bytes) return size_text(mean);
  std::string text = fmt::format("{:.2f}", mean);
  if (text.ends_with(".00")) text.resize(text.size() - 3);
  return text;
}

std::string range_text(const Distribution::Range& range, Unit unit) {
  if (unit != Unit::none) return fmt::format("{} .. {}", number_text(range.first, unit), number_text(range.last, unit));
  if (range.first == range.last) return fmt::format("{}", range.first);
  return fmt::format("{}..{}", range.first, range.last);
}

}  // namespace dtp::report
