// A function that is inlined somewhere has an abstract DIE, which says what it is and has no code; bodies and copies
// refer to it by DW_AT_abstract_origin (DWARF 5, 3.3.8). Copies stand within the DIEs of the functions that they were
// inlined into, so those are walked, but only in units that have an abstract DIE of interest.
#include "debug/dwarf_functions.h"

#include <dwarf.h>

#include <string>
#include <unordered_map>

#include "debug/dwarf_die.h"
#include "debug/dwarf_language.h"
#include "debug/source_path.h"

namespace dtp::debug {
namespace {

constexpr std::size_t unwanted = static_cast<std::size_t>(-1);

class Collector {
 public:
  explicit Collector(const NameFilter& is_wanted) : is_wanted_(is_wanted) {}

  // `refers`: to abstract DIEs that other units have.
  void add_unit(Dwarf_Die& unit, bool refers) {
    roots_.clear();
    callers_.clear();
    has_inlined_ = false;
    auto visit = [this](Dwarf_Die& child) {
      switch (dwarf_tag(&child)) {
        case DW_TAG_subprogram: add_function(child); return false;
        case DW_TAG_namespace:
        case DW_TAG_class_type:
        case DW_TAG_structure_type: return true;
        default: return false;
      }
    };
    walk(unit, visit);
    if (!has_inlined_ && !refers) return;
    auto count = [&](Dwarf_Die& child) {
      const int tag = dwarf_tag(&child);
      if (tag == DW_TAG_inlined_subroutine) count_copy(child, refers);
      return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_subprogram;
    };
    for (Dwarf_Die& caller : callers_) walk(caller, count);
  }

  std::vector<FunctionSummary> take() {
    std::erase_if(found_, [](const FunctionSummary& f) { return f.bodies.empty() && f.inlined == 0; });
    return std::move(found_);
  }

 private:
  void add_function(Dwarf_Die& die) {
    const auto entry = entry_of(die);
    const bool has_code = entry && *entry != 0;
    if (has_code) callers_.push_back(die);
    if (!has_code && !has_attribute(die, DW_AT_inline)) return;
    const std::size_t index = index_of(origin_or_self(die));
    if (index == unwanted) return;
    if (has_code)
      found_[index].bodies.push_back({*entry, end_of(die, *entry)});
    else
      has_inlined_ = true;
  }

  void count_copy(Dwarf_Die& die, bool refers) {
    Dwarf_Die root = origin_or_self(die);
    const auto known = roots_.find(key_of(root));
    const std::size_t index = known != roots_.end() ? known->second : refers ? index_of(root) : unwanted;
    if (index != unwanted && !is_split_head(die, root)) ++found_[index].inlined;
  }

  std::size_t index_of(Dwarf_Die root) {
    const auto [known, is_new] = roots_.emplace(key_of(root), unwanted);
    if (!is_new) return known->second;
    const char* name = dwarf_diename(&root);
    if (name == nullptr) return unwanted;
    const char* linkage_name = linkage_name_of(root);
    if (!is_wanted_(name, linkage_name == nullptr ? "" : linkage_name)) return unwanted;
    int line = 0;
    dwarf_decl_line(&root, &line);
    FunctionSummary summary{.name = linkage_name == nullptr ? name : linkage_name,
                            .file = declared_file(root),
                            .line = static_cast<unsigned>(line)};
    std::string key = summary.name + '\0' + summary.file + '\0' + std::to_string(line);
    const auto [same, is_first] = by_place_.emplace(std::move(key), found_.size());
    if (is_first) found_.push_back(std::move(summary));
    return known->second = same->second;
  }

  const NameFilter& is_wanted_;
  std::vector<FunctionSummary> found_ = {};
  std::unordered_map<std::string, std::size_t> by_place_ = {};  // a header's function is met in many units
  std::unordered_map<std::uint64_t, std::size_t> roots_ = {};   // of this unit, by key
  std::vector<Dwarf_Die> callers_ = {};
  bool has_inlined_ = false;
};

}  // namespace

std::vector<FunctionRange> functions_of_unit(Dwarf_Die& unit) {
  std::vector<FunctionRange> found;
  const bool has_methods = language_of(unit) == Language::rust;
  auto visit = [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_subprogram || is_declaration(child)) return is_scope(tag, has_methods);
    Dwarf_Addr base = 0, begin = 0, end = 0;
    for (std::ptrdiff_t at = 0; (at = dwarf_ranges(&child, at, &base, &begin, &end)) > 0;)
      found.push_back({begin, end, child});
    return false;
  };
  walk(unit, visit);
  return found;
}

std::optional<Dwarf_Die> declaration_in(Dwarf_Die& unit, const std::string& name, const std::string& file) {
  Dwarf_Die die;
  if (dwarf_child(&unit, &die) != 0) return std::nullopt;
  do {
    if (dwarf_tag(&die) != DW_TAG_subprogram || is_declaration(die) || name_of(die) != name) continue;
    const std::string declared = declared_file(die);
    const bool has_code = entry_of(die).has_value() || has_attribute(die, DW_AT_inline);
    if (has_code && !declared.empty() && matches_tail(declared, file)) return die;
  } while (dwarf_siblingof(&die, &die) == 0);
  return std::nullopt;
}

std::vector<FunctionSummary> list_dwarf_functions(const DwarfFiles& files, const NameFilter& is_wanted) {
  Collector collector(is_wanted);
  files.each_unit([&](Dwarf_Die& unit, bool refers) {
    collector.add_unit(unit, refers);
    return false;
  });
  return collector.take();
}

std::string find_abstract_function(const DwarfFiles& files, const std::string& name) {
  std::string file;
  const auto visit = [&](Dwarf_Die& child) {
    const char* own = dwarf_tag(&child) == DW_TAG_subprogram ? dwarf_diename(&child) : nullptr;
    if (own != nullptr && own == name && has_attribute(child, DW_AT_inline)) file = declared_file(child);
    return dwarf_tag(&child) == DW_TAG_namespace;
  };
  files.each_unit_mentioning(name, [&](Dwarf_Die& unit, bool) {
    walk(unit, visit);
    return !file.empty();
  });
  return file;
}

}  // namespace dtp::debug
