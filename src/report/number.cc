#include "report/number.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace dtp::report {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

void append_byte(std::string& out, std::byte byte) {
  const auto value = static_cast<unsigned>(byte);
  out += hex_digits[value >> 4];
  out += hex_digits[value & 15];
}

}  // namespace

void append_decimal(std::string& out, std::uint64_t number, int width) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  if (length < static_cast<std::size_t>(width)) out.append(static_cast<std::size_t>(width) - length, ' ');
  out.append(digits.data(), length);
}

void append_signed(std::string& out, std::int64_t number) {
  std::array<char, 20> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_zeros(std::string& out, std::uint64_t number, int digits) {
  const std::size_t begin = out.size();
  out.append(static_cast<std::size_t>(digits), '0');
  for (std::size_t at = out.size(); at > begin && number != 0; number /= 10)
    out[--at] = static_cast<char>('0' + number % 10);
}

void append_hex(std::string& out, std::uint64_t number) {
  std::array<char, 16> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr);
}

void append_bytes(std::string& out, std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) append_byte(out, byte);
}

void append_ip4(std::string& out, std::uint32_t address) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    append_decimal(out, address >> shift & 0xFF);
    if (shift > 0) out += '.';
  }
}

void append_ip6(std::string& out, std::span<const std::byte, 16> address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(AF_INET6, address.data(), text.data(), text.size()) != nullptr) out += text.data();
}

void append_mac(std::string& out, std::span<const std::byte, 6> address) {
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (i > 0) out += ':';
    append_byte(out, address[i]);
  }
}

}  // namespace dtp::report
