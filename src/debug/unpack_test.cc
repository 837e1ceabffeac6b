#include "debug/unpack.h"

#include <doctest/doctest.h>
#include <libdeflate.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace dtp::debug {
namespace {

using Bytes = std::vector<std::byte>;

const std::string text(100'000, 'x');

std::span<const std::byte> plain() { return std::as_bytes(std::span(text)); }

Bytes xz() {
  Bytes out(lzma_stream_buffer_bound(text.size()));
  std::size_t size = 0;
  REQUIRE(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                  text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size,
                                  out.size()) == LZMA_OK);
  out.resize(size);
  return out;
}

Bytes zstd() {
  Bytes out(ZSTD_compressBound(text.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

Bytes gzip() {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(1);
  Bytes out(libdeflate_gzip_compress_bound(compressor, text.size()));
  out.resize(libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

}  // namespace

TEST_CASE("compressed files are unpacked, up to a limit, and damaged ones are not") {
  for (const Bytes& packed : {xz(), zstd(), gzip()}) {
    CAPTURE(static_cast<int>(packing_of(packed)));
    const auto contents = unpack(packed, text.size());
    REQUIRE(contents);
    CHECK(std::ranges::equal(*contents, plain()));
    CHECK_FALSE(unpack(packed, text.size() - 1));
    CHECK_FALSE(unpack(packed, 0));
    for (std::size_t size = 0; size < packed.size(); ++size) {
      CHECK_FALSE(unpack(std::span(packed).first(size), text.size()));
      Bytes damaged = packed;
      damaged[size] ^= std::byte{0x55};
      if (const auto some = unpack(damaged, text.size())) CHECK(some->size() <= text.size());
    }
  }
  CHECK_FALSE(unpack(plain(), text.size()));
  CHECK_FALSE(unpack({}, text.size()));
}

}  // namespace dtp::debug
