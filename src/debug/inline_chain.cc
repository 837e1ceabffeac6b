#include "debug/inline_chain.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace dtp::debug {
namespace {

using namespace llvm::dwarf;
using llvm::DWARFUnit;

// What no compiler writes.
constexpr std::size_t most_ranges = 4'000'000;  // of one unit's functions
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
    if (offset < begin_ || offset >= end_) return std::nullopt;
    LoneDie die{.unit = unit_, .end = offset};
    const bool is_read =
        die.entry.extractFast(*unit_, &die.end, data_, end_, std::numeric_limits<std::uint32_t>::max());
    return is_read && die.end > offset ? std::optional(die) : std::nullopt;
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

// Where the range with the address begins; the last such range, and there should be one at most.
std::optional<std::uint64_t> begin_of_range(const llvm::DWARFAddressRangesVector& ranges, std::uint64_t address) {
  for (const llvm::DWARFAddressRange& range : ranges)
    if (range.LowPC <= address && address < range.HighPC) return range.LowPC;
  return std::nullopt;
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

struct InlinedCall {
  LoneDie die = {};
  std::size_t depth = 0;
  std::size_t outer = 0;  // the index of the one around it, among those that were found
};

// Of calls that overlap, the one that begins last, and of those the last one: LLVM's rule.
std::vector<LoneDie> chain_of(const UnitReader& reader, const LoneDie& function, std::uint64_t begin,
                              std::uint64_t address) {
  std::vector<InlinedCall> found{{.die = function}};
  std::size_t around = 0, innermost = 0;
  Walk walk(reader, function);
  while (const auto die = walk.next()) {
    const std::size_t depth = walk.depth() - (die->has_children() ? 1 : 0);
    while (found[around].depth >= depth) around = found[around].outer;
    const Tag tag = die->view().getTag();
    const bool is_call = tag == DW_TAG_inlined_subroutine;
    const auto ranges = is_call || is_block(tag) ? ranges_of(*die) : llvm::DWARFAddressRangesVector();
    const auto low = begin_of_range(ranges, address);
    const bool is_around = low || (is_block(tag) && ranges.empty());
    if (is_call && low) {
      found.push_back({*die, depth, around});
      around = found.size() - 1;
      if (*low >= begin) {
        begin = *low;
        innermost = around;
      }
    }
    if (!is_around) walk.skip_children(*die);
  }
  std::vector<LoneDie> chain;
  for (std::size_t i = innermost; i != 0; i = found[i].outer) chain.push_back(found[i].die);
  chain.push_back(function);
  return chain;
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

UnitFunctions::Table UnitFunctions::list(Scope scope) const {
  Table table;
  const UnitReader reader(*unit_);
  const llvm::DWARFDie unit = unit_->getUnitDIE();
  const auto top = unit ? reader.read(unit.getOffset()) : std::nullopt;
  if (!top) return table;
  Walk walk(reader, *top);
  while (const auto die = walk.next()) {
    const Tag tag = die->view().getTag();
    if (tag == DW_TAG_subprogram) {
      for (const llvm::DWARFAddressRange& range : ranges_of(*die))
        if (range.LowPC < range.HighPC) table.push_back({range.LowPC, range.HighPC, 0, die->entry.getOffset()});
      if (table.size() > most_ranges) break;
    }
    if (scope == Scope::namespaces && tag != DW_TAG_namespace && tag != DW_TAG_module) walk.skip_children(*die);
  }
  std::ranges::stable_sort(table, {}, &Range::low);
  std::uint64_t reach = 0;
  for (Range& range : table) range.reach = reach = std::max(reach, range.high);
  return table;
}

// Of functions that overlap, the one that begins last, and of those the last one: LLVM's rule.
const UnitFunctions::Range* UnitFunctions::find(const Table& table, std::uint64_t address) {
  auto behind = std::ranges::upper_bound(table, address, {}, &Range::low);
  while (behind != table.begin() && (behind - 1)->reach > address)
    if (--behind; behind->high > address) return &*behind;
  return nullptr;
}

std::vector<LoneDie> UnitFunctions::at(std::uint64_t address) {
  if (!plain_) plain_ = list(Scope::namespaces);
  const Range* range = find(*plain_, address);
  if (range == nullptr) {
    if (!nested_) nested_ = list(Scope::everywhere);
    range = find(*nested_, address);
  }
  if (range == nullptr) return {};
  const UnitReader reader(*unit_);
  const auto function = reader.read(range->die);
  return function ? chain_of(reader, *function, range->low, address) : std::vector<LoneDie>();
}

}  // namespace dtp::debug
