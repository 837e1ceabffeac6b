// Debug files whose sections are compressed, as plain ELF images.
#pragma once

#include "debug/cache.h"
#include "debug/elf_file.h"
#include "dtracepp/error.h"

namespace dtp::debug {

bool has_compressed_sections(const ElfFile& file);

// The same file with its debug sections uncompressed and without its code and data. Its path() is the file's.
Result<ElfFile> inflate(const ElfFile& file, const Cache& cache);

// What inflate() has kept, else without the sections that functions, inlined calls and lines do not need; not kept.
Result<ElfFile> inflate_for_frames(const ElfFile& file, const Cache& cache);

}  // namespace dtp::debug
