// The kernel's `format` file of an event: read into a schema, and annotated with what we know.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dtracepp/error.h"
#include "dtracepp/record.h"

namespace dtp::record {

// The schema of one format file. `group` is the folder it came from. The text is untrusted: sizes and
// offsets are checked here against each other and at decode against the record.
Result<EventSchema> parse_format(std::string_view text, std::string_view group);

struct FieldDisplay {
  std::string name = {};
  path::Display display = path::Display::none;
  bool operator==(const FieldDisplay&) const = default;
};

// The same text with a word before the types of these fields: "field:u32 dest" becomes
// "field:dtp_ip4 u32 dest". Other readers of the file take it for part of the type's name.
std::string annotate_format(std::string_view text, std::span<const FieldDisplay> displays);

}  // namespace dtp::record
