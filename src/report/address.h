// The displays that text and JSON write alike: addresses.
#pragma once

#include <string>

#include "dtracepp/path.h"
#include "dtracepp/value.h"

namespace dtp::report {

// Appends an ip4, ip6 or mac address. False, and nothing is appended: the display is another one, or the
// value has not the form of such an address (a user may put any display on any field).
bool append_address(std::string& out, path::Display display, const value::Value& value);

}  // namespace dtp::report
