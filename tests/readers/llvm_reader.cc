#include "readers/llvm_reader.h"

#include <fmt/format.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDie.h>
#include <llvm/DebugInfo/DWARF/DWARFExpression.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace dtp::readers {
namespace {

using namespace llvm::dwarf;
using llvm::DWARFDie;

std::optional<std::uint64_t> number(const DWARFDie& die, Attribute name) {
  return llvm::dwarf::toUnsigned(die.findRecursively({name}));
}

std::string name_of(const DWARFDie& die) {
  const char* name = die.getShortName();
  return name == nullptr ? "" : name;
}

DWARFDie type_of(const DWARFDie& die) {
  const auto value = die.findRecursively({DW_AT_type});
  return value ? die.getAttributeValueAsReferencedDie(*value) : DWARFDie();
}

bool is_flagged(const DWARFDie& die, Attribute name) { return number(die, name).value_or(0) != 0; }

struct Range {
  std::uint64_t begin = 0, end = 0;
};

// The range with the entry.
std::optional<Range> code_of(const DWARFDie& die) {
  auto ranges = die.getAddressRanges();
  if (!ranges) {
    llvm::consumeError(ranges.takeError());
    return std::nullopt;
  }
  if (ranges->empty()) return std::nullopt;
  std::uint64_t entry = ranges->front().LowPC;
  if (const auto low = llvm::dwarf::toAddress(die.find(DW_AT_low_pc)); low && *low != 0) entry = *low;
  if (const auto value = die.find(DW_AT_entry_pc)) {
    if (const auto address = value->getAsAddress())
      entry = *address;
    else if (const auto offset = value->getAsUnsignedConstant())
      entry += *offset;
  }
  for (const llvm::DWARFAddressRange& range : *ranges)
    if (entry >= range.LowPC && entry < range.HighPC && entry != 0) return Range{entry, range.HighPC};
  return std::nullopt;
}

// --- locations at a function's entry -------------------------------------------------------------------------------

class Location {
 public:
  Location(const DWARFDie& function, Range code) : function_(function), code_(code) {}

  std::string of(const DWARFDie& variable) {
    if (variable.find(DW_AT_const_value)) {
      const auto value = llvm::dwarf::toSigned(variable.find(DW_AT_const_value));
      return value ? constant(*value) : std::string(somewhere);
    }
    auto all = variable.getLocations(DW_AT_location);
    if (!all) {
      llvm::consumeError(all.takeError());
      return nowhere;
    }
    const llvm::DWARFLocationExpression* found = nullptr;
    // What compilers insert at the entry, endbr64 and a call, leaves the parameters' registers alone.
    std::uint64_t nearest = std::min(code_.end, code_.begin + 10);
    for (const llvm::DWARFLocationExpression& one : *all) {
      if (one.Range && one.Range->LowPC == one.Range->HighPC) {
        if (one.Range->LowPC == code_.begin) return std::string(somewhere);  // views tell, which LLVM does not read
        continue;
      }
      if (!one.Range || (one.Range->LowPC <= code_.begin && code_.begin < one.Range->HighPC)) {
        found = &one;
        break;
      }
      if (one.Range->LowPC <= code_.begin || one.Range->LowPC >= nearest) continue;
      nearest = one.Range->LowPC;
      found = &one;
    }
    return found == nullptr || found->Expr.empty() ? nowhere : run(found->Expr);
  }

 private:
  struct Operation {
    unsigned code = 0;
    std::vector<std::uint64_t> operands = {};
  };

  std::vector<Operation> decode(llvm::ArrayRef<std::uint8_t> bytes) const {
    const llvm::DWARFUnit& unit = *function_.getDwarfUnit();
    llvm::DataExtractor data(llvm::toStringRef(bytes), true, unit.getAddressByteSize());
    std::vector<Operation> operations;
    for (const auto& operation : llvm::DWARFExpression(data, unit.getAddressByteSize(), unit.getFormat())) {
      if (operation.isError()) return {};
      operations.push_back(
          {operation.getCode(), {operation.getRawOperands().begin(), operation.getRawOperands().end()}});
    }
    return operations;
  }

  // One operation, or one and a stack_value behind it; all else is somewhere.
  std::string run(llvm::ArrayRef<std::uint8_t> bytes) const {
    const std::vector<Operation> operations = decode(bytes);
    for (const Operation& operation : operations)
      if (operation.code == DW_OP_piece || operation.code == DW_OP_bit_piece) return in_pieces;
    const bool is_value = operations.size() == 2 && operations[1].code == DW_OP_stack_value;
    if (operations.empty() || (operations.size() > 1 && !is_value)) return std::string(somewhere);
    const Operation& first = operations[0];
    if (first.code >= DW_OP_reg0 && first.code <= DW_OP_reg31) return in_numbered(first.code - DW_OP_reg0);
    if (first.code == DW_OP_regx) return in_numbered(first.operands[0]);
    if (first.code >= DW_OP_breg0 && first.code <= DW_OP_breg16) {
      const int base = static_cast<int>(first.code - DW_OP_breg0);
      const auto offset = static_cast<std::int64_t>(first.operands[0]);
      return is_value ? value_at(base, offset) : memory_at(base, offset);
    }
    if (first.code >= DW_OP_lit0 && first.code <= DW_OP_lit31 && is_value)
      return constant(static_cast<std::int64_t>(first.code - DW_OP_lit0));
    switch (first.code) {
      case DW_OP_addr: return is_value ? std::string(somewhere) : memory_at(first.operands[0]);
      case DW_OP_fbreg:
        return is_value ? std::string(somewhere) : in_frame(static_cast<std::int64_t>(first.operands[0]));
      case DW_OP_const1u:
      case DW_OP_const1s:
      case DW_OP_const2u:
      case DW_OP_const2s:
      case DW_OP_const4u:
      case DW_OP_const4s:
      case DW_OP_const8u:
      case DW_OP_const8s:
      case DW_OP_constu:
      case DW_OP_consts:
        return is_value ? constant(static_cast<std::int64_t>(first.operands[0])) : std::string(somewhere);
      default: return std::string(somewhere);
    }
  }

  static std::string in_numbered(std::uint64_t number) {
    constexpr std::uint64_t last_general = 16;
    return number > last_general ? nowhere : in_register(static_cast<int>(number));
  }

  // At the entry the frame begins above the return address. A frame that %rbp will point to has it two words below.
  std::string in_frame(std::int64_t offset) const {
    constexpr int rbp = 6, rsp = 7;
    constexpr std::int64_t word = 8;
    auto base = function_.getLocations(DW_AT_frame_base);
    if (!base) {
      llvm::consumeError(base.takeError());
      return std::string(somewhere);
    }
    if (base->size() != 1) return std::string(somewhere);
    const std::vector<Operation> operations = decode(base->front().Expr);
    if (operations.size() != 1) return std::string(somewhere);
    if (operations[0].code == DW_OP_call_frame_cfa) return memory_at(rsp, offset + word);
    if (operations[0].code == DW_OP_reg0 + rbp) return memory_at(rsp, offset - word);
    return std::string(somewhere);
  }

  const DWARFDie& function_;
  Range code_;
};

// --- types --------------------------------------------------------------------------------------------------------

class Types {
 public:
  explicit Types(Lines& lines) : lines_(lines) {}

  void describe(const DWARFDie& type, const std::string& path, const std::string& place, int pointers, int depth) {
    if (depth > deepest_type || lines_.size() > most_lines) return;
    const std::string head = path + ": " + place;
    if (!type) return add(head + "void");
    const auto target = [&](std::string_view suffix, int followed) {
      describe(type_of(type), path + std::string(suffix), "", pointers + followed, depth + 1);
    };
    const std::string text = name_of(type).empty() ? "" : " " + name_of(type);
    switch (type.getTag()) {
      case DW_TAG_base_type: return add(head + base(type) + text + size(type));
      case DW_TAG_pointer_type: add(head + "pointer 8"); return pointers < most_pointers ? target("*", 1) : void();
      case DW_TAG_reference_type:
      case DW_TAG_rvalue_reference_type:
        add(head + "reference 8");
        return pointers < most_pointers ? target("*", 1) : void();
      case DW_TAG_structure_type: return aggregate(type, path, head + "structure" + text, pointers, depth);
      case DW_TAG_union_type: return aggregate(type, path, head + "union" + text, pointers, depth);
      case DW_TAG_class_type: return aggregate(type, path, head + "class" + text, pointers, depth);
      case DW_TAG_enumeration_type: return enumeration(type, path, head + "enumeration" + text);
      case DW_TAG_array_type: return array(type, path, head, pointers, depth);
      case DW_TAG_subroutine_type: return add(head + "function");
      case DW_TAG_typedef: add(head + "typedef" + text); return target("", 0);
      case DW_TAG_const_type:
      case DW_TAG_volatile_type:
      case DW_TAG_restrict_type:
      case DW_TAG_atomic_type: add(head + "qualified"); return target("", 0);
      case DW_TAG_unspecified_type: return add(head + "void");
      default: return add(head + "unknown" + text);
    }
  }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  static std::string size(const DWARFDie& type) {
    return " " + std::to_string(number(type, DW_AT_byte_size).value_or(0));
  }

  static std::string base(const DWARFDie& type) {
    switch (number(type, DW_AT_encoding).value_or(0)) {
      case DW_ATE_boolean: return "boolean";
      case DW_ATE_float:
      case DW_ATE_complex_float:
      case DW_ATE_imaginary_float:
      case DW_ATE_decimal_float: return "floating";
      case DW_ATE_signed_char: return "signed character";
      case DW_ATE_unsigned_char: return "character";
      case DW_ATE_signed: return "signed integer";
      default: return "integer";
    }
  }

  // In bits from the least significant one of the aggregate. Until DWARF 4 a bitfield may be told by its distance from
  // the most significant bit of its storage unit.
  static std::uint64_t bit_offset(const DWARFDie& member, std::uint64_t width) {
    if (const auto bits = number(member, DW_AT_data_bit_offset)) return *bits;
    const std::uint64_t begin = number(member, DW_AT_data_member_location).value_or(0) * 8;
    const auto from_top = number(member, DW_AT_bit_offset);
    if (!from_top || width == 0) return begin;
    const std::uint64_t storage = number(member, DW_AT_byte_size).value_or(type_of(member).getTypeSize(8).value_or(0));
    return begin + storage * 8 - *from_top - width;
  }

  // Bases and members, those of Rust's variants among them.
  static std::vector<DWARFDie> members_of(const DWARFDie& type) {
    std::vector<DWARFDie> members;
    for (const DWARFDie& child : type.children()) {
      const bool is_member = child.getTag() == DW_TAG_member && !is_flagged(child, DW_AT_external);
      if (is_member || child.getTag() == DW_TAG_inheritance) members.push_back(child);
      if (child.getTag() != DW_TAG_variant_part) continue;
      for (const DWARFDie& variant : child.children())
        for (const DWARFDie& member : variant.children())
          if (variant.getTag() == DW_TAG_variant && member.getTag() == DW_TAG_member) members.push_back(member);
    }
    return members;
  }

  void aggregate(const DWARFDie& type, const std::string& path, const std::string& head, int pointers, int depth) {
    add(head + (is_flagged(type, DW_AT_declaration) ? " declared" : "") + size(type));
    for (const DWARFDie& member : members_of(type)) {
      const bool is_base = member.getTag() == DW_TAG_inheritance;
      const std::uint64_t width = number(member, DW_AT_bit_size).value_or(0);
      const bool is_virtual = number(member, DW_AT_virtuality) == DW_VIRTUALITY_virtual;
      std::string place = is_virtual ? "virtual " : fmt::format("@{} ", bit_offset(member, width));
      if (width > 0) place = fmt::format("@{}:{} ", bit_offset(member, width), width);
      describe(type_of(member), path + "." + (is_base ? "" : name_of(member)), place, pointers, depth + 1);
    }
  }

  void enumeration(const DWARFDie& type, const std::string& path, const std::string& head) {
    add(head + size(type));
    for (const DWARFDie& child : type.children()) {
      if (child.getTag() != DW_TAG_enumerator) continue;
      const auto value = child.find(DW_AT_const_value);
      // A form of so many bytes has no sign of its own.
      const bool has_sign = value && (value->getForm() == DW_FORM_sdata || value->getForm() == DW_FORM_implicit_const);
      const std::int64_t bits = !value     ? 0
                                : has_sign ? *value->getAsSignedConstant()
                                           : static_cast<std::int64_t>(value->getRawUValue());
      add(fmt::format("{}.{} = {}", path, name_of(child), bits));
    }
  }

  void array(const DWARFDie& type, std::string path, std::string head, int pointers, int depth) {
    for (const DWARFDie& child : type.children()) {
      if (child.getTag() != DW_TAG_subrange_type) continue;
      const auto count = number(child, DW_AT_count);
      const auto upper = llvm::dwarf::toSigned(child.find(DW_AT_upper_bound));
      std::string text = "?";
      if (count)
        text = std::to_string(*count);
      else if (upper && *upper >= -1)
        text = std::to_string(*upper + 1);
      add(head + "array " + text);
      path += "[]";
      head = path + ": ";
    }
    describe(type_of(type), path, "", pointers, depth + 1);
  }

  Lines& lines_;
};

// --- a function ---------------------------------------------------------------------------------------------------

Lines describe_function(const DWARFDie& function, Range code) {
  Lines lines{fmt::format("function {} {:#x}..{:#x}", name_of(function), code.begin, code.end)};
  Location location(function, code);
  Types types(lines);
  std::set<std::string> seen;
  for (const DWARFDie& child : function.children()) {
    if (child.getTag() != DW_TAG_formal_parameter || is_flagged(child, DW_AT_variable_parameter)) continue;
    const std::string name = name_of(child);
    // Go's compiler has parameters of its own; of a pack all have one name, which the first one gets.
    if (name.empty() || name.starts_with('&') || name.starts_with('.') || !seen.insert(name).second) continue;
    lines.push_back("parameter " + name + " " + location.of(child));
    types.describe(type_of(child), name, "", 0, 0);
  }
  lines.push_back("result");
  types.describe(type_of(function), "()", "", 0, 0);
  return lines;
}

}  // namespace

struct LlvmReader::Parts {
  llvm::object::OwningBinary<llvm::object::ObjectFile> object = {};
  std::unique_ptr<llvm::DWARFContext> context = {};
  std::vector<llvm::DWARFUnit*> units = {};
  std::size_t described = static_cast<std::size_t>(-1);  // the unit whose functions are known
  std::map<std::uint64_t, std::pair<DWARFDie, Range>> functions = {};

  void find_functions(std::size_t unit) {
    if (described == unit) return;
    described = unit;
    functions.clear();
    for (const llvm::DWARFDebugInfoEntry& entry : units[unit]->dies()) {
      const DWARFDie die(units[unit], &entry);
      if (die.getTag() != DW_TAG_subprogram) continue;
      if (const auto code = code_of(die)) functions.try_emplace(code->begin, die, *code);
    }
  }
};

LlvmReader::LlvmReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LlvmReader::~LlvmReader() = default;

std::unique_ptr<LlvmReader> LlvmReader::open(const std::string& path) {
  auto object = llvm::object::ObjectFile::createObjectFile(path);
  if (!object) {
    llvm::consumeError(object.takeError());
    return nullptr;
  }
  auto parts = std::make_unique<Parts>();
  parts->object = std::move(*object);
  // The relocations that vmlinux has are applied already.
  parts->context =
      llvm::DWARFContext::create(*parts->object.getBinary(), llvm::DWARFContext::ProcessDebugRelocations::Ignore);
  for (const auto& unit : parts->context->compile_units()) parts->units.push_back(unit.get());
  return std::unique_ptr<LlvmReader>(new LlvmReader(std::move(parts)));
}

std::size_t LlvmReader::units() const { return parts_->units.size(); }

std::vector<std::uint64_t> LlvmReader::entries(std::size_t unit) {
  parts_->find_functions(unit);
  std::vector<std::uint64_t> entries;
  for (const auto& [entry, function] : parts_->functions) entries.push_back(entry);
  return entries;
}

Lines LlvmReader::describe(std::size_t unit, std::uint64_t entry) {
  parts_->find_functions(unit);
  const auto found = parts_->functions.find(entry);
  return found == parts_->functions.end() ? Lines{} : describe_function(found->second.first, found->second.second);
}

std::vector<LlvmReader::Statement> LlvmReader::statements(std::size_t unit) {
  std::vector<Statement> statements;
  const auto* table = parts_->context->getLineTableForUnit(parts_->units[unit]);
  if (table == nullptr) return statements;
  const char* directory = parts_->units[unit]->getCompilationDir();
  for (const auto& row : table->Rows) {
    std::string file;
    if (row.EndSequence || !row.IsStmt || row.Line == 0 ||
        !table->getFileNameByIndex(row.File, directory == nullptr ? "" : directory,
                                   llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath, file))
      continue;
    statements.push_back({row.Address.Address, std::move(file), row.Line});
  }
  return statements;
}

std::vector<LlvmReader::Statement> LlvmReader::statements_at(std::uint64_t address) {
  std::vector<Statement> found;
  const llvm::DWARFUnit* unit = parts_->context->getCompileUnitForCodeAddress(address);
  const auto at = std::ranges::find(parts_->units, unit);
  if (at == parts_->units.end()) return found;
  for (Statement& statement : statements(static_cast<std::size_t>(at - parts_->units.begin())))
    if (statement.address == address) found.push_back(std::move(statement));
  return found;
}

}  // namespace dtp::readers
