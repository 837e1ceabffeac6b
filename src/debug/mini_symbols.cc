// Fedora strips programs of their symbols but for those of functions that .dynsym lacks, which are put into an ELF file
// of their own, compressed by xz, in the section .gnu_debugdata (the GDB manual's chapter on MiniDebugInfo).
#include "debug/mini_symbols.h"

#include <sys/mman.h>

#include <cstring>

#include "debug/unpack.h"

namespace dtp::debug {
namespace {

// Symbols of the largest programs take a few megabytes.
constexpr std::size_t largest = std::size_t{256} << 20;

}  // namespace

std::optional<ElfFile> mini_symbols(const ElfFile& file) {
  const std::span<const std::byte> data = file.section(".gnu_debugdata");
  if (data.empty()) return std::nullopt;
  const auto image = unpack(data, largest);
  if (!image || image->empty()) return std::nullopt;
  const std::size_t size = image->size();
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return std::nullopt;
  std::memcpy(memory, image->data(), size);
  auto mini = ElfFile::of_image(file.path(), base::Mapping(memory, size), size);
  if (!mini) return std::nullopt;
  return std::move(*mini);
}

}  // namespace dtp::debug
