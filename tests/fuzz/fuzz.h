// What the fuzz targets share. A target is one function that eats bytes and aborts when something does not hold:
//
//   extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
//
// libFuzzer calls it (./dev fuzz), and so does replay.cc in every test run.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "dtracepp/error.h"

#define DTP_REQUIRE(condition) ((condition) ? static_cast<void>(0) : dtp::fuzz::give_up(#condition, __FILE__, __LINE__))

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace dtp::fuzz {

[[noreturn]] inline void give_up(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

// An error says something, and its caret lies in its text.
inline void check_error(const Error& error) {
  DTP_REQUIRE(!error.what.empty());
  if (error.where) {
    DTP_REQUIRE(error.where->span.begin <= error.where->span.end);
    DTP_REQUIRE(error.where->span.end <= error.where->text.size());
  }
  for (const Error& next : error.also) check_error(next);
}

}  // namespace dtp::fuzz
