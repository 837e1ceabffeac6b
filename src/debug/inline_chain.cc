#include "debug/inline_chain.h"

#include <llvm/DebugInfo/DWARF/DWARFDebugAbbrev.h>
#include <llvm/DebugInfo/DWARF/DWARFFormValue.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace dtp::debug {
namespace {

using namespace llvm::dwarf;
using llvm::DWARFUnit;

// What no compiler writes.
constexpr std::size_t most_ranges = 4'000'000;  // of the functions of a unit, or of the calls in a function
constexpr std::size_t most_nested = 1000;       // calls in one another
constexpr std::size_t most_references = 16;     // from an instance to what has its name

class UnitReader {
 public:
  explicit UnitReader(DWARFUnit& unit)
      : unit_(&unit),
        data_(unit.getDebugInfoExtractor()),
        begin_(unit.getOffset() + unit.getHeaderSize()),
        end_(unit.getNextUnitOffset()) {}

  // None: the bytes are no DIE.
  std::optional<LoneDie> read(std::uint64_t offset) const {
    if (offset < begin_ || offset >= end_ || !is_inside(offset)) return std::nullopt;
    LoneDie die{.unit = unit_, .end = offset};
    const bool is_read =
        die.entry.extractFast(*unit_, &die.end, data_, end_, std::numeric_limits<std::uint32_t>::max());
    return is_read && die.end > offset && die.end <= end_ ? std::optional(die) : std::nullopt;
  }

  // Where the subtree ends.
  std::uint64_t behind(const LoneDie& top) const {
    if (!top.has_children()) return top.end;
    if (const auto sibling = sibling_of(top)) return *sibling;
    std::uint64_t at = top.end;
    for (std::size_t depth = 1; depth > 0;) {
      const auto die = read(at);
      if (!die) return end_;
      at = die->end;
      if (die->view().isNULL())
        --depth;
      else if (const auto sibling = die->has_children() ? sibling_of(*die) : std::nullopt)
        at = *sibling;
      else if (die->has_children())
        ++depth;
    }
    return at;
  }

 private:
  // LLVM steps over blocks whatever they say their size is, and reads numbers without a look at where that led.
  bool is_inside(std::uint64_t offset) const {
    const auto code = static_cast<std::uint32_t>(data_.getULEB128(&offset));
    const auto* declarations = unit_->getAbbreviations();
    const auto* declaration =
        code != 0 && declarations != nullptr ? declarations->getAbbreviationDeclaration(code) : nullptr;
    if (declaration == nullptr || declaration->getFixedAttributesByteSize(*unit_)) return true;
    for (const auto& attribute : declaration->attributes()) {
      if (offset > end_) return false;
      if (const auto size = attribute.getByteSize(*unit_))
        offset += *size;
      else if (!llvm::DWARFFormValue::skipValue(attribute.Form, data_, &offset, unit_->getFormParams()))
        return false;
    }
    return true;
  }

  std::optional<std::uint64_t> sibling_of(const LoneDie& die) const {
    const auto value = die.view().find(DW_AT_sibling);
    const auto offset = value ? value->getAsRelativeReference() : std::nullopt;
    if (!offset || *offset >= end_ - unit_->getOffset() || unit_->getOffset() + *offset < die.end) return std::nullopt;
    return unit_->getOffset() + *offset;
  }

  DWARFUnit* unit_;
  llvm::DWARFDataExtractor data_;
  std::uint64_t begin_, end_;
};

// The DIEs below one, in the order of the section.
class Walk {
 public:
  Walk(const UnitReader& reader, const LoneDie& top)
      : reader_(reader), at_(top.end), depth_(top.has_children() ? 1 : 0) {}

  std::optional<LoneDie> next() {
    while (depth_ > 0) {
      const auto die = reader_.read(at_);
      if (!die) return std::nullopt;
      at_ = die->end;
      if (die->view().isNULL()) {
        --depth_;
        continue;
      }
      if (die->has_children()) ++depth_;
      return die;
    }
    return std::nullopt;
  }

  // What is below the one that came last.
  void skip_children(const LoneDie& last) {
    if (!last.has_children()) return;
    at_ = reader_.behind(last);
    --depth_;
  }

  // Of the children of the one that came last, if it has any.
  std::size_t depth() const { return depth_; }

 private:
  const UnitReader& reader_;
  std::uint64_t at_;
  std::size_t depth_;
};

llvm::DWARFAddressRangesVector ranges_of(const LoneDie& die) {
  auto ranges = die.view().getAddressRanges();
  if (ranges) return std::move(*ranges);
  llvm::consumeError(ranges.takeError());
  return {};
}

std::optional<LoneDie> referred(const LoneDie& die, Attribute attribute) {
  const auto value = die.view().find(attribute);
  if (!value) return std::nullopt;
  DWARFUnit* unit = die.unit;
  std::uint64_t offset = 0;
  if (const auto relative = value->getAsRelativeReference()) {
    offset = unit->getOffset() + *relative;
  } else if (const auto absolute = value->getAsDebugInfoReference()) {
    offset = *absolute;
    unit = unit->getUnitVector().getUnitForOffset(offset);
  } else {
    return std::nullopt;
  }
  // The unit's own DIE says where its strings are.
  if (unit == nullptr || !unit->getUnitDIE()) return std::nullopt;
  return UnitReader(*unit).read(offset);
}

bool is_block(Tag tag) { return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block; }

enum class Scope { namespaces, everywhere };

SubroutineTable functions_of(DWARFUnit& unit, Scope scope) {
  SubroutineTable table;
  const UnitReader reader(unit);
  const llvm::DWARFDie unit_die = unit.getUnitDIE();
  const auto top = unit_die ? reader.read(unit_die.getOffset()) : std::nullopt;
  if (!top) return table;
  Walk walk(reader, *top);
  while (const auto die = table.is_full() ? std::nullopt : walk.next()) {
    const Tag tag = die->view().getTag();
    if (tag == DW_TAG_subprogram) table.add(*die, 0);
    if (scope == Scope::namespaces && tag != DW_TAG_namespace && tag != DW_TAG_module) walk.skip_children(*die);
  }
  table.sort();
  return table;
}

// The function and the calls inlined in it.
SubroutineTable calls_of(DWARFUnit& unit, std::uint64_t function) {
  struct Open {
    std::size_t call = 0;
    std::size_t depth = 0;
  };
  SubroutineTable table;
  const UnitReader reader(unit);
  const auto top = reader.read(function);
  if (!top) return table;
  std::vector<Open> around{{table.add(*top, 0), 0}};
  Walk walk(reader, *top);
  while (const auto die = table.is_full() ? std::nullopt : walk.next()) {
    const std::size_t depth = walk.depth() - (die->has_children() ? 1 : 0);
    while (around.back().depth >= depth) around.pop_back();
    const Tag tag = die->view().getTag();
    const bool is_call = tag == DW_TAG_inlined_subroutine && around.size() < most_nested;
    if (is_call)
      around.push_back({table.add(*die, around.back().call), depth});
    else if (!is_block(tag))
      walk.skip_children(*die);
  }
  table.sort();
  return table;
}

}  // namespace

const char* name_of(const LoneDie& subroutine) {
  const char* plain = nullptr;
  auto die = std::optional(subroutine);
  for (std::size_t i = 0; i < most_references && die; ++i) {
    const auto linkage = die->view().find({DW_AT_MIPS_linkage_name, DW_AT_linkage_name});
    if (const char* name = toString(linkage, nullptr)) return name;
    if (plain == nullptr) plain = toString(die->view().find(DW_AT_name), nullptr);
    auto origin = referred(*die, DW_AT_abstract_origin);
    die = origin ? origin : referred(*die, DW_AT_specification);
  }
  return plain;
}

std::size_t SubroutineTable::add(const LoneDie& die, std::size_t outer) {
  for (const llvm::DWARFAddressRange& range : ranges_of(die))
    if (range.LowPC < range.HighPC) ranges_.push_back({range.LowPC, range.HighPC, 0, subroutines_.size()});
  subroutines_.push_back({die.entry.getOffset(), outer});
  return subroutines_.size() - 1;
}

bool SubroutineTable::is_full() const { return ranges_.size() > most_ranges; }

void SubroutineTable::sort() {
  std::ranges::stable_sort(ranges_, {}, &Range::low);
  std::uint64_t reach = 0;
  for (Range& range : ranges_) range.reach = reach = std::max(reach, range.high);
}

const SubroutineTable::Subroutine* SubroutineTable::find(std::uint64_t address) const {
  auto behind = std::ranges::upper_bound(ranges_, address, {}, &Range::low);
  while (behind != ranges_.begin() && (behind - 1)->reach > address)
    if (--behind; behind->high > address) return &subroutines_[behind->subroutine];
  return nullptr;
}

const SubroutineTable::Subroutine* UnitFunctions::find(std::uint64_t address) {
  if (!plain_) plain_ = functions_of(*unit_, Scope::namespaces);
  if (const auto* found = plain_->find(address)) return found;
  if (!nested_) nested_ = functions_of(*unit_, Scope::everywhere);
  return nested_->find(address);
}

std::vector<LoneDie> UnitFunctions::at(std::uint64_t address) {
  const auto* function = find(address);
  if (function == nullptr) return {};
  const auto [place, is_new] = calls_.try_emplace(function->die);
  SubroutineTable& calls = place->second;
  if (is_new) calls = calls_of(*unit_, function->die);
  const UnitReader reader(*unit_);
  std::vector<LoneDie> chain;
  for (const auto* call = calls.find(address); call != nullptr; call = &calls[call->outer]) {
    const auto die = reader.read(call->die);
    if (!die) return {};
    chain.push_back(*die);
    if (call->die == function->die) break;
  }
  return chain;
}

}  // namespace dtp::debug
