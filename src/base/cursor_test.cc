#include "base/cursor.h"

#include <doctest/doctest.h>

#include <array>

namespace dtp::base {

TEST_CASE("reads are little-endian and checked") {
  const std::array<std::byte, 5> bytes{std::byte{1}, std::byte{2}, std::byte{'a'}, std::byte{0}, std::byte{9}};
  Cursor cursor(bytes);
  CHECK(cursor.read<std::uint16_t>() == 0x0201);
  CHECK(cursor.read_c_string() == "a");
  CHECK(cursor.left() == 1);
  CHECK(cursor.read<std::uint32_t>() == 0);
  CHECK(cursor.failed());
  CHECK(cursor.left() == 0);
}

TEST_CASE("a text without an end fails") {
  const std::array<std::byte, 2> bytes{std::byte{'a'}, std::byte{'b'}};
  Cursor cursor(bytes);
  CHECK(cursor.read_c_string().empty());
  CHECK(cursor.failed());
  CHECK(Cursor(bytes, 3).failed());
}

TEST_CASE("numbers of base 128") {
  const std::array<std::byte, 4> bytes{std::byte{0xe5}, std::byte{0x8e}, std::byte{0x26}, std::byte{0x80}};
  Cursor cursor(bytes);
  CHECK(cursor.read_leb128() == 624485);
  CHECK(!cursor.failed());
  cursor.read_leb128();
  CHECK(cursor.failed());
}

}  // namespace dtp::base
