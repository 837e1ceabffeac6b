#include "base/cursor.h"

#include <doctest/doctest.h>

#include <array>
#include <optional>

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

TEST_CASE("numbers of base 128 have 64 bits at the most") {
  std::array<std::byte, 11> bytes{};
  bytes.fill(std::byte{0xff});
  const auto read = [&](std::byte tenth) {
    bytes[9] = tenth;
    Cursor cursor(bytes);
    const std::uint64_t number = cursor.read_leb128();
    CHECK(cursor.left() == (cursor.failed() ? 0 : 1));
    return cursor.failed() ? std::nullopt : std::optional(number);
  };
  CHECK(read(std::byte{0x01}) == 0xffffffffffffffff);
  CHECK(read(std::byte{0x00}) == 0x7fffffffffffffff);
  CHECK(read(std::byte{0x02}) == std::nullopt);
  CHECK(read(std::byte{0x81}) == std::nullopt);
}

}  // namespace dtp::base
