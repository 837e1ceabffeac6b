// Reading untrusted bytes: every step is checked against the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace dtp::base {

// A read past the end gives zeros and sets failed(); check once after a group of reads.
// Numbers are little-endian, as every file we read on x86_64 is.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes, std::size_t offset = 0) : bytes_(bytes), at_(offset) {
    if (offset > bytes.size()) failed_ = true;
  }

  template <class T>
  T read() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (const auto raw = take(sizeof value); !raw.empty()) std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }

  // The next `size` bytes; empty and failed when there are fewer.
  std::span<const std::byte> take(std::size_t size) {
    if (failed_ || size > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }

  // Text up to a NUL, which is taken too; failed when there is none.
  std::string_view read_c_string() {
    if (left() == 0) {
      failed_ = true;
      return {};
    }
    const auto* start = reinterpret_cast<const char*>(bytes_.data()) + at_;
    const auto* end = static_cast<const char*>(std::memchr(start, 0, bytes_.size() - at_));
    if (end == nullptr) {
      failed_ = true;
      return {};
    }
    at_ += static_cast<std::size_t>(end - start) + 1;
    return {start, static_cast<std::size_t>(end - start)};
  }

  // DWARF's unsigned numbers of base 128; zero and failed when it takes more than 64 bits.
  std::uint64_t read_leb128() {
    constexpr unsigned last_shift = 63;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift <= last_shift; shift += 7) {
      const auto byte = read<std::uint8_t>();
      if (shift == last_shift && byte > 1) break;
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    failed_ = true;
    return 0;
  }

  void skip(std::size_t size) { take(size); }
  std::size_t offset() const { return at_; }
  std::size_t left() const { return failed_ ? 0 : bytes_.size() - at_; }
  bool failed() const { return failed_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace dtp::base
