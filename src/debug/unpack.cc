// What comes out is bounded before it is made: zstd and gzip say at the begin or at the end how large it is, xz is
// stopped where it becomes too large.
#include "debug/unpack.h"

#include <libdeflate.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/cursor.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;
using Contents = std::optional<std::vector<std::byte>>;

// What the decoder itself may take: a dictionary of some megabytes is usual.
constexpr std::uint64_t most_memory = std::uint64_t{128} << 20;

Contents unpack_xz(Bytes file, std::size_t most) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, most_memory, 0) != LZMA_OK) return std::nullopt;
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner(&stream, lzma_end);
  std::vector<std::byte> contents(std::min(most, std::size_t{1} << 16));
  stream.next_in = reinterpret_cast<const std::uint8_t*>(file.data());
  stream.avail_in = file.size();
  lzma_ret state = LZMA_OK;
  while (state == LZMA_OK) {
    if (stream.total_out == contents.size()) {
      if (contents.size() == most) return std::nullopt;
      contents.resize(std::min(most, 2 * contents.size()));
    }
    stream.next_out = reinterpret_cast<std::uint8_t*>(contents.data()) + stream.total_out;
    stream.avail_out = contents.size() - stream.total_out;
    state = lzma_code(&stream, LZMA_FINISH);
  }
  if (state != LZMA_STREAM_END) return std::nullopt;
  contents.resize(stream.total_out);
  return contents;
}

Contents unpack_zstd(Bytes file, std::size_t most) {
  const unsigned long long size = ZSTD_getFrameContentSize(file.data(), file.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > most) return std::nullopt;
  std::vector<std::byte> contents(size);
  if (ZSTD_decompress(contents.data(), contents.size(), file.data(), file.size()) != size) return std::nullopt;
  return contents;
}

Contents unpack_gzip(Bytes file, std::size_t most) {
  base::Cursor end(file, file.size() - std::min(file.size(), sizeof(std::uint32_t)));
  const std::size_t size = end.read<std::uint32_t>();
  if (size > most) return std::nullopt;
  std::vector<std::byte> contents(size);
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> gzip(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!gzip || libdeflate_gzip_decompress(gzip.get(), file.data(), file.size(), contents.data(), contents.size(),
                                          nullptr) != LIBDEFLATE_SUCCESS)
    return std::nullopt;
  return contents;
}

}  // namespace

Packing packing_of(Bytes file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.starts_with("\xfd"
                       "7zXZ"))
    return Packing::xz;
  if (text.starts_with("\x28\xb5\x2f\xfd")) return Packing::zstd;
  if (text.starts_with("\x1f\x8b")) return Packing::gzip;
  return Packing::none;
}

std::optional<std::vector<std::byte>> unpack(Bytes file, std::size_t most) {
  switch (packing_of(file)) {
    case Packing::none: return std::nullopt;
    case Packing::xz: return unpack_xz(file, most);
    case Packing::zstd: return unpack_zstd(file, most);
    case Packing::gzip: return unpack_gzip(file, most);
  }
  return std::nullopt;
}

}  // namespace dtp::debug
