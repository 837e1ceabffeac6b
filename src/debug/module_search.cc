// Only the symbol tables are read, of thousands of files: libelf would lay every one of them out. Compressed ones are
// unpacked for that, which takes long for all of them. Functions of a module mostly begin as it is called
// (nf_ct_get_tuple, nf_conntrack), so those that share the most are unpacked first, and only so much of them.
#include "debug/module_search.h"

#include <elf.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <vector>

#include "base/cursor.h"
#include "base/file.h"
#include "debug/unpack.h"

namespace dtp::debug {
namespace {

constexpr std::size_t most_files = 20'000;
// What is unpacked in some 0.3 seconds. The others are as much faster as they are cheaper.
constexpr std::size_t most_unpacked = std::size_t{20} << 20;
constexpr std::size_t bytes_of_others_for_one_of_xz = 8;

// "nf_conntrack" of "nf-conntrack.ko.xz"; empty: it is no module.
std::string module_of(const std::string& file_name) {
  const std::size_t end = file_name.rfind(".ko");
  if (end == std::string::npos) return "";
  const std::string_view rest = std::string_view(file_name).substr(end + 3);
  if (!rest.empty() && rest != ".xz" && rest != ".zst" && rest != ".gz") return "";
  std::string name = file_name.substr(0, end);
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
  // Linkers let a name be the tail of another one: __pfx_vfs_read.
  if (function.empty() || names.find(function + '\0') == std::string_view::npos) return false;
  for (base::Cursor cursor(part(file, table->sh_offset, table->sh_size)); cursor.left() >= sizeof(Elf64_Sym);) {
    const auto symbol = cursor.read<Elf64_Sym>();
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name > names.size())
      continue;
    const std::string_view name = names.substr(symbol.st_name, function.size() + 1);
    if (name.size() > function.size() && name.starts_with(function) && name.back() == '\0') return true;
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

// "alias symbol:nf_ct_get nf_conntrack": what modules offer to others.
std::string exporting_module(const std::string& function, const std::string& index) {
  return text_between(index, "\nalias symbol:" + function + " ", '\n');
}

struct Packed {
  std::string module = {};
  std::string path = {};
  std::size_t shared = 0;  // letters of the function's name
};

// By its words: "list_set_init" is in ip_set_list_set, "reject_tg_init" in ipt_REJECT.
std::size_t shared_prefix(std::string_view function, std::string_view module) {
  const auto is_same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  function.remove_prefix(std::min(function.find_first_not_of('_'), function.size()));
  std::size_t longest = 0;
  for (std::size_t at = 0; at < module.size(); at = std::min(module.find('_', at), module.size() - 1) + 1) {
    const auto shared = std::ranges::mismatch(function, module.substr(at), is_same).in1 - function.begin();
    longest = std::max(longest, static_cast<std::size_t>(shared));
  }
  return longest;
}

std::optional<std::string> find_packed(std::vector<Packed> files, const std::string& function) {
  std::ranges::sort(files, [](const Packed& a, const Packed& b) {
    return a.shared != b.shared ? a.shared > b.shared : a.path < b.path;
  });
  std::size_t left = most_unpacked * bytes_of_others_for_one_of_xz;
  for (const Packed& one : files) {
    const auto file = base::map_file(one.path);
    if (!file) continue;
    const std::size_t cost = packing_of(file->bytes()) == Packing::xz ? bytes_of_others_for_one_of_xz : 1;
    const auto contents = unpack(file->bytes(), left / cost);
    if (!contents) continue;
    if (defines(*contents, function)) return one.module;
    left -= contents->size() * cost;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ModuleHit> find_module_with(const std::string& function, const std::string& kallsyms,
                                          const std::string& directory) {
  if (std::string name = loaded_module(function, kallsyms); !name.empty()) return ModuleHit{std::move(name), true};
  if (std::string name = exporting_module(function, directory + "/modules.symbols"); !name.empty())
    return ModuleHit{std::move(name), false};
  std::error_code error;
  std::size_t files = 0;
  std::vector<Packed> packed;
  for (std::filesystem::recursive_directory_iterator at(directory, error), end;
       !error && at != end && files < most_files; at.increment(error)) {
    const std::string module = module_of(at->path().filename().string());
    if (module.empty() || !at->is_regular_file(error)) continue;
    ++files;
    if (at->path().extension() != ".ko") {
      packed.push_back({module, at->path().string(), shared_prefix(function, module)});
      continue;
    }
    const auto file = base::map_file(at->path().string());
    if (file && defines(file->bytes(), function)) return ModuleHit{module, false};
  }
  if (const auto module = find_packed(std::move(packed), function)) return ModuleHit{*module, false};
  return std::nullopt;
}

}  // namespace dtp::debug
