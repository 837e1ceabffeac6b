// What a cached file is made from. Inner header of this folder.
#pragma once

#include <elf.h>

#include <string>
#include <utility>

#include "base/cursor.h"
#include "debug/cache.h"
#include "debug/elf_file.h"

namespace dtp::debug {

// The section headers tell two files of one build-id apart: of one, debug information may have been taken away.
inline CacheKey cache_key(const ElfFile& file, std::string kind) {
  const auto bytes = file.bytes();
  const auto header = base::Cursor(bytes).read<Elf64_Ehdr>();
  const auto table = bytes.subspan(header.e_shoff, std::size_t{header.e_shnum} * sizeof(Elf64_Shdr));
  return {.build_id = file.build_id(), .source = checksum(table) ^ bytes.size(), .kind = std::move(kind)};
}

}  // namespace dtp::debug
