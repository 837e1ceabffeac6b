// Names of functions as C++, Rust and Go have them: what people write, a blank line, and what the demangler says.
#include "debug/qualified_name.h"

#include "debug/demangle.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view name = text.substr(0, end), other = text.substr(std::min(end + 1, text.size()));
  debug::is_qualified(name);
  debug::plain_name(name);
  debug::plain_go_name(name);
  debug::goes_by(other, name);
  debug::mangled_names(debug::Symbols(), other, name);
  debug::demangle(std::string(other));
  return 0;
}
