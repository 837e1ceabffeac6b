#include "debug/symbols.h"

#include <gelf.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <functional>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/lines.h"

namespace dtp::debug {
namespace {

Elf_Scn* find_table(Elf* elf, GElf_Word type, GElf_Shdr& header) {
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section))
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == type) return section;
  return nullptr;
}

Binding binding_of(unsigned char info) {
  switch (GELF_ST_BIND(info)) {
    case STB_GLOBAL: return Binding::global;
    case STB_WEAK: return Binding::weak;
    default: return Binding::local;
  }
}

bool is_named_place(unsigned char type) {
  return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT || type == STT_NOTYPE || type == STT_TLS;
}

GElf_Addr section_address(Elf* elf, std::uint16_t index) {
  GElf_Shdr header;
  Elf_Scn* section = elf_getscn(elf, index);
  return section != nullptr && gelf_getshdr(section, &header) != nullptr ? header.sh_addr : 0;
}

bool is_in_code(Elf* elf, std::uint16_t index) {
  GElf_Shdr header;
  Elf_Scn* section = elf_getscn(elf, index);
  return section != nullptr && gelf_getshdr(section, &header) != nullptr && (header.sh_flags & SHF_EXECINSTR) != 0;
}

std::size_t leading_underscores(std::string_view name) { return std::min(name.find_first_not_of('_'), name.size()); }

// "fopen@@GLIBC_2.2.5" is what programs get as "fopen"; "fopen@..." is an old one and keeps its name.
std::string_view without_default_version(std::string_view name) { return name.substr(0, name.find("@@")); }

// True when `a` names a place better than `b`.
bool is_better(const Symbol& a, const Symbol& b) {
  if ((a.size > 0) != (b.size > 0)) return a.size > 0;
  if ((a.binding == Binding::weak) != (b.binding == Binding::weak)) return b.binding == Binding::weak;
  if ((a.binding == Binding::global) != (b.binding == Binding::global)) return a.binding == Binding::global;
  const std::size_t a_underscores = leading_underscores(a.name), b_underscores = leading_underscores(b.name);
  if (a_underscores != b_underscores) return a_underscores < b_underscores;
  if (a.name.size() != b.name.size()) return a.name.size() > b.name.size();
  return a.name < b.name;
}

// "ffffffff81350200 T vfs_read\t[module]"
bool parse_kallsyms_line(std::string_view line, Symbol& symbol, std::string_view& module) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), symbol.address, 16);
  const auto at = static_cast<std::size_t>(end - line.data());
  if (error != std::errc{} || at + 3 >= line.size() || line[at] != ' ' || line[at + 2] != ' ') return false;
  const char type = line[at + 1];
  std::string_view name = line.substr(at + 3);
  module = {};
  if (const std::size_t tab = name.find('\t'); tab != std::string_view::npos) {
    module = name.substr(tab + 1);
    if (module.starts_with('[') && module.ends_with(']')) module = module.substr(1, module.size() - 2);
    name = name.substr(0, tab);
  }
  symbol.name = name;
  symbol.is_function = symbol.is_code = type == 't' || type == 'T' || type == 'w' || type == 'W';
  symbol.binding = type == 'w' || type == 'W'   ? Binding::weak
                   : type >= 'A' && type <= 'Z' ? Binding::global
                                                : Binding::local;
  return !name.empty();
}

}  // namespace

Symbols Symbols::of_elf(const ElfFile& file) {
  Symbols table;
  GElf_Shdr header;
  Elf_Scn* section = find_table(file.handle(), SHT_SYMTAB, header);
  if (section == nullptr) section = find_table(file.handle(), SHT_DYNSYM, header);
  Elf_Data* data = section == nullptr ? nullptr : elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return table;
  const auto count = static_cast<int>(header.sh_size / header.sh_entsize);
  table.symbols_.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, i, &symbol) == nullptr || symbol.st_shndx == SHN_UNDEF) continue;
    const unsigned char type = GELF_ST_TYPE(symbol.st_info);
    const char* name = is_named_place(type) ? elf_strptr(file.handle(), header.sh_link, symbol.st_name) : nullptr;
    if (name == nullptr || *name == '\0') continue;
    const bool is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
    table.symbols_.push_back(
        {.name = without_default_version(name),
         .address = symbol.st_value + (file.is_relocatable() ? section_address(file.handle(), symbol.st_shndx) : 0),
         .size = symbol.st_size,
         .binding = binding_of(symbol.st_info),
         .is_function = is_function,
         .is_code =
             is_function || (type == STT_NOTYPE && symbol.st_size > 0 && is_in_code(file.handle(), symbol.st_shndx)),
         .is_indirect = type == STT_GNU_IFUNC});
  }
  table.sort();
  return table;
}

Result<Symbols> Symbols::of_kallsyms(const std::string& path, const std::string& module) {
  Symbols table;
  DTP_TRY(table.text_, base::read_file(path));
  for (std::string_view rest = table.text_; !rest.empty();) {
    Symbol symbol;
    std::string_view from;
    if (parse_kallsyms_line(base::take_line(rest), symbol, from) && from == module) table.symbols_.push_back(symbol);
  }
  table.sort();
  // kallsyms has no sizes: a symbol reaches up to the next address.
  for (std::size_t i = 0; i < table.by_address_.size(); ++i) {
    Symbol& symbol = table.symbols_[table.by_address_[i]];
    std::size_t next = i + 1;
    while (next < table.by_address_.size() && table.symbols_[table.by_address_[next]].address == symbol.address) ++next;
    if (next < table.by_address_.size()) symbol.size = table.symbols_[table.by_address_[next]].address - symbol.address;
  }
  return table;
}

void Symbols::add(const Symbols& others) {
  std::set<std::pair<std::string_view, std::uint64_t>> known;
  for (const Symbol& symbol : symbols_) known.emplace(symbol.name, symbol.address);
  for (const Symbol& symbol : others.symbols_)
    if (known.emplace(symbol.name, symbol.address).second) symbols_.push_back(symbol);
  sort();
}

void Symbols::sort() {
  by_name_ = {};
  by_address_.clear();
  for (std::uint32_t i = 0; i < symbols_.size(); ++i)
    if (symbols_[i].is_code) by_address_.push_back(i);
  std::ranges::sort(by_address_, {}, [this](std::uint32_t i) { return symbols_[i].address; });
}

std::vector<const Symbol*> Symbols::find(std::string_view name) const {
  constexpr int few = 8;
  std::vector<const Symbol*> found;
  if (++searches_ <= few) {
    for (const Symbol& symbol : symbols_)
      if (symbol.name == name) found.push_back(&symbol);
    return found;
  }
  if (by_name_.first.empty()) by_name_ = make_name_table();
  const std::size_t hash = std::hash<std::string_view>()(name) & (by_name_.first.size() - 1);
  for (std::uint32_t at = by_name_.first[hash]; at != 0; at = by_name_.next[at - 1])
    if (symbols_[at - 1].name == name) found.push_back(&symbols_[at - 1]);
  return found;
}

// Symbols of one hash stand in their order.
Symbols::NameTable Symbols::make_name_table() const {
  NameTable table{.first = std::vector<std::uint32_t>(std::bit_ceil(symbols_.size() + 1)),
                  .next = std::vector<std::uint32_t>(symbols_.size())};
  for (auto i = static_cast<std::uint32_t>(symbols_.size()); i > 0; --i) {
    const std::size_t hash = std::hash<std::string_view>()(symbols_[i - 1].name) & (table.first.size() - 1);
    table.next[i - 1] = std::exchange(table.first[hash], i);
  }
  return table;
}

const Symbol* Symbols::find_function_at(std::uint64_t address) const {
  const auto after =
      std::ranges::upper_bound(by_address_, address, {}, [this](std::uint32_t i) { return symbols_[i].address; });
  const Symbol* best = nullptr;
  // Symbols nest seldom and little; a bound keeps a damaged table from costing more.
  constexpr int most_steps = 64;
  int steps = 0;
  for (auto at = after; at != by_address_.begin() && steps < most_steps; ++steps) {
    const Symbol& symbol = symbols_[*--at];
    if (best != nullptr && symbol.address != best->address) break;
    const bool covers = symbol.address == address || address - symbol.address < symbol.size;
    if (covers && (best == nullptr || is_better(symbol, *best))) best = &symbol;
  }
  return best;
}

bool kallsyms_has(const std::string& path, const std::string& name) {
  const auto text = base::read_file(path);
  return !text || text->contains(" " + name + "\n") || text->contains(" " + name + "\t[");
}

}  // namespace dtp::debug
