// The format file of an event, and a raw record that is read by it: the text up to the first NUL, then the record.
#include "record/format.h"

#include <array>

#include "fuzz/fuzz.h"
#include "record/decode.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const std::string_view input = fuzz::text_of(data, size);
  const std::size_t end = std::min(input.find('\0'), input.size());
  const std::string_view text = input.substr(0, end);
  const auto schema = record::parse_format(text, "probe");
  if (!schema) {
    fuzz::check_error(schema.error());
    return 0;
  }
  record::Record record;
  record::decode_raw(*schema, std::as_bytes(std::span(input.substr(std::min(end + 1, input.size())))), record);
  DTP_REQUIRE(record.values.size() == schema->fields.size());
  const std::array<record::FieldDisplay, 1> displays{{{"dest", path::Display::ip4}}};
  record::annotate_format(text, displays);
  return 0;
}
