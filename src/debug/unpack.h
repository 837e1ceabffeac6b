// Whole files that are compressed: symbol tables of Fedora's programs, kernel modules.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace dtp::debug {

enum class Packing { none, xz, zstd, gzip };

// By its first bytes.
Packing packing_of(std::span<const std::byte> file);

// None: it is damaged, or becomes larger than `most`, or is not compressed.
std::optional<std::vector<std::byte>> unpack(std::span<const std::byte> file, std::size_t most);

}  // namespace dtp::debug
