#include "debug/elf_file.h"

#include <elf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>

#include <utility>

#include "base/cursor.h"
#include "base/hex.h"
#include "debug/elf_notes.h"

namespace dtp::debug {
namespace {

bool fits(std::uint64_t offset, std::uint64_t size, std::size_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

Error damaged(const std::string& path, std::string_view what) {
  return {.what = "'" + path + "' is cut short: " + std::string(what),
          .hint = "copy or install the file again",
          .status = Status::wrong_request};
}

// libelf trusts the tables it is given; the file is checked against them first.
Result<void> check_tables(const std::string& path, std::span<const std::byte> bytes) {
  const Error not_elf{.what = "'" + path + "' is not an ELF file", .status = Status::wrong_request};
  base::Cursor cursor(bytes);
  const auto header = cursor.read<Elf64_Ehdr>();
  if (bytes.size() < SELFMAG || std::string_view(reinterpret_cast<const char*>(bytes.data()), SELFMAG) != ELFMAG)
    return fail(not_elf);
  if (cursor.failed()) return fail(damaged(path, "the ELF header is not complete"));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64)
    return fail({.what = "'" + path + "' is not for x86_64", .status = Status::wrong_request});
  if (!fits(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), bytes.size()))
    return fail(damaged(path, "the program headers are not complete"));
  if (header.e_shoff == 0) return {};
  if (header.e_shentsize != sizeof(Elf64_Shdr) ||
      !fits(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), bytes.size()))
    return fail(damaged(path, "the section headers are not complete"));
  base::Cursor sections(bytes, header.e_shoff);
  for (int i = 0; i < header.e_shnum; ++i) {
    const auto section = sections.read<Elf64_Shdr>();
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
        !fits(section.sh_offset, section.sh_size, bytes.size()))
      return fail(damaged(path, "section " + std::to_string(i) + " is not complete"));
  }
  return {};
}

}  // namespace

ElfFile::ElfFile(std::string path, base::Fd fd, base::Mapping mapping)
    : path_(std::move(path)), fd_(std::move(fd)), mapping_(std::move(mapping)) {}

ElfFile::ElfFile(ElfFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::move(other.fd_)),
      mapping_(std::move(other.mapping_)),
      elf_(std::exchange(other.elf_, nullptr)),
      dwfl_(std::exchange(other.dwfl_, nullptr)),
      module_(std::exchange(other.module_, nullptr)) {}

ElfFile& ElfFile::operator=(ElfFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(mapping_, other.mapping_);
  std::swap(elf_, other.elf_);
  std::swap(dwfl_, other.dwfl_);
  std::swap(module_, other.module_);
  return *this;
}

ElfFile::~ElfFile() {
  if (dwfl_ != nullptr)
    dwfl_end(dwfl_);
  else if (elf_ != nullptr)
    elf_end(elf_);
}

Result<ElfFile> ElfFile::open(const std::string& path) {
  DTP_TRY(base::Mapping mapping, base::map_file(path));
  DTP_CHECK(check_tables(path, mapping.bytes()));
  base::Cursor cursor(mapping.bytes());
  const bool is_relocatable = cursor.read<Elf64_Ehdr>().e_type == ET_REL;
  DTP_TRY(base::Fd fd, base::open_file(path, O_RDONLY));
  ElfFile file(path, std::move(fd), std::move(mapping));
  DTP_CHECK(is_relocatable ? file.open_relocatable() : file.open_plain());
  return file;
}

Result<ElfFile> ElfFile::of_image(const std::string& path, base::Mapping mapping, std::size_t size) {
  DTP_CHECK(check_tables(path, mapping.bytes().first(size)));
  ElfFile file(path, base::Fd(), std::move(mapping));
  elf_version(EV_CURRENT);
  // libelf wants to be able to write, but does so for those only who ask it to.
  file.elf_ = elf_memory(const_cast<char*>(reinterpret_cast<const char*>(file.mapping_.bytes().data())), size);
  if (file.elf_ == nullptr)
    return fail({.what = "cannot read '" + path + "': " + elf_errmsg(-1), .status = Status::wrong_request});
  return file;
}

Result<void> ElfFile::open_plain() {
  elf_version(EV_CURRENT);
  elf_ = elf_begin(fd_.get(), ELF_C_READ_MMAP, nullptr);
  if (elf_ == nullptr)
    return fail({.what = "cannot read '" + path_ + "': " + elf_errmsg(-1), .status = Status::wrong_request});
  return {};
}

Result<void> ElfFile::open_relocatable() {
  static const Dwfl_Callbacks callbacks{.find_elf = nullptr,
                                        .find_debuginfo = dwfl_standard_find_debuginfo,
                                        .section_address = dwfl_offline_section_address,
                                        .debuginfo_path = nullptr};
  dwfl_ = dwfl_begin(&callbacks);
  module_ = dwfl_ == nullptr ? nullptr : dwfl_report_offline(dwfl_, path_.c_str(), path_.c_str(), -1);
  GElf_Addr bias = 0;
  if (module_ != nullptr && dwfl_report_end(dwfl_, nullptr, nullptr) == 0) elf_ = dwfl_module_getelf(module_, &bias);
  if (elf_ == nullptr)
    return fail({.what = "cannot read '" + path_ + "': " + dwfl_errmsg(-1), .status = Status::wrong_request});
  return {};
}

struct ElfFile::Header {
  GElf_Shdr raw;
};

std::optional<ElfFile::Header> ElfFile::find_header(std::string_view name) const {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0) return std::nullopt;
  for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr; section = elf_nextscn(elf_, section)) {
    Header header;
    if (gelf_getshdr(section, &header.raw) == nullptr || header.raw.sh_type == SHT_NOBITS) continue;
    const char* found = elf_strptr(elf_, names, header.raw.sh_name);
    if (found != nullptr && name == found) return header;
  }
  return std::nullopt;
}

bool ElfFile::has_section(std::string_view name) const { return find_header(name).has_value(); }

std::span<const std::byte> ElfFile::section(std::string_view name) const {
  const auto header = find_header(name);
  if (!header || (header->raw.sh_flags & SHF_COMPRESSED) != 0) return {};
  if (!fits(header->raw.sh_offset, header->raw.sh_size, mapping_.bytes().size())) return {};
  return mapping_.bytes().subspan(header->raw.sh_offset, header->raw.sh_size);
}

std::optional<std::uint64_t> ElfFile::section_address(std::string_view name) const {
  const auto header = find_header(name);
  if (!header) return std::nullopt;
  return header->raw.sh_addr;
}

// A kernel has all its notes in one section.
// Of a supplementary file of DWARF 5 that has no note: its checksum, by which others refer to it.
std::string ElfFile::build_id() const {
  std::string id = build_id_of(section(".note.gnu.build-id"));
  if (id.empty()) id = build_id_of(section(".notes"));
  return id.empty() && debug_sup().is_supplement ? debug_sup().checksum : id;
}

ElfFile::DebugLink ElfFile::debug_link() const {
  base::Cursor cursor(section(".gnu_debuglink"));
  const std::string_view name = cursor.read_c_string();
  cursor.skip((4 - cursor.offset() % 4) % 4);
  const auto crc = cursor.read<std::uint32_t>();
  // A name with a slash would leave the directories that are searched.
  if (cursor.failed() || name.find('/') != std::string_view::npos) return {};
  return {std::string(name), crc};
}

ElfFile::Supplement ElfFile::supplement() const {
  if (const auto link = section(".gnu_debugaltlink"); !link.empty()) {
    base::Cursor cursor(link);
    const std::string_view name = cursor.read_c_string();
    return {std::string(name), base::to_hex(cursor.take(cursor.left())), false};
  }
  const DebugSup sup = debug_sup();
  if (sup.checksum.empty() || sup.is_supplement) return {};
  return {sup.name, sup.checksum, true};
}

// DWARF 5, 7.3.6.
ElfFile::DebugSup ElfFile::debug_sup() const {
  base::Cursor cursor(section(".debug_sup"));
  cursor.skip(sizeof(std::uint16_t));
  const bool is_supplement = cursor.read<std::uint8_t>() != 0;
  const std::string_view name = cursor.read_c_string();
  const auto length = cursor.read<std::uint8_t>();  // LEB128; longer ones do not occur
  const auto checksum = cursor.take(length);
  if (cursor.failed()) return {};
  return {is_supplement, std::string(name), base::to_hex(checksum)};
}

std::optional<std::uint64_t> ElfFile::file_offset(std::uint64_t address) const {
  std::size_t count = 0;
  if (elf_getphdrnum(elf_, &count) != 0) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_LOAD) continue;
    if (address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
      return address - segment.p_vaddr + segment.p_offset;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::address_of(std::uint64_t file_offset) const {
  std::size_t count = 0;
  if (elf_getphdrnum(elf_, &count) != 0) return std::nullopt;
  std::optional<std::uint64_t> found;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_LOAD) continue;
    if (file_offset < segment.p_offset || file_offset - segment.p_offset >= segment.p_filesz) continue;
    // Segments may share a page of the file; code is what is probed.
    if (!found || (segment.p_flags & PF_X) != 0) found = file_offset - segment.p_offset + segment.p_vaddr;
  }
  return found;
}

std::optional<std::uint64_t> ElfFile::code_address() const {
  constexpr std::uint64_t page = 4096;
  std::size_t count = 0;
  if (elf_getphdrnum(elf_, &count) != 0) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_LOAD) continue;
    if ((segment.p_flags & PF_X) != 0) return segment.p_vaddr / page * page;
  }
  return std::nullopt;
}

std::span<const std::byte> ElfFile::bytes_at(std::uint64_t address, std::uint64_t size) const {
  const auto first = file_offset(address);
  const auto last = size == 0 ? first : file_offset(address + size - 1);
  if (!first || !last || *last < *first || *last - *first != size - 1) return {};
  if (!fits(*first, size, mapping_.bytes().size())) return {};
  return mapping_.bytes().subspan(*first, size);
}

std::vector<arch::CodeSegment> ElfFile::code() const {
  std::vector<arch::CodeSegment> code;
  std::size_t count = 0;
  std::uint64_t left = mapping_.bytes().size();
  if (elf_getphdrnum(elf_, &count) != 0) return code;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_LOAD ||
        (segment.p_flags & PF_X) == 0 || segment.p_filesz > left ||
        !fits(segment.p_offset, segment.p_filesz, mapping_.bytes().size()))
      continue;
    code.push_back({segment.p_vaddr, mapping_.bytes().subspan(segment.p_offset, segment.p_filesz)});
    left -= segment.p_filesz;
  }
  return code;
}

std::span<const std::byte> ElfFile::code_from(std::uint64_t address) const {
  for (const arch::CodeSegment& segment : code())
    if (address >= segment.address && address - segment.address < segment.bytes.size())
      return segment.bytes.subspan(address - segment.address);
  return {};
}

bool ElfFile::is_go() const { return has_section(".go.buildinfo") || has_section(".gopclntab"); }

bool ElfFile::is_executable_address(std::uint64_t address) const {
  for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr; section = elf_nextscn(elf_, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if ((header.sh_flags & SHF_EXECINSTR) != 0 && address >= header.sh_addr &&
        address - header.sh_addr < header.sh_size)
      return true;
  }
  return false;
}

}  // namespace dtp::debug
