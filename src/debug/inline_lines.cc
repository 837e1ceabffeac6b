#include "debug/inline_lines.h"

#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFFormValue.h>

#include <vector>

namespace dtp::debug {
namespace {

using namespace llvm::dwarf;
using llvm::DWARFDataExtractor;

// The table of folders, or that of files.
bool has_sound_entries(const DWARFDataExtractor& data, std::uint64_t& at, FormParams params) {
  std::vector<Form> forms(data.getU8(&at));
  for (Form& form : forms) {
    data.getULEB128(&at);  // what it is of
    form = static_cast<Form>(data.getULEB128(&at));
  }
  const std::uint64_t count = data.getULEB128(&at);
  if (at > data.size() || count > data.size() - at) return false;
  for (std::uint64_t i = 0; i < count; ++i)
    for (const Form form : forms)
      if (!llvm::DWARFFormValue::skipValue(form, data, &at, params)) return false;
  return true;
}

// Since version 5 the header says how its tables and addresses are written. LLVM believes it: a form that it does not
// know, or a strange size, ends in a crash, and a great number of entries in a loop.
bool is_sound(const DWARFDataExtractor& data, std::uint64_t at, const llvm::DWARFUnit& unit) {
  constexpr std::uint16_t first_with_forms = 5;
  const DwarfFormat format = data.getInitialLength(&at).second;
  const std::uint16_t version = data.getU16(&at);
  if (version < first_with_forms) return true;
  const std::uint8_t address_size = data.getU8(&at);
  // The sizes of segment selectors and of the header, and five bytes about instructions and lines.
  at += 1 + getDwarfOffsetByteSize(format) + 5;
  const std::uint8_t first_special_opcode = data.getU8(&at);
  if (first_special_opcode > 0) at += first_special_opcode - 1u;
  const FormParams params{version, address_size, format};
  return address_size == unit.getAddressByteSize() && has_sound_entries(data, at, params) &&
         has_sound_entries(data, at, params);
}

}  // namespace

const LineTables::Table* LineTables::of(llvm::DWARFUnit& unit) {
  const auto place = toSectionOffset(unit.getUnitDIE().find(DW_AT_stmt_list));
  if (!place) return nullptr;
  if (const auto found = tables_.find(*place); found != tables_.end()) return &found->second;
  const llvm::DWARFContext& context = unit.getContext();
  DWARFDataExtractor data(context.getDWARFObj(), unit.getLineSection(), unit.isLittleEndian(),
                          unit.getAddressByteSize());
  std::uint64_t offset = *place;
  bool is_read = data.isValidOffset(offset) && is_sound(data, offset, unit);
  if (is_read) {
    llvm::Error error = scratch_.parse(data, &offset, context, &unit, llvm::consumeError);
    is_read = !error;
    llvm::consumeError(std::move(error));
  }
  return &tables_.emplace(*place, is_read ? scratch_ : Table()).first->second;
}

}  // namespace dtp::debug
