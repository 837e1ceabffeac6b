#include "readers/llvm_info.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDie.h>
#include <llvm/DebugInfo/DWARF/DWARFExpression.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/pattern.h"
#include "readers/facts.h"

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

using debug::Whereabouts;
using Kind = debug::Location::Kind;

Whereabouts nowhere() { return debug::Unavailable{.reason = debug::Reason::not_here, .text = "nowhere"}; }

// There is an expression, and it is more than this reader understands.
Whereabouts not_understood() {
  return debug::Unavailable{.reason = debug::Reason::computed, .text = std::string(somewhere)};
}

Whereabouts in_pieces() { return debug::Location{.kind = Kind::pieces}; }

Whereabouts constant(std::int64_t value) { return debug::Location{.kind = Kind::value, .base = path::Constant{value}}; }

Whereabouts value_at(int number, std::int64_t offset) {
  return debug::Location{.kind = Kind::value, .base = path::Register{number}, .offset = offset};
}

Whereabouts memory_at(int number, std::int64_t offset) {
  return debug::Location{.kind = Kind::memory, .base = path::Register{number}, .offset = offset};
}

Whereabouts memory_at(std::uint64_t address) {
  return debug::Location{.kind = Kind::memory, .base = path::Address{address}};
}

class EntryPlaces {
 public:
  EntryPlaces(const DWARFDie& function, Range code) : function_(function), code_(code) {}

  Whereabouts of(const DWARFDie& variable) {
    if (variable.find(DW_AT_const_value)) {
      const auto value = llvm::dwarf::toSigned(variable.find(DW_AT_const_value));
      return value ? constant(*value) : not_understood();
    }
    auto all = variable.getLocations(DW_AT_location);
    if (!all) {
      llvm::consumeError(all.takeError());
      return nowhere();
    }
    const llvm::DWARFLocationExpression* found = nullptr;
    // What compilers insert at the entry, endbr64 and a call, leaves the parameters' registers alone.
    std::uint64_t nearest = std::min(code_.end, code_.begin + 10);
    for (const llvm::DWARFLocationExpression& one : *all) {
      if (one.Range && one.Range->LowPC == one.Range->HighPC) {
        if (one.Range->LowPC == code_.begin) return not_understood();  // views tell, which LLVM does not read
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
    return found == nullptr || found->Expr.empty() ? nowhere() : run(found->Expr);
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
  Whereabouts run(llvm::ArrayRef<std::uint8_t> bytes) const {
    const std::vector<Operation> operations = decode(bytes);
    for (const Operation& operation : operations)
      if (operation.code == DW_OP_piece || operation.code == DW_OP_bit_piece) return in_pieces();
    const bool is_value = operations.size() == 2 && operations[1].code == DW_OP_stack_value;
    if (operations.empty() || (operations.size() > 1 && !is_value)) return not_understood();
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
      case DW_OP_addr: return is_value ? not_understood() : memory_at(first.operands[0]);
      case DW_OP_fbreg: return is_value ? not_understood() : in_frame(static_cast<std::int64_t>(first.operands[0]));
      case DW_OP_const1u:
      case DW_OP_const1s:
      case DW_OP_const2u:
      case DW_OP_const2s:
      case DW_OP_const4u:
      case DW_OP_const4s:
      case DW_OP_const8u:
      case DW_OP_const8s:
      case DW_OP_constu:
      case DW_OP_consts: return is_value ? constant(static_cast<std::int64_t>(first.operands[0])) : not_understood();
      default: return not_understood();
    }
  }

  static Whereabouts in_numbered(std::uint64_t number) {
    constexpr std::uint64_t last_general = 16;
    return number > last_general ? nowhere() : value_at(static_cast<int>(number), 0);
  }

  // At the entry the frame begins above the return address. A frame that %rbp will point to has it two words below.
  Whereabouts in_frame(std::int64_t offset) const {
    constexpr int rbp = 6, rsp = 7;
    constexpr std::int64_t word = 8;
    auto base = function_.getLocations(DW_AT_frame_base);
    if (!base) {
      llvm::consumeError(base.takeError());
      return not_understood();
    }
    if (base->size() != 1) return not_understood();
    const std::vector<Operation> operations = decode(base->front().Expr);
    if (operations.size() != 1) return not_understood();
    if (operations[0].code == DW_OP_call_frame_cfa) return memory_at(rsp, offset + word);
    if (operations[0].code == DW_OP_reg0 + rbp) return memory_at(rsp, offset - word);
    return not_understood();
  }

  DWARFDie function_;
  Range code_;
};

// --- types --------------------------------------------------------------------------------------------------------

using type::Type;

void fill_base(const DWARFDie& die, Type& type) {
  const std::uint64_t encoding = number(die, DW_AT_encoding).value_or(0);
  type.is_signed = encoding == DW_ATE_signed_char || encoding == DW_ATE_signed;
  switch (encoding) {
    case DW_ATE_boolean: type.kind = type::Kind::boolean; break;
    case DW_ATE_float:
    case DW_ATE_complex_float:
    case DW_ATE_imaginary_float:
    case DW_ATE_decimal_float: type.kind = type::Kind::floating; break;
    case DW_ATE_signed_char:
    case DW_ATE_unsigned_char: type.kind = type::Kind::character; break;
    default: type.kind = type::Kind::integer; break;
  }
}

// In bits from the least significant one of the aggregate. Until DWARF 4 a bitfield may be told by its distance from
// the most significant bit of its storage unit.
std::uint64_t bit_offset(const DWARFDie& member, std::uint64_t width) {
  if (const auto bits = number(member, DW_AT_data_bit_offset)) return *bits;
  const std::uint64_t begin = number(member, DW_AT_data_member_location).value_or(0) * 8;
  const auto from_top = number(member, DW_AT_bit_offset);
  if (!from_top || width == 0) return begin;
  const std::uint64_t storage = number(member, DW_AT_byte_size).value_or(type_of(member).getTypeSize(8).value_or(0));
  return begin + storage * 8 - *from_top - width;
}

// Bases and members, those of Rust's variants among them.
std::vector<DWARFDie> members_of(const DWARFDie& type) {
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

void fill_enumerators(const DWARFDie& die, Type& type) {
  for (const DWARFDie& child : die.children()) {
    if (child.getTag() != DW_TAG_enumerator) continue;
    const auto value = child.find(DW_AT_const_value);
    // A form of so many bytes has no sign of its own.
    const bool has_sign = value && (value->getForm() == DW_FORM_sdata || value->getForm() == DW_FORM_implicit_const);
    const std::int64_t bits = !value     ? 0
                              : has_sign ? *value->getAsSignedConstant()
                                         : static_cast<std::int64_t>(value->getRawUValue());
    type.enumerators.push_back({name_of(child), bits});
  }
}

std::vector<std::optional<std::uint64_t>> dimensions_of(const DWARFDie& array) {
  std::vector<std::optional<std::uint64_t>> dimensions;
  for (const DWARFDie& child : array.children()) {
    if (child.getTag() != DW_TAG_subrange_type) continue;
    const auto count = number(child, DW_AT_count);
    const auto upper = llvm::dwarf::toSigned(child.find(DW_AT_upper_bound));
    if (count)
      dimensions.push_back(*count);
    else
      dimensions.push_back(upper && *upper >= -1 ? std::optional(static_cast<std::uint64_t>(*upper + 1))
                                                 : std::nullopt);
  }
  return dimensions;
}

type::Kind kind_of(Tag tag) {
  switch (tag) {
    case DW_TAG_pointer_type: return type::Kind::pointer;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: return type::Kind::reference;
    case DW_TAG_structure_type: return type::Kind::structure;
    case DW_TAG_union_type: return type::Kind::union_;
    case DW_TAG_class_type: return type::Kind::class_;
    case DW_TAG_enumeration_type: return type::Kind::enumeration;
    case DW_TAG_array_type: return type::Kind::array;
    case DW_TAG_subroutine_type: return type::Kind::function;
    case DW_TAG_typedef: return type::Kind::typedef_;
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type: return type::Kind::qualifier;
    case DW_TAG_unspecified_type: return type::Kind::void_;
    default: return type::Kind::unknown;
  }
}

constexpr auto relative_paths = llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath;

// Go before 1.20 has no line of the function, but one of its parameters.
unsigned declared_line(const DWARFDie& function) {
  std::uint64_t line = function.getDeclLine();
  for (const DWARFDie& child : function.children())
    if (line == 0 && child.getTag() == DW_TAG_formal_parameter) line = child.getDeclLine();
  return static_cast<unsigned>(line);
}

bool begins_at(const DWARFDie& die, std::uint64_t address) {
  if (llvm::dwarf::toAddress(die.find(DW_AT_entry_pc)) == address) return true;
  auto ranges = die.getAddressRanges();
  if (!ranges) {
    llvm::consumeError(ranges.takeError());
    return false;
  }
  return std::ranges::any_of(*ranges, [&](const llvm::DWARFAddressRange& range) { return range.LowPC == address; });
}

}  // namespace

// --- the reader ---------------------------------------------------------------------------------------------------

struct LlvmInfo::Parts {
  struct Function {
    DWARFDie die = {};
    Range code = {};
  };
  std::string path = {};
  llvm::object::OwningBinary<llvm::object::ObjectFile> object = {};
  std::unique_ptr<llvm::DWARFContext> context = {};
  std::vector<llvm::DWARFUnit*> units = {};
  std::size_t listed = static_cast<std::size_t>(-1);  // the unit whose functions are known
  std::map<std::uint64_t, Function> functions = {};
  std::map<std::uint64_t, DWARFDie> known = {};  // types and variables, by key

  void list_functions(std::size_t unit) {
    if (listed == unit) return;
    listed = unit;
    functions.clear();
    for (const llvm::DWARFDebugInfoEntry& entry : units[unit]->dies()) {
      const DWARFDie die(units[unit], &entry);
      if (die.getTag() != DW_TAG_subprogram) continue;
      if (const auto code = code_of(die)) functions.try_emplace(code->begin, die, *code);
    }
  }

  // As recorded, with its directory; empty: not known.
  std::string file_name(std::size_t unit, std::uint64_t index) {
    std::string file;
    const auto* table = context->getLineTableForUnit(units[unit]);
    const char* directory = units[unit]->getCompilationDir();
    if (table != nullptr) table->getFileNameByIndex(index, directory == nullptr ? "" : directory, relative_paths, file);
    return file;
  }

  std::optional<std::size_t> unit_at(std::uint64_t address) {
    const auto at = std::ranges::find(units, context->getCompileUnitForCodeAddress(address));
    return at == units.end() ? std::nullopt : std::optional(static_cast<std::size_t>(at - units.begin()));
  }

  std::optional<Function> function_at(std::uint64_t entry) {
    if (const auto found = functions.find(entry); found != functions.end()) return found->second;
    const auto unit = unit_at(entry);
    if (!unit) return std::nullopt;
    list_functions(*unit);
    const auto found = functions.find(entry);
    return found == functions.end() ? std::nullopt : std::optional(found->second);
  }

  std::uint64_t key_of(const DWARFDie& die) {
    if (!die) return 0;
    known.emplace(die.getOffset(), die);
    return die.getOffset();
  }

  debug::Instance instance_of(const Function& function) {
    return {.function = name_of(function.die), .address = function.code.begin, .end = function.code.end};
  }

  // Of all units: nothing here is for speed.
  std::vector<debug::Instance> instances(const std::function<bool(const std::string&)>& is_wanted) {
    std::vector<debug::Instance> found;
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      list_functions(unit);
      for (const auto& [entry, function] : functions)
        if (is_wanted(name_of(function.die))) found.push_back(instance_of(function));
    }
    return found;
  }
};

LlvmInfo::LlvmInfo(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LlvmInfo::~LlvmInfo() = default;

std::unique_ptr<LlvmInfo> LlvmInfo::open(const std::string& path) {
  auto object = llvm::object::ObjectFile::createObjectFile(path);
  if (!object) {
    llvm::consumeError(object.takeError());
    return nullptr;
  }
  auto parts = std::make_unique<Parts>();
  parts->path = path;
  parts->object = std::move(*object);
  // The relocations that vmlinux has are applied already.
  parts->context =
      llvm::DWARFContext::create(*parts->object.getBinary(), llvm::DWARFContext::ProcessDebugRelocations::Ignore);
  for (const auto& unit : parts->context->compile_units()) parts->units.push_back(unit.get());
  return std::unique_ptr<LlvmInfo>(new LlvmInfo(std::move(parts)));
}

std::string LlvmInfo::source() const { return "DWARF of " + parts_->path + ", read by LLVM"; }

Result<std::vector<debug::Instance>> LlvmInfo::find_functions(const std::string& name) {
  return parts_->instances([&](const std::string& known) { return known == name; });
}

Result<std::vector<debug::Instance>> LlvmInfo::find_matching(const debug::FunctionQuery& query) {
  return parts_->instances([&](const std::string& known) { return base::matches_pattern(query.pattern, known); });
}

std::vector<std::string> LlvmInfo::function_names() {
  std::vector<std::string> names;
  for (debug::Instance& one : parts_->instances([](const std::string&) { return true; }))
    names.push_back(std::move(one.function));
  return names;
}

Result<std::vector<debug::Instance>> LlvmInfo::find_function_at(std::uint64_t address) {
  const auto function = parts_->function_at(address);
  return function ? std::vector{parts_->instance_of(*function)} : std::vector<debug::Instance>{};
}

std::vector<debug::Variable> LlvmInfo::find_variables(const debug::Instance& instance, std::uint64_t /*address*/) {
  std::vector<debug::Variable> found;
  const auto function = parts_->function_at(instance.address);
  if (!function) return found;
  std::set<std::string> seen;
  for (const DWARFDie& child : function->die.children()) {
    if (child.getTag() != DW_TAG_formal_parameter || is_flagged(child, DW_AT_variable_parameter)) continue;
    const std::string name = name_of(child);
    // Go's compiler has parameters of its own; of a pack all have one name, which the first one gets.
    if (name.empty() || name.starts_with('&') || name.starts_with('.') || !seen.insert(name).second) continue;
    found.push_back({name, {parts_->key_of(type_of(child))}, debug::Role::parameter, parts_->key_of(child)});
  }
  return found;
}

Whereabouts LlvmInfo::locate(const debug::Instance& instance, std::uint64_t /*address*/,
                             const debug::Variable& variable) {
  const auto function = parts_->function_at(instance.address);
  const auto found = parts_->known.find(variable.key);
  return function && found != parts_->known.end() ? EntryPlaces(function->die, function->code).of(found->second)
                                                  : nowhere();
}

type::Id LlvmInfo::find_result_type(const debug::Instance& instance) {
  const auto function = parts_->function_at(instance.address);
  return {function ? parts_->key_of(type_of(function->die)) : 0};
}

// An array of several dimensions is one type to a compiler: the upper byte of the key counts those that are indexed.
type::Type LlvmInfo::load_type(type::Id id) {
  constexpr unsigned dimension_shift = 56;
  const std::uint64_t offset = id.key & ((std::uint64_t{1} << dimension_shift) - 1),
                      indexed = id.key >> dimension_shift;
  const auto found = parts_->known.find(offset);
  if (found == parts_->known.end()) return {.kind = type::Kind::void_, .name = "void"};
  const DWARFDie die = found->second;
  Type type{.kind = kind_of(die.getTag()),
            .name = name_of(die),
            .size = number(die, DW_AT_byte_size).value_or(0),
            .is_declaration = is_flagged(die, DW_AT_declaration)};
  type.target = {parts_->key_of(type_of(die))};
  if (die.getTag() == DW_TAG_base_type) fill_base(die, type);
  if (type.kind == type::Kind::pointer || type.kind == type::Kind::reference) type.size = sizeof(std::uint64_t);
  if (type.kind == type::Kind::enumeration) fill_enumerators(die, type);
  if (type.kind == type::Kind::array) {
    const auto dimensions = dimensions_of(die);
    if (indexed < dimensions.size()) type.count = dimensions[indexed];
    if (indexed + 1 < dimensions.size()) type.target = {offset | (indexed + 1) << dimension_shift};
  }
  for (const DWARFDie& member : members_of(die)) {
    const std::uint64_t width = number(member, DW_AT_bit_size).value_or(0);
    type.members.push_back({.name = member.getTag() == DW_TAG_inheritance ? "" : name_of(member),
                            .type = {parts_->key_of(type_of(member))},
                            .bit_offset = bit_offset(member, width),
                            .bit_size = static_cast<std::uint32_t>(width),
                            .is_virtual = number(member, DW_AT_virtuality) == DW_VIRTUALITY_virtual});
  }
  return type;
}

std::size_t LlvmInfo::units() const { return parts_->units.size(); }

std::vector<std::uint64_t> LlvmInfo::entries(std::size_t unit) {
  parts_->list_functions(unit);
  std::vector<std::uint64_t> entries;
  for (const auto& [entry, function] : parts_->functions) entries.push_back(entry);
  return entries;
}

std::vector<LlvmInfo::Statement> LlvmInfo::statements(std::size_t unit) {
  std::vector<Statement> statements;
  const auto* table = parts_->context->getLineTableForUnit(parts_->units[unit]);
  if (table == nullptr) return statements;
  for (const auto& row : table->Rows) {
    if (row.EndSequence || !row.IsStmt || row.Line == 0) continue;
    if (std::string file = parts_->file_name(unit, row.File); !file.empty())
      statements.push_back({row.Address.Address, std::move(file), row.Line});
  }
  return statements;
}

std::vector<LlvmInfo::Statement> LlvmInfo::statements_at(std::uint64_t address) {
  std::vector<Statement> found;
  const auto unit = parts_->unit_at(address);
  if (!unit) return found;
  for (Statement& statement : statements(*unit))
    if (statement.address == address) found.push_back(std::move(statement));
  llvm::SmallVector<DWARFDie, 4> chain;  // from the innermost copy out to the function
  parts_->units[*unit]->getInlinedChainForAddress(address, chain);
  for (const DWARFDie& die : chain) {
    if (!begins_at(die, address)) continue;
    std::uint32_t file = 0, line = 0, column = 0, discriminator = 0;
    die.getCallerFrame(file, line, column, discriminator);
    if (die.isSubprogramDIE())
      found.push_back({address, die.getDeclFile(relative_paths), declared_line(die)});
    else
      found.push_back({address, parts_->file_name(*unit, file), line});
  }
  return found;
}

}  // namespace dtp::readers
