// Numbers with the unit that suits each.
#pragma once

#include <string>
#include <string_view>

#include "report/distribution.h"

namespace dtp::report {

enum class Unit { none, nanoseconds, bytes };

// "1.23 ms": three digits.
std::string duration_text(double nanoseconds);
// "512 B", "1.5 KB", of powers of 1024.
std::string size_text(double bytes);

std::string number_text(Wide number, Unit unit);
// At most two decimals.
std::string mean_text(double mean, Unit unit);
// "10.0 ms .. 20.0 ms", "8..15".
std::string range_text(const Distribution::Range& range, Unit unit);

}  // namespace dtp::report
