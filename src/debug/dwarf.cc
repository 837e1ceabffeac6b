// The DWARF of a file by libdw: functions, their inlined copies, and variables.
#include <dwarf.h>
#include <elfutils/libdw.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/pattern.h"
#include "debug/dwarf_die.h"
#include "debug/dwarf_files.h"
#include "debug/dwarf_functions.h"
#include "debug/dwarf_indexed.h"
#include "debug/dwarf_language.h"
#include "debug/dwarf_line_finder.h"
#include "debug/dwarf_lines.h"
#include "debug/dwarf_location.h"
#include "debug/dwarf_names.h"
#include "debug/dwarf_source.h"
#include "debug/dwarf_types.h"
#include "debug/dwarf_variables.h"
#include "debug/find.h"
#include "debug/inflate.h"
#include "debug/info.h"
#include "debug/name_index.h"
#include "debug/qualified_name.h"
#include "debug/source_path.h"
#include "type/query.h"

namespace dtp::debug {
namespace {

// By its name, or by its mangled one.
bool is_called(Dwarf_Die& die, const std::string& name) {
  const char* plain = dwarf_diename(&die);
  if (plain != nullptr && name == plain) return true;
  if (!name.starts_with("_Z") && !name.starts_with("_R")) return false;
  const char* mangled = linkage_name_of(die);
  return mangled != nullptr && name == mangled;
}

// Declared in a file whose path ends so; every one is, when it is empty.
bool is_in_file(Dwarf_Die& function, std::string_view tail) {
  if (tail.empty()) return true;
  const std::string file = declared_file(function);
  return !file.empty() && matches_tail(file, tail);
}

bool is_callee_of(Dwarf_Die& die, Dwarf_Die& origin) { return origin_of(die).addr == origin.addr; }

class DwarfInfo final : public Info {
 public:
  DwarfInfo(std::shared_ptr<const Binary> binary, DwarfFiles files, Cache cache)
      : binary_(std::move(binary)), files_(std::move(files)), cache_(std::move(cache)), dwarf_(files_.dwarf()) {}

  Result<std::vector<Instance>> find_functions(const std::string& name) override;
  void expect_functions(std::span<const std::string> names) override { files_.expect(names); }
  std::string find_removed_function(const std::string& name) override { return find_abstract_function(files_, name); }
  Result<std::vector<Instance>> find_matching(const FunctionQuery& query) override;
  bool has_lines() const override { return true; }
  Result<std::vector<LineInstance>> find_lines(const LineQuery& query) override;
  Result<std::vector<Instance>> find_function_at(std::uint64_t address) override;
  std::vector<Variable> find_variables(const Instance& instance, std::uint64_t address) override;
  Whereabouts locate(const Instance& instance, std::uint64_t address, const Variable& variable) override;
  std::vector<SourceLines> source_of(const std::vector<Instance>& instances) override {
    return dwarf_source_of(files_, instances);
  }
  std::vector<SourceLines> source_of_file(const std::string& tail) override {
    return dwarf_source_of_file(files_, tail);
  }
  std::optional<CodePlace> place_of(std::uint64_t address) override;
  std::vector<AddressRange> live_ranges(const Instance& instance, const Variable& variable) override;
  std::uint64_t body_address(const Instance& instance) override;
  type::Id find_result_type(const Instance& instance) override;
  bool returns_void(const Instance& instance) override;
  std::vector<Returned> find_returned(const Instance& instance) override;
  std::optional<type::Id> find_type(std::string_view c_name) override { return find_dwarf_type(files_, c_name); }
  std::vector<Definition> find_definitions(std::string_view c_name) override;
  std::vector<Global> find_globals(std::string_view name, bool defined) override;
  std::optional<std::int64_t> find_enumerator(std::string_view name) override;
  std::vector<std::string> function_names() override;
  std::vector<FunctionSummary> list_functions(const NameFilter& is_wanted) override {
    return list_dwarf_functions(files_, is_wanted);
  }
  std::string source() const override { return "DWARF of " + binary_->file.path(); }
  type::Type load_type(type::Id id) override { return load_dwarf_type(files_, id); }

 private:
  bool find_in_unit(Dwarf_Die& unit, Dwarf_Die& parent, const std::string& name, std::vector<Instance>& found,
                    int depth = 0);
  void add_qualified(const std::string& name, std::vector<Instance>& found);
  void find_matching_in_unit(Dwarf_Die& unit, const FunctionQuery& query, bool refers, std::vector<Instance>& found);
  void find_referring(Dwarf_Die& unit, const std::string& name, std::vector<Instance>& found);
  void add_instance(Dwarf_Die& die, bool is_inlined, std::vector<Instance>& found);
  template <class Visit>
  void each_unit_of_source(const std::string& file, Visit visit);
  template <class Visit>
  void each_unit_mentioning(const std::string& name, Visit visit);
  template <class Visit>
  bool visit_unit_of_global(const std::string& name, Visit visit);
  const NameIndex* index();
  const NameIndex* index_of_names(std::string_view head);
  void find_in_index(const NameIndex& index, const std::string& name, std::vector<Instance>& found);
  void find_matching_in_index(const NameIndex& index, const FunctionQuery& query, std::vector<Instance>& found);
  Scope scope_at(Dwarf_Die& die, std::uint64_t address);

  std::shared_ptr<const Binary> binary_;
  DwarfFiles files_;
  Cache cache_;
  std::optional<NameIndex> index_ = {};
  bool is_index_looked_for_ = false;
  Dwarf* dwarf_;  // the main one of files_
  LineFinder line_finder_ = {};
  std::uint64_t unit_of_variables_ = 0;
  std::vector<Variable> unit_variables_ = {};
  // What was asked for.
  std::map<std::string, std::vector<Definition>> definitions_ = {};
  std::map<std::pair<std::string, bool>, std::vector<Global>> globals_ = {};
  std::map<std::string, std::optional<std::int64_t>> enumerators_ = {};
};

// Each of many instances asks again.
template <class Key, class Found, class Find>
const Found& find_once(std::map<Key, Found>& known, const Key& key, const Find& find) {
  const auto [at, is_new] = known.try_emplace(key);
  if (is_new) at->second = find();
  return at->second;
}

std::vector<Definition> DwarfInfo::find_definitions(std::string_view c_name) {
  return find_once(definitions_, std::string(c_name), [&] { return find_dwarf_definitions(files_, c_name); });
}

std::vector<Global> DwarfInfo::find_globals(std::string_view name, bool defined) {
  return find_once(globals_, std::pair(std::string(name), defined),
                   [&] { return find_dwarf_globals(files_, index_of_names(name), name, defined); });
}

std::optional<std::int64_t> DwarfInfo::find_enumerator(std::string_view name) {
  return find_once(enumerators_, std::string(name),
                   [&] { return find_dwarf_enumerator(files_, index_of_names(name), name); });
}

void DwarfInfo::add_instance(Dwarf_Die& die, bool is_inlined, std::vector<Instance>& found) {
  const auto entry = entry_of(die);
  if (!entry || *entry == 0) return;
  if (std::ranges::any_of(found, [&](const Instance& known) { return known.address == *entry; })) return;
  found.push_back({.function = name_of(die),
                   .address = *entry,
                   .end = end_of(die, *entry),
                   .is_inlined = is_inlined,
                   .is_external = is_flagged(die, DW_AT_external),
                   .file = declared_file(die),
                   .scope = key_of(die),
                   .language = language_of(die)});
}

// A function's DIE is concrete, or abstract with its instances elsewhere in the unit: inlined ones and
// perhaps one out of line. A unit defines a name once; of overloads the first one is taken. Functions of namespaces
// stand within these, or at the top.
bool DwarfInfo::find_in_unit(Dwarf_Die& unit, Dwarf_Die& parent, const std::string& name, std::vector<Instance>& found,
                             int depth) {
  Dwarf_Die die;
  if (depth > deepest_die || dwarf_child(&parent, &die) != 0) return false;
  const bool has_methods = language_of(unit) == Language::rust;
  do {
    const int die_tag = dwarf_tag(&die);
    if (is_scope(die_tag, has_methods) && find_in_unit(unit, die, name, found, depth + 1)) return true;
    if (die_tag != DW_TAG_subprogram || !is_called(die, name) || is_declaration(die)) continue;
    const std::size_t before = found.size();
    if (entry_of(die)) {
      add_instance(die, false, found);
    } else if (has_attribute(die, DW_AT_inline)) {
      auto visit = [&](Dwarf_Die& child) {
        const int tag = dwarf_tag(&child);
        const bool is_code = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
        if (is_code && is_callee_of(child, die) && !is_split_head(child, die))
          add_instance(child, tag == DW_TAG_inlined_subroutine, found);
        return is_code || tag == DW_TAG_lexical_block || tag == DW_TAG_namespace;
      };
      walk(unit, visit);
    }
    if (found.size() > before) return true;
  } while (dwarf_siblingof(&die, &die) == 0);
  return false;
}

// Instances whose declaration is in another unit: it gives them its name.
void DwarfInfo::find_referring(Dwarf_Die& unit, const std::string& name, std::vector<Instance>& found) {
  auto visit = [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    const bool is_code = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
    if (const char* called = is_code ? dwarf_diename(&child) : nullptr; called != nullptr && name == called)
      add_instance(child, tag == DW_TAG_inlined_subroutine, found);
    return is_code || tag == DW_TAG_lexical_block || tag == DW_TAG_namespace;
  };
  walk(unit, visit);
}

Result<std::vector<Instance>> DwarfInfo::find_functions(const std::string& name) {
  std::vector<Instance> found;
  if (is_qualified(name)) {
    add_qualified(name, found);
    if (!found.empty()) return found;
  }
  const auto visit = [&](Dwarf_Die& unit, bool refers) {
    find_in_unit(unit, unit, name, found);
    if (refers) find_referring(unit, name, found);
    return !found.empty();
  };
  if (visit_unit_of_global(name, visit)) return found;
  if (const NameIndex* index = index_of_names(name))
    find_in_index(*index, name, found);
  else
    files_.each_unit_mentioning(name, [&](Dwarf_Die& unit, bool refers) { return visit(unit, refers), false; });
  return found;
}

// Made when it is first needed; none: the search goes without.
const NameIndex* DwarfInfo::index() {
  if (!is_index_looked_for_) {
    is_index_looked_for_ = true;
    if (files_.is_plain()) index_ = NameIndex::open(binary_->file, cache_);
  }
  return index_ ? &*index_ : nullptr;
}

// As index(), when it can know all names that begin so.
const NameIndex* DwarfInfo::index_of_names(std::string_view head) {
  if (head.starts_with("_Z") || head.starts_with("_R")) return nullptr;
  const NameIndex* const found = index();
  return found != nullptr && found->has_all_names() ? found : nullptr;
}

// As find_in_unit() does in every unit: the first function that is somewhere.
void DwarfInfo::find_in_index(const NameIndex& index, const std::string& name, std::vector<Instance>& found) {
  std::optional<std::uint32_t> done;
  for (IndexedFunction& function : functions_called(dwarf_, index, name)) {
    if (done == function.unit) continue;
    const std::size_t before = found.size();
    for (IndexedFunction::Copy& copy : function.copies) add_instance(copy.die, copy.is_inlined, found);
    if (found.size() > before) done = function.unit;
  }
}

// As find_matching_in_unit() does in every unit.
void DwarfInfo::find_matching_in_index(const NameIndex& index, const FunctionQuery& query,
                                       std::vector<Instance>& found) {
  std::optional<std::uint32_t> unit;
  for (IndexedFunction& function : functions_matching(dwarf_, index, query.pattern)) {
    if (unit && *unit != function.unit && found.size() > query.most) return;
    unit = function.unit;
    if (!is_in_file(function.die, query.file)) continue;
    std::vector<Instance> instances;
    for (IndexedFunction::Copy& copy : function.copies) add_instance(copy.die, copy.is_inlined, instances);
    std::ranges::move(instances, std::back_inserter(found));
  }
}

// By the mangled names: every overload, constructor and instance of a template that goes by the name.
void DwarfInfo::add_qualified(const std::string& name, std::vector<Instance>& found) {
  const auto strings = binary_->file.section(".debug_str");
  const std::string_view texts(reinterpret_cast<const char*>(strings.data()), strings.size());
  for (const std::string& mangled : mangled_names(binary_->symbols, texts, name)) {
    const std::size_t before = found.size();
    each_unit_mentioning(mangled, [&](Dwarf_Die& unit, bool) { return find_in_unit(unit, unit, mangled, found); });
    if (found.size() > before) continue;
    // Constructors and destructors have several symbols and one description.
    for (const Symbol* symbol : binary_->symbols.find(mangled))
      if (auto unit = files_.unit_at(symbol->address))
        if (auto function = line_finder_.function_around(*unit, symbol->address)) add_instance(*function, false, found);
  }
}

// As find_in_unit, for many functions: the inlined copies of all of them are found in one walk.
void DwarfInfo::find_matching_in_unit(Dwarf_Die& unit, const FunctionQuery& query, bool refers,
                                      std::vector<Instance>& found) {
  struct Function {
    Dwarf_Die die = {};
    std::vector<Instance> instances = {};
  };
  const auto is_wanted = [&](Dwarf_Die& function) {
    return base::matches_pattern(query.pattern, name_of(function)) && is_in_file(function, query.file);
  };
  std::vector<Function> functions;
  std::unordered_map<const void*, std::size_t> abstract;  // by the address of the DIE, into functions
  const bool has_methods = language_of(unit) == Language::rust;
  auto collect = [&](Dwarf_Die& function) {
    if (is_scope(dwarf_tag(&function), has_methods)) return true;
    if (dwarf_tag(&function) != DW_TAG_subprogram || is_declaration(function) || !is_wanted(function)) return false;
    if (origin_of(function).cu == function.cu) return false;  // found below, with the inlined copies
    if (entry_of(function)) {
      functions.push_back({.die = function});
      add_instance(function, false, functions.back().instances);
    } else if (has_attribute(function, DW_AT_inline)) {
      abstract.emplace(function.addr, functions.size());
      functions.push_back({.die = function});
    }
    return false;
  };
  walk(unit, collect);
  auto visit = [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    const bool is_code = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
    if (Dwarf_Die origin = origin_of(child); is_code && origin.addr != nullptr) {
      auto known = abstract.find(origin.addr);
      if (known == abstract.end() && refers && origin.cu != child.cu && is_wanted(origin)) {
        known = abstract.emplace(origin.addr, functions.size()).first;
        functions.push_back({.die = origin});
      }
      if (known != abstract.end() && !is_split_head(child, origin))
        add_instance(child, tag == DW_TAG_inlined_subroutine, functions[known->second].instances);
    }
    return is_code || tag == DW_TAG_lexical_block || tag == DW_TAG_namespace;
  };
  if (!abstract.empty() || refers) walk(unit, visit);
  for (Function& function : functions)
    for (Instance& instance : function.instances) found.push_back(std::move(instance));
}

// Functions in the order of their first instances.
Result<std::vector<Instance>> DwarfInfo::find_matching(const FunctionQuery& query) {
  std::vector<Instance> found;
  if (const NameIndex* index = index_of_names(base::fixed_head(query.pattern))) {
    find_matching_in_index(*index, query, found);
  } else {
    files_.each_unit_matching(query.pattern, [&](Dwarf_Die& unit, bool refers) {
      find_matching_in_unit(unit, query, refers, found);
      return found.size() > query.most;
    });
  }
  std::unordered_map<std::string_view, std::size_t> order;
  for (const Instance& instance : found) order.emplace(instance.function, order.size());
  std::vector<std::vector<Instance>> groups(order.size());
  for (const Instance& instance : found) groups[order.at(instance.function)].push_back(instance);
  found.clear();
  for (std::vector<Instance>& group : groups) std::ranges::move(group, std::back_inserter(found));
  return found;
}

// `visit` says whether it found what it wants: a global function is defined in one unit, which its symbol tells, and
// is looked for there first.
template <class Visit>
bool DwarfInfo::visit_unit_of_global(const std::string& name, Visit visit) {
  const auto symbols = binary_->symbols.find(name);
  if (symbols.size() != 1 || !symbols[0]->is_function || symbols[0]->binding != Binding::global) return false;
  auto unit = files_.unit_at(symbols[0]->address);
  return unit && visit(*unit, false);
}

template <class Visit>
void DwarfInfo::each_unit_mentioning(const std::string& name, Visit visit) {
  if (visit_unit_of_global(name, visit)) return;
  files_.each_unit_mentioning(name, [&](Dwarf_Die& unit, bool refers) {
    visit(unit, refers);
    return false;
  });
}

template <class Visit>
void DwarfInfo::each_unit_of_source(const std::string& file, Visit visit) {
  const auto visit_one = [&](Dwarf_Die& unit, bool) {
    if (has_source_file(files_.file(), unit, file)) visit(unit);
    return false;
  };
  const NameIndex* const known = index();
  if (known == nullptr) files_.each_unit(visit_one);
  for (const std::uint32_t offset : known == nullptr ? std::span<const std::uint32_t>() : known->units_of(file))
    if (auto unit = unit_die(dwarf_, offset)) visit_one(*unit, false);
}

Result<std::vector<LineInstance>> DwarfInfo::find_lines(const LineQuery& query) {
  std::vector<LineInstance> found;
  if (is_qualified(query.function)) {
    DTP_TRY(const std::vector<Instance> instances, find_functions(query.function));
    for (const Instance& instance : instances) {
      Dwarf_Die die, unit;
      if (!find_die(dwarf_, instance.scope, die) || dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) continue;
      const unsigned first = declared_line(die);
      if (first == 0 || !matches_tail(instance.file, query.file)) continue;
      for (const unsigned line : query.lines) line_finder_.find_line(unit, instance.file, first + line, found);
    }
    return found;
  }
  if (!query.function.empty()) {
    each_unit_mentioning(query.function, [&](Dwarf_Die& unit, bool) {
      line_finder_.find(unit, query, found);
      return !found.empty();
    });
    return found;
  }
  each_unit_of_source(query.file, [&](Dwarf_Die& unit) {
    const std::size_t before = found.size();
    line_finder_.find(unit, query, found);
    if (found.size() != before) line_finder_.find_declared(unit, query, found);
  });
  if (found.empty())
    each_unit_of_source(query.file, [&](Dwarf_Die& unit) { line_finder_.find_declared(unit, query, found); });
  return found;
}

Result<std::vector<Instance>> DwarfInfo::find_function_at(std::uint64_t address) {
  std::vector<Instance> found;
  auto unit = files_.unit_at(address);
  if (!unit) return found;
  if (auto function = line_finder_.function_around(*unit, address)) add_instance(*function, false, found);
  return found;
}

std::optional<CodePlace> DwarfInfo::place_of(std::uint64_t address) {
  auto unit = files_.unit_at(address);
  auto function = unit ? line_finder_.function_around(*unit, address) : std::nullopt;
  if (!function) return std::nullopt;
  return dwarf_place_of(*unit, *function, address);
}

std::vector<Variable> DwarfInfo::find_variables(const Instance& instance, std::uint64_t address) {
  Dwarf_Die die, unit;
  if (!find_die(dwarf_, instance.scope, die)) return {};
  std::vector<Variable> found = variables_at(die, address, instance.language, types());
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return found;
  if (unit_of_variables_ != key_of(unit)) {
    unit_of_variables_ = key_of(unit);
    unit_variables_ = variables_of_unit(unit, instance.language, types());
  }
  std::unordered_set<std::string> names;
  for (const Variable& variable : found) names.insert(variable.name);
  for (const Variable& variable : unit_variables_)
    if (!names.contains(variable.name)) found.push_back(variable);
  return found;
}

Scope DwarfInfo::scope_at(Dwarf_Die& die, std::uint64_t address) {
  Scope scope{.dwarf = dwarf_, .file = &binary_->file};
  Dwarf_Die unit;
  std::optional<Dwarf_Die> function;
  if (dwarf_tag(&die) == DW_TAG_subprogram)
    function = die;
  else if (dwarf_diecu(&die, &unit, nullptr, nullptr) != nullptr)
    function = line_finder_.function_around(unit, address);
  if (!function) return scope;
  scope.function = *function;
  scope.has_function = true;
  scope.entry = entry_of(*function).value_or(0);
  scope.end = end_of(*function, scope.entry);
  return scope;
}

Whereabouts DwarfInfo::locate(const Instance& instance, std::uint64_t address, const Variable& variable) {
  Dwarf_Die die, scope_die;
  if (!find_die(dwarf_, variable.key, die) || !find_die(dwarf_, instance.scope, scope_die))
    return Unavailable{Reason::optimised_out, "its debug information cannot be read"};
  if (variable.role == Role::global && is_flagged(die, DW_AT_external)) {
    const Whereabouts at = locate_variable(die, false, address, Scope{.dwarf = dwarf_, .file = &binary_->file});
    const auto* missing = std::get_if<Unavailable>(&at);
    if (missing != nullptr && missing->reason == Reason::thread_local_) return at;
    const char* mangled = linkage_name_of(die);
    return Location{.kind = Location::Kind::memory, .base = path::Symbol{mangled != nullptr ? mangled : variable.name}};
  }
  Scope scope = scope_at(scope_die, address);
  if (entry_of(scope_die) == address) scope.entry_view = number(scope_die, DW_AT_GNU_entry_view).value_or(0);
  Whereabouts at = locate_variable(die, variable.role == Role::parameter, address, scope);
  if (auto* missing = std::get_if<Unavailable>(&at); missing != nullptr && missing->reason == Reason::not_here)
    missing->hint = hint_elsewhere(die, address, scope);
  return instance.language == Language::go && is_moved_to_heap(die) ? follow(std::move(at)) : at;
}

std::vector<Returned> DwarfInfo::find_returned(const Instance& instance) {
  Dwarf_Die die;
  if (instance.language != Language::go || !find_die(dwarf_, instance.scope, die)) return {};
  return go_returned(die, types());
}

std::vector<AddressRange> DwarfInfo::live_ranges(const Instance& instance, const Variable& variable) {
  Dwarf_Die die;
  if (!find_die(dwarf_, variable.key, die)) return {};
  return location_ranges(die, {instance.address, instance.end});
}

std::uint64_t DwarfInfo::body_address(const Instance& instance) {
  Dwarf_Die die;
  if (!find_die(dwarf_, instance.scope, die)) return instance.address;
  return prologue_end(die, instance.address, instance.end);
}

type::Id DwarfInfo::find_result_type(const Instance& instance) {
  Dwarf_Die die;
  return !find_die(dwarf_, instance.scope, die) ? type::Id{} : type_of(die);
}

// The assembler tells of functions, and nothing of what they return.
bool DwarfInfo::returns_void(const Instance& instance) {
  Dwarf_Die die, unit;
  return find_die(dwarf_, instance.scope, die) && dwarf_tag(&die) == DW_TAG_subprogram &&
         !has_attribute(die, DW_AT_type) && dwarf_diecu(&die, &unit, nullptr, nullptr) != nullptr &&
         dwarf_srclang(&unit) != DW_LANG_Mips_Assembler;
}

std::vector<std::string> DwarfInfo::function_names() {
  std::vector<std::string> names;
  for (const Symbol& symbol : binary_->symbols.all())
    if (symbol.is_function) names.emplace_back(symbol.name);
  return names;
}

}  // namespace

Result<std::unique_ptr<Info>> open_dwarf(std::shared_ptr<const Binary> binary, const Cache& cache) {
  const std::string& path = binary->file.path();
  if (!has_dwarf(binary->file))
    return fail({.what = "'" + path + "' has no debug information",
                 .hint = "install the package with its debug symbols, or build with -g",
                 .status = Status::not_possible});
  if (!binary->file.is_relocatable() && has_compressed_sections(binary->file)) {
    DTP_TRY(ElfFile image, inflate(binary->file, cache));
    Symbols symbols = Symbols::of_elf(image);
    binary = std::make_shared<const Binary>(Binary{std::move(image), std::move(symbols)});
  }
  DTP_TRY(DwarfFiles files, DwarfFiles::open(binary, cache));
  return std::make_unique<DwarfInfo>(std::move(binary), std::move(files), cache);
}

}  // namespace dtp::debug
