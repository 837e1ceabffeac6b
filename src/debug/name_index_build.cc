// The DIEs that the search of a name would come to, in the same order: see find_in_unit(), find_matching_in_unit() and
// find_dwarf_globals().
#include <elfutils/libdw.h>
#include <libelf.h>

#include <algorithm>
#include <atomic>
#include <compare>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "debug/dwarf_die.h"
#include "debug/dwarf_files.h"
#include "debug/dwarf_language.h"
#include "debug/dwarf_units.h"
#include "debug/name_index.h"

namespace dtp::debug {
namespace {

struct Found {
  std::string_view name = {};
  NameIndex::Function function = {};
  std::vector<NameIndex::Instance> instances = {};
};

struct FoundGlobal {
  std::string_view name = {};
  std::uint32_t is_enumerator = 0;
  std::uint32_t unit = 0;
  auto operator<=>(const FoundGlobal&) const = default;
};

// What one thread finds in some units.
struct Part {
  std::vector<Found> functions = {};
  std::vector<FoundGlobal> globals = {};
  std::deque<std::string> texts = {};                               // names that are not in .debug_str
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
    add_names(*unit, static_cast<std::uint32_t>(unit_offset), part);
    add_files(*unit, static_cast<std::uint32_t>(unit_offset), part);
  }

 private:
  static std::uint32_t offset_of(Dwarf_Die& die) { return static_cast<std::uint32_t>(dwarf_dieoffset(&die)); }

  // Empty: it has none.
  std::string_view name_in(Dwarf_Die& die, Part& part) const {
    const char* name = dwarf_diename(&die);
    if (name == nullptr) return {};
    if (name >= strings_.data() && name < strings_.data() + strings_.size()) return name;
    return part.texts.emplace_back(name);
  }

  void add_names(Dwarf_Die& unit, std::uint32_t unit_offset, Part& part) {
    // Functions stand within types there, and are known by more than one name.
    if (language_of(unit) == Language::rust) {
      part.has_all_names = false;
      return;
    }
    std::unordered_map<const void*, std::size_t> abstract;
    auto collect = [&](Dwarf_Die& die) {
      const int tag = dwarf_tag(&die);
      if (tag == DW_TAG_namespace) return true;
      if (tag == DW_TAG_variable) add_variable(die, unit_offset, part);
      if (tag == DW_TAG_enumeration_type) add_enumerators(die, unit_offset, part);
      if (tag != DW_TAG_subprogram || is_declaration(die)) return false;
      const bool is_inline = has_attribute(die, DW_AT_inline);
      const bool is_copy = origin_of(die).cu == die.cu;
      const auto entry = is_copy ? std::nullopt : entry_of(die);
      const auto name = is_copy || (!entry && !is_inline) ? std::string_view{} : name_in(die, part);
      if (name.empty()) return false;
      Found found{.name = name};
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

  // Units come in ascending order: of what the search takes the first of, further ones are passed over. An outer one is
  // what it ends with.
  void add_variable(Dwarf_Die& die, std::uint32_t unit_offset, Part& part) {
    const bool is_definition = has_attribute(die, DW_AT_location) || has_attribute(die, DW_AT_const_value);
    const bool is_external = is_flagged(die, DW_AT_external);
    if (!is_definition && !is_external) return;
    const std::string_view name = name_in(die, part);
    auto& seen = is_definition ? defined_ : declared_;
    if (!name.empty() && (!is_external || seen.insert(name).second)) part.globals.push_back({name, 0, unit_offset});
  }

  void add_enumerators(Dwarf_Die& type, std::uint32_t unit_offset, Part& part) {
    Dwarf_Die child;
    if (dwarf_child(&type, &child) != 0) return;
    do {
      if (dwarf_tag(&child) != DW_TAG_enumerator) continue;
      const std::string_view name = name_in(child, part);
      if (!name.empty() && enumerators_.insert(name).second) part.globals.push_back({name, 1, unit_offset});
    } while (dwarf_siblingof(&child, &child) == 0);
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
  // Names that were met.
  std::unordered_set<std::string_view> declared_ = {};
  std::unordered_set<std::string_view> defined_ = {};
  std::unordered_set<std::string_view> enumerators_ = {};
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

// The numbers of names.
class Names {
 public:
  explicit Names(std::span<const std::byte> strings)
      : strings_(reinterpret_cast<const char*>(strings.data()), strings.size()) {}

  std::uint32_t number_of(std::string_view name) {
    if (name.data() >= strings_.data() && name.data() < strings_.data() + strings_.size())
      return static_cast<std::uint32_t>(name.data() - strings_.data());
    const auto [known, is_new] = further_.emplace(name, strings_.size() + texts_.size());
    if (is_new) texts_.append(name).push_back('\0');
    return static_cast<std::uint32_t>(known->second);
  }
  const std::string& texts() const { return texts_; }

 private:
  std::string_view strings_;
  std::unordered_map<std::string_view, std::size_t> further_ = {};
  std::string texts_ = {};
};

template <class T>
void sort_once(std::vector<T>& entries) {
  std::ranges::sort(entries);
  entries.erase(std::ranges::unique(entries).begin(), entries.end());
}

}  // namespace

std::vector<std::byte> build_name_index(const ElfFile& file) {
  std::vector<Part> parts = read_all(file, unit_offsets(file.section(".debug_info")));
  std::vector<Found> all;
  std::vector<FoundGlobal> all_globals;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  bool has_all_names = true;
  for (Part& part : parts) {
    has_all_names = has_all_names && part.has_all_names;
    std::ranges::move(part.functions, std::back_inserter(all));
    std::ranges::move(part.globals, std::back_inserter(all_globals));
    std::ranges::move(part.files, std::back_inserter(places));
  }
  std::ranges::stable_sort(all, {}, &Found::name);
  sort_once(all_globals);
  sort_once(places);

  Names names(file.section(".debug_str"));
  const auto count = [](const auto& entries) { return static_cast<std::uint32_t>(entries.size()); };
  std::vector<NameIndex::Function> functions;
  std::vector<NameIndex::Instance> instances;
  for (Found& found : all) {
    if (found.instances.empty()) continue;
    found.function.name = names.number_of(found.name);
    found.function.first = count(instances);
    found.function.count = count(found.instances);
    instances.insert(instances.end(), found.instances.begin(), found.instances.end());
    functions.push_back(found.function);
  }
  std::vector<std::uint32_t> units;
  std::vector<NameIndex::Global> globals;
  const FoundGlobal* last = nullptr;
  for (const FoundGlobal& found : all_globals) {
    if (last == nullptr || last->name != found.name || last->is_enumerator != found.is_enumerator)
      globals.push_back({names.number_of(found.name), found.is_enumerator, count(units), 0});
    last = &found;
    ++globals.back().count;
    units.push_back(found.unit);
  }
  std::vector<NameIndex::File> files;
  for (const auto& [hash, unit] : places) {
    if (files.empty() || files.back().hash != hash) files.push_back({hash, count(units), 0});
    ++files.back().count;
    units.push_back(unit);
  }
  std::vector<std::byte> out;
  append(out, std::vector<std::uint32_t>{count(functions), count(instances), count(globals), count(files), count(units),
                                         count(names.texts()), has_all_names ? 1U : 0U});
  append(out, functions);
  append(out, instances);
  append(out, globals);
  append(out, files);
  append(out, units);
  append(out, std::vector<char>(names.texts().begin(), names.texts().end()));
  return out;
}

}  // namespace dtp::debug
