#include "report/address.h"

#include <span>

#include "report/number.h"

namespace dtp::report {

bool append_address(std::string& out, path::Display display, const value::Value& value) {
  const auto* bytes = std::get_if<value::Bytes>(&value.of);
  switch (display) {
    case path::Display::ip4:
      if (const auto* number = std::get_if<std::uint64_t>(&value.of); number != nullptr && *number <= UINT32_MAX) {
        append_ip4(out, static_cast<std::uint32_t>(*number));
        return true;
      }
      if (bytes == nullptr || bytes->size() != 4) return false;
      append_ip4(out, static_cast<std::uint32_t>((*bytes)[0]) << 24 | static_cast<std::uint32_t>((*bytes)[1]) << 16 |
                          static_cast<std::uint32_t>((*bytes)[2]) << 8 | static_cast<std::uint32_t>((*bytes)[3]));
      return true;
    case path::Display::ip6:
      if (bytes == nullptr || bytes->size() != 16) return false;
      append_ip6(out, std::span<const std::byte, 16>(*bytes));
      return true;
    case path::Display::mac:
      if (bytes == nullptr || bytes->size() != 6) return false;
      append_mac(out, std::span<const std::byte, 6>(*bytes));
      return true;
    case path::Display::none:
    case path::Display::port:
    case path::Display::be16:
    case path::Display::be32:
    case path::Display::be64:
    case path::Display::boolean:
    case path::Display::path:
    case path::Display::path_part:
    case path::Display::text:
    case path::Display::length:
    case path::Display::decimal:
    case path::Display::signed_bits: return false;
  }
  return false;
}

}  // namespace dtp::report
