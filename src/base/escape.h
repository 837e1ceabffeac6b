// Untrusted bytes made fit for a terminal, for JSON, for XML and for HTML.
#pragma once

#include <string>
#include <string_view>

namespace dtp::base {

// Valid UTF-8 text stays; control characters and broken UTF-8 become \xNN (\n, \t, \r by
// name). A terminal never sees an escape sequence of the traced system.
std::string escape(std::string_view bytes);

// Appends like escape(), for the event stream.
void append_escaped(std::string& out, std::string_view bytes);

// Appends a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view bytes);

// Appends text for an element or a quoted attribute of XML or HTML: printable as with escape(), and without markup.
void append_markup(std::string& out, std::string_view bytes);

}  // namespace dtp::base
