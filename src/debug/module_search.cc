// Only the symbol tables are read, of thousands of files: libelf would lay every one of them out.
#include "debug/module_search.h"

#include <elf.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/cursor.h"
#include "base/file.h"

namespace dtp::debug {
namespace {

constexpr std::size_t most_files = 20'000;

std::string module_of(const std::string& file_name) {
  std::string name = file_name.substr(0, file_name.size() - std::string_view(".ko").size());
  std::ranges::replace(name, '-', '_');
  return name;
}

// Empty: it is outside of the file.
std::span<const std::byte> part(std::span<const std::byte> file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) return {};
  return file.subspan(offset, size);
}

std::vector<Elf64_Shdr> sections_of(std::span<const std::byte> file) {
  base::Cursor head(file);
  const auto header = head.read<Elf64_Ehdr>();
  if (head.failed() || std::string_view(reinterpret_cast<const char*>(header.e_ident), SELFMAG) != ELFMAG ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr))
    return {};
  base::Cursor cursor(part(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr)));
  std::vector<Elf64_Shdr> sections;
  while (cursor.left() >= sizeof(Elf64_Shdr)) sections.push_back(cursor.read<Elf64_Shdr>());
  return sections;
}

bool defines(std::span<const std::byte> file, const std::string& function) {
  const std::vector<Elf64_Shdr> sections = sections_of(file);
  const auto table = std::ranges::find(sections, Elf64_Word{SHT_SYMTAB}, &Elf64_Shdr::sh_type);
  if (table == sections.end() || table->sh_link >= sections.size()) return false;
  const auto bytes = part(file, sections[table->sh_link].sh_offset, sections[table->sh_link].sh_size);
  const std::string_view names(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t name = names.find(std::string(1, '\0') + function + '\0');
  if (name == std::string_view::npos) return false;
  for (base::Cursor cursor(part(file, table->sh_offset, table->sh_size)); cursor.left() >= sizeof(Elf64_Sym);) {
    const auto symbol = cursor.read<Elf64_Sym>();
    if (symbol.st_name == name + 1 && symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
      return true;
  }
  return false;
}

// What a file has between the first such mark and the end; empty: no such mark.
std::string text_between(const std::string& path, const std::string& mark, char end) {
  const auto text = base::read_file(path);
  const std::size_t at = text ? text->find(mark) : std::string::npos;
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size();
  return text->substr(begin, text->find(end, begin) - begin);
}

// "ffffffffc0401000 t nf_ct_get	[nf_conntrack]"
std::string loaded_module(const std::string& function, const std::string& kallsyms) {
  return text_between(kallsyms, " " + function + "\t[", ']');
}

// "alias symbol:nf_ct_get nf_conntrack": what modules offer to others. All that is known of compressed ones.
std::string exporting_module(const std::string& function, const std::string& index) {
  return text_between(index, "\nalias symbol:" + function + " ", '\n');
}

}  // namespace

std::optional<ModuleHit> find_module_with(const std::string& function, const std::string& kallsyms,
                                          const std::string& directory) {
  if (std::string name = loaded_module(function, kallsyms); !name.empty()) return ModuleHit{std::move(name), true};
  if (std::string name = exporting_module(function, directory + "/modules.symbols"); !name.empty())
    return ModuleHit{std::move(name), false};
  std::error_code error;
  std::size_t files = 0;
  for (std::filesystem::recursive_directory_iterator at(directory, error), end;
       !error && at != end && files < most_files; at.increment(error)) {
    if (at->path().extension() != ".ko" || !at->is_regular_file(error)) continue;
    ++files;
    const auto file = base::map_file(at->path().string());
    if (file && defines(file->bytes(), function)) return ModuleHit{module_of(at->path().filename().string()), false};
  }
  return std::nullopt;
}

}  // namespace dtp::debug
