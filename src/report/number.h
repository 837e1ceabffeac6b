// Numbers and addresses as text, appended: the event stream has no time for format strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dtp::report {

// Right-aligned in `width` with spaces.
void append_decimal(std::string& out, std::uint64_t number, int width = 0);
void append_signed(std::string& out, std::int64_t number);
// Exactly `digits` digits, zeros in front; the number has no more.
void append_zeros(std::string& out, std::uint64_t number, int digits);
// Without 0x.
void append_hex(std::string& out, std::uint64_t number);
// "0a1b2c"
void append_bytes(std::string& out, std::span<const std::byte> bytes);

// `address` as a number: 0x7f000001 is 127.0.0.1.
void append_ip4(std::string& out, std::uint32_t address);
void append_ip6(std::string& out, std::span<const std::byte, 16> address);
void append_mac(std::string& out, std::span<const std::byte, 6> address);

}  // namespace dtp::report
