// The names of the events of a pattern. A function may be called what no event can be.
#pragma once

#include <map>
#include <set>
#include <string>

namespace dtp::lower {

// For each of the names that the kernel does not take for an event a near one that it takes, and that is none of the
// others: "filter" becomes "filter_1", and what is too long is cut.
std::map<std::string, std::string> legal_event_names(const std::set<std::string>& names);

}  // namespace dtp::lower
