// DWARF 5's way to refer to a supplementary file, as libdw can read it. Inner header of this folder.
#pragma once

#include "debug/elf_file.h"
#include "dtracepp/error.h"

namespace dtp::debug {

// A copy of the file whose references to the supplementary file have GNU's form.
Result<ElfFile> with_gnu_references(const ElfFile& file);

}  // namespace dtp::debug
