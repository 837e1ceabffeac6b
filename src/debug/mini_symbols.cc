// Fedora strips programs of their symbols but for those of functions that .dynsym lacks, which are put into an ELF file
// of their own, compressed by xz, in the section .gnu_debugdata (the GDB manual's chapter on MiniDebugInfo).
#include "debug/mini_symbols.h"

#include <lzma.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

namespace dtp::debug {
namespace {

// Symbols of the largest programs take a few megabytes.
constexpr std::size_t largest = std::size_t{256} << 20;

}  // namespace

std::optional<ElfFile> mini_symbols(const ElfFile& file) {
  const std::span<const std::byte> data = file.section(".gnu_debugdata");
  if (data.empty()) return std::nullopt;
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, largest, 0) != LZMA_OK) return std::nullopt;
  std::vector<std::uint8_t> image(std::size_t{1} << 16);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(data.data());
  stream.avail_in = data.size();
  lzma_ret state = LZMA_OK;
  while (state == LZMA_OK && stream.total_out < largest) {
    if (stream.total_out == image.size()) image.resize(2 * image.size());
    stream.next_out = image.data() + stream.total_out;
    stream.avail_out = image.size() - stream.total_out;
    state = lzma_code(&stream, LZMA_FINISH);
  }
  const std::size_t size = stream.total_out;
  lzma_end(&stream);
  if (state != LZMA_STREAM_END || size == 0) return std::nullopt;
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return std::nullopt;
  std::memcpy(memory, image.data(), size);
  auto mini = ElfFile::of_image(file.path(), base::Mapping(memory, size), size);
  if (!mini) return std::nullopt;
  return std::move(*mini);
}

}  // namespace dtp::debug
