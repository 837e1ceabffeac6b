// An ELF file, opened: sections, symbols, build-id, and where its code lies in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/cheap_place.h"
#include "base/file.h"
#include "dtracepp/error.h"

struct Elf;
struct Dwfl;
struct Dwfl_Module;

namespace dtp::debug {

class ElfFile {
 public:
  // Refuses what is not ELF for x86_64 and what ends before its own tables do.
  static Result<ElfFile> open(const std::string& path);
  // One that lies in memory, in the first `size` bytes of the mapping; `path` is what it was made of.
  static Result<ElfFile> of_image(const std::string& path, base::Mapping mapping, std::size_t size);
  ElfFile(ElfFile&& other) noexcept;
  ElfFile& operator=(ElfFile&& other) noexcept;
  ~ElfFile();

  const std::string& path() const { return path_; }
  Elf* handle() const { return elf_; }
  std::span<const std::byte> bytes() const { return mapping_.bytes(); }

  // A kernel module: its sections are laid out one after the other, and addresses are those of the layout.
  bool is_relocatable() const { return module_ != nullptr; }
  Dwfl_Module* module() const { return module_; }
  bool has_section(std::string_view name) const;
  // The raw bytes; empty when there is no such section, it is compressed or holds no bytes.
  std::span<const std::byte> section(std::string_view name) const;
  // Its link-time address; none when there is no such section.
  std::optional<std::uint64_t> section_address(std::string_view name) const;
  std::string build_id() const;  // lower-case hex; empty: none

  struct DebugLink {
    std::string name = {};  // of a file in one of the usual directories; empty: none
    std::uint32_t crc = 0;  // of the whole file
  };
  DebugLink debug_link() const;

  // The file that DWZ moved shared debug information to.
  struct Supplement {
    std::string name = {};      // a path, from this file's directory if relative; empty: none
    std::string build_id = {};  // hex
    bool is_dwarf_5 = false;    // by .debug_sup rather than .gnu_debugaltlink
  };
  Supplement supplement() const;
  // Of a link-time address; none when no loaded segment has it in the file.
  std::optional<std::uint64_t> file_offset(std::uint64_t address) const;
  // And back.
  std::optional<std::uint64_t> address_of(std::uint64_t file_offset) const;
  // The page where the first executable segment is linked to be; none: a file without code.
  std::optional<std::uint64_t> code_address() const;
  // What the file has from this link-time address on; empty when not all of it is in one segment.
  std::span<const std::byte> bytes_at(std::uint64_t address, std::uint64_t size) const;
  // All of its code. Segments beyond the file's size in sum are left out: they would overlap.
  std::vector<arch::CodeSegment> code() const;
  // What follows in memory from this link-time address on; empty when it is not in code.
  std::span<const std::byte> code_from(std::uint64_t address) const;
  // Built by the Go compiler, wholly or in part.
  bool is_go() const;
  bool is_executable_address(std::uint64_t address) const;

 private:
  struct DebugSup {
    bool is_supplement = false;
    std::string name = {};
    std::string checksum = {};
  };
  DebugSup debug_sup() const;
  // None when there is no such section.
  struct Header;
  std::optional<Header> find_header(std::string_view name) const;
  ElfFile(std::string path, base::Fd fd, base::Mapping mapping);
  Result<void> open_plain();
  Result<void> open_relocatable();

  std::string path_;
  base::Fd fd_;
  base::Mapping mapping_;
  Elf* elf_ = nullptr;
  Dwfl* dwfl_ = nullptr;  // owns elf_ and module_ of a relocatable file
  Dwfl_Module* module_ = nullptr;
};

}  // namespace dtp::debug
