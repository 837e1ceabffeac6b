// The DIEs that the search of a name would come to, in the same order: see find_in_unit() and find_matching_in_unit().
#include <elfutils/libdw.h>
#include <libelf.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <unordered_map>

#include "debug/dwarf_die.h"
#include "debug/dwarf_files.h"
#include "debug/dwarf_language.h"
#include "debug/dwarf_units.h"
#include "debug/name_index.h"

namespace dtp::debug {
namespace {

struct Found {
  std::string_view name = {};  // in .debug_str
  NameIndex::Function function = {};
  std::vector<NameIndex::Instance> instances = {};
};

// What one thread finds.
struct Part {
  std::vector<Found> functions = {};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> files = {};  // hash, unit
  bool has_all_names = true;
};

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

// libdw is not made for two threads at one handle.
class Reader {
 public:
  explicit Reader(const ElfFile& file) {
    const auto bytes = file.bytes();
    elf_.reset(elf_memory(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())), bytes.size()));
    if (elf_) dwarf_.reset(dwarf_begin_elf(elf_.get(), DWARF_C_READ, nullptr));
    const auto strings = file.section(".debug_str");
    strings_ = {reinterpret_cast<const char*>(strings.data()), strings.size()};
  }

  void add(std::uint64_t unit_offset, Part& part) {
    auto unit = dwarf_ ? unit_die(dwarf_.get(), unit_offset) : std::nullopt;
    if (!unit) return;
    add_functions(*unit, static_cast<std::uint32_t>(unit_offset), part);
    add_files(*unit, static_cast<std::uint32_t>(unit_offset), part);
  }

 private:
  static std::uint32_t offset_of(Dwarf_Die& die) { return static_cast<std::uint32_t>(dwarf_dieoffset(&die)); }

  // Those that are shorter than an offset stand in .debug_info itself.
  std::optional<std::string_view> name_in_strings(Dwarf_Die& die, Part& part) const {
    const char* name = dwarf_diename(&die);
    if (name == nullptr) return std::nullopt;
    if (name >= strings_.data() && name < strings_.data() + strings_.size()) return std::string_view(name);
    if (std::strlen(name) >= shortest_indexed_name) part.has_all_names = false;
    return std::nullopt;
  }

  void add_functions(Dwarf_Die& unit, std::uint32_t unit_offset, Part& part) {
    // Functions stand within types there, and are known by more than one name.
    if (language_of(unit) == Language::rust) {
      part.has_all_names = false;
      return;
    }
    std::unordered_map<const void*, std::size_t> abstract;
    auto collect = [&](Dwarf_Die& die) {
      const int tag = dwarf_tag(&die);
      if (tag == DW_TAG_namespace) return true;
      if (tag != DW_TAG_subprogram || is_declaration(die)) return false;
      const bool is_inline = has_attribute(die, DW_AT_inline);
      const bool is_copy = origin_of(die).cu == die.cu;
      const auto entry = is_copy ? std::nullopt : entry_of(die);
      const auto name = is_copy || (!entry && !is_inline) ? std::nullopt : name_in_strings(die, part);
      if (!name) return false;
      Found found{.name = *name};
      found.function.name = static_cast<std::uint32_t>(name->data() - strings_.data());
      found.function.unit = unit_offset;
      found.function.die = offset_of(die);
      if (entry)
        found.instances.push_back({found.function.die, 0});
      else
        abstract.emplace(die.addr, part.functions.size());
      part.functions.push_back(std::move(found));
      return false;
    };
    walk(unit, collect);
    if (abstract.empty()) return;
    auto visit = [&](Dwarf_Die& die) {
      const int tag = dwarf_tag(&die);
      const bool is_code = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
      Dwarf_Die origin = is_code ? origin_of(die) : Dwarf_Die{};
      const auto known = origin.addr == nullptr ? abstract.end() : abstract.find(origin.addr);
      if (known != abstract.end() && !is_split_head(die, origin))
        part.functions[known->second].instances.push_back({offset_of(die), tag == DW_TAG_inlined_subroutine});
      return is_code || tag == DW_TAG_lexical_block || tag == DW_TAG_namespace;
    };
    walk(unit, visit);
  }

  static void add_files(Dwarf_Die& unit, std::uint32_t unit_offset, Part& part) {
    Dwarf_Lines* lines = nullptr;
    std::size_t count = 0;
    if (dwarf_getsrclines(&unit, &lines, &count) != 0) return;
    std::set<const char*> names;
    for (std::size_t i = 0; i < count; ++i)
      if (const char* name = dwarf_linesrc(dwarf_onesrcline(lines, i), nullptr, nullptr)) names.insert(name);
    for (const char* name : names) part.files.emplace_back(hash_of_file(name), unit_offset);
  }

  std::unique_ptr<Elf, EndElf> elf_ = {};
  std::unique_ptr<Dwarf, EndDwarf> dwarf_ = {};
  std::string_view strings_ = {};
};

// Units are handed out one after the other; a thread takes several at a time, so that they stay in order.
std::vector<Part> read_all(const ElfFile& file, const std::vector<std::uint64_t>& units) {
  constexpr std::size_t at_once = 32;
  std::vector<Part> parts((units.size() + at_once - 1) / at_once);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    Reader reader(file);
    for (std::size_t i = next++; i < parts.size(); i = next++)
      for (std::size_t at = i * at_once; at < std::min(units.size(), (i + 1) * at_once); ++at)
        reader.add(units[at], parts[i]);
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i) helpers.emplace_back(work);
  work();
  return parts;
}

template <class T>
void append(std::vector<std::byte>& out, const std::vector<T>& entries) {
  const auto bytes = std::as_bytes(std::span(entries));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::vector<std::byte> build_name_index(const ElfFile& file) {
  std::vector<Part> parts = read_all(file, unit_offsets(file.section(".debug_info")));
  std::vector<Found> all;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  bool has_all_names = true;
  for (Part& part : parts) {
    has_all_names = has_all_names && part.has_all_names;
    std::ranges::move(part.functions, std::back_inserter(all));
    places.insert(places.end(), part.files.begin(), part.files.end());
  }
  std::ranges::stable_sort(all, {}, &Found::name);
  std::ranges::sort(places);
  places.erase(std::ranges::unique(places).begin(), places.end());

  std::vector<NameIndex::Function> functions;
  std::vector<NameIndex::Instance> instances;
  for (Found& found : all) {
    if (found.instances.empty()) continue;
    found.function.first = static_cast<std::uint32_t>(instances.size());
    found.function.count = static_cast<std::uint32_t>(found.instances.size());
    instances.insert(instances.end(), found.instances.begin(), found.instances.end());
    functions.push_back(found.function);
  }
  std::vector<NameIndex::File> files;
  std::vector<std::uint32_t> units;
  for (const auto& [hash, unit] : places) {
    if (files.empty() || files.back().hash != hash)
      files.push_back({.hash = hash, .first = static_cast<std::uint32_t>(units.size()), .count = 0});
    ++files.back().count;
    units.push_back(unit);
  }
  std::vector<std::byte> out;
  const auto count = [](const auto& entries) { return static_cast<std::uint32_t>(entries.size()); };
  append(out, std::vector<std::uint32_t>{count(functions), count(instances), count(files), count(units),
                                         has_all_names ? 1U : 0U});
  append(out, functions);
  append(out, instances);
  append(out, files);
  append(out, units);
  return out;
}

}  // namespace dtp::debug
