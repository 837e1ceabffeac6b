// Symbols of one module of a recording.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "debug/elf_file.h"
#include "debug/inline_frames.h"
#include "debug/symbols.h"
#include "symbol/symbolizer.h"

namespace dtp::symbol {

class Code {
 public:
  static std::unique_ptr<Code> open(const record::Module& module, const Options& options);
  std::vector<Name> names(std::uint64_t offset) const;

 private:
  void open_kernel(const record::Module& module, const Options& options);
  void open_running_kernel(const record::Module& module);
  void open_file(const record::Module& module, const Options& options);
  void open_debug_file(const record::Module& module, const Options& options);
  void open_vdso(const record::Module& module);
  std::optional<std::uint64_t> address_of(std::uint64_t offset) const;

  std::optional<debug::ElfFile> file_ = {};        // what was mapped; none of the kernel, and where it is gone
  std::optional<debug::ElfFile> debug_file_ = {};  // where its symbols are, when they are not in it
  std::optional<debug::Symbols> symbols_ = {};
  std::uint64_t shift_ = 0;  // without a file_: from what was recorded to the addresses of the symbols
  std::unique_ptr<debug::InlineFrames> inlines_ = {};  // none: no debug information, or not wanted
};

}  // namespace dtp::symbol
