#include "record/origin.h"

#include <algorithm>

#include "base/cursor.h"

namespace dtp::record {
namespace {

// Nobody's command line is longer, and nobody's memory pays for a section that is.
constexpr std::size_t most_bytes = 1 << 20;

// Its length with padding, then the bytes, padded with NULs.
std::string read_text(base::Cursor& cursor) {
  const auto length = cursor.read<std::uint32_t>();
  const std::span<const std::byte> bytes = cursor.take(length);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

}  // namespace

std::string parse_text_feature(std::span<const std::byte> section) {
  base::Cursor cursor(section.first(std::min(section.size(), most_bytes)));
  return read_text(cursor);
}

std::vector<std::string> parse_texts_feature(std::span<const std::byte> section) {
  base::Cursor cursor(section.first(std::min(section.size(), most_bytes)));
  std::vector<std::string> texts;
  const auto count = cursor.read<std::uint32_t>();
  while (texts.size() < count && cursor.left() > 0) {
    std::string text = read_text(cursor);
    if (cursor.failed()) break;
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace dtp::record
