// DWARF's location expressions and location lists. The bytes become those of a small program:
//
//   length of the frame base, length of the parameter's location, both of them, the rest: a location list (DWARF
//   5, 7.29)
#include <dwarf.h>
#include <elf.h>

#include <cstring>

#include "debug/info.h"
#include "fuzz/memory_file.h"

namespace {

using namespace dtp;

constexpr std::uint64_t code_begin = 0x1000, code_size = 0x100;

class Bytes {
 public:
  template <class T>
  Bytes& put(T value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Bytes& byte(int value) { return put(static_cast<std::uint8_t>(value)); }
  Bytes& block(std::string_view bytes) {
    byte(static_cast<int>(bytes.size()));
    text += bytes;
    return *this;
  }
  Bytes& name(std::string_view bytes) {
    text += bytes;
    return byte(0);
  }
  // With its length before it.
  std::string unit() const { return Bytes().put(static_cast<std::uint32_t>(text.size())).text + text; }

  std::string text = {};
};

std::string abbreviations() {
  Bytes b;
  const auto entry = [&](int code, int tag, bool has_children, std::initializer_list<std::pair<int, int>> attributes) {
    b.byte(code).byte(tag).byte(has_children);
    for (const auto& [attribute, form] : attributes) b.byte(attribute).byte(form);
    b.byte(0).byte(0);
  };
  entry(1, DW_TAG_compile_unit, true,
        {{DW_AT_name, DW_FORM_string}, {DW_AT_low_pc, DW_FORM_addr}, {DW_AT_high_pc, DW_FORM_data4}});
  entry(2, DW_TAG_base_type, false,
        {{DW_AT_name, DW_FORM_string}, {DW_AT_byte_size, DW_FORM_data1}, {DW_AT_encoding, DW_FORM_data1}});
  entry(3, DW_TAG_subprogram, true,
        {{DW_AT_name, DW_FORM_string},
         {DW_AT_low_pc, DW_FORM_addr},
         {DW_AT_high_pc, DW_FORM_data4},
         {DW_AT_frame_base, DW_FORM_exprloc}});
  entry(4, DW_TAG_formal_parameter, false,
        {{DW_AT_name, DW_FORM_string}, {DW_AT_type, DW_FORM_ref4}, {DW_AT_location, DW_FORM_exprloc}});
  entry(5, DW_TAG_variable, false,
        {{DW_AT_name, DW_FORM_string}, {DW_AT_type, DW_FORM_ref4}, {DW_AT_location, DW_FORM_sec_offset}});
  return b.byte(0).text;
}

std::string unit(std::string_view frame_base, std::string_view location) {
  constexpr std::uint32_t lists_header = 12;
  Bytes b;
  b.put<std::uint16_t>(5).byte(DW_UT_compile).byte(8).put<std::uint32_t>(0);
  b.byte(1).name("a.c").put(code_begin).put<std::uint32_t>(code_size);
  const auto number = static_cast<std::uint32_t>(b.text.size() + 4);
  b.byte(2).name("int").byte(4).byte(DW_ATE_signed);
  const auto floating = static_cast<std::uint32_t>(b.text.size() + 4);
  b.byte(2).name("double").byte(8).byte(DW_ATE_float);
  b.byte(3).name("f").put(code_begin).put<std::uint32_t>(code_size).block(frame_base);
  b.byte(4).name("p").put(number).block(location);
  b.byte(5).name("v").put(floating).put(lists_header);
  return b.byte(0).byte(0).unit();
}

std::string elf(std::string_view frame_base, std::string_view location, std::string_view list) {
  const std::string names("\0.shstrtab\0.debug_abbrev\0.debug_info\0.debug_loclists\0", 53);
  const std::string lists =
      Bytes().put<std::uint16_t>(5).byte(8).byte(0).put<std::uint32_t>(0).text + std::string(list);
  Bytes with_length;
  with_length.text = lists;
  const std::string sections[] = {"", names, abbreviations(), unit(frame_base, location), with_length.unit()};
  const std::uint32_t name_of[] = {0, 1, 11, 25, 37};
  Elf64_Ehdr header{.e_type = ET_EXEC,
                    .e_machine = EM_X86_64,
                    .e_version = EV_CURRENT,
                    .e_ehsize = sizeof(Elf64_Ehdr),
                    .e_shentsize = sizeof(Elf64_Shdr),
                    .e_shnum = std::size(sections),
                    .e_shstrndx = 1};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  std::string contents;
  Bytes table;
  for (std::size_t i = 0; i < std::size(sections); ++i) {
    table.put(Elf64_Shdr{.sh_name = name_of[i],
                         .sh_type = i == 0   ? SHT_NULL
                                    : i == 1 ? SHT_STRTAB
                                             : static_cast<std::uint32_t>(SHT_PROGBITS),
                         .sh_offset = sizeof header + contents.size(),
                         .sh_size = sections[i].size(),
                         .sh_addralign = 1});
    contents += sections[i];
  }
  contents.resize((contents.size() + 7) / 8 * 8);
  header.e_shoff = sizeof header + contents.size();
  return Bytes().put(header).text + contents + table.text;
}

void check(const debug::Whereabouts& where) {
  if (const auto* missing = std::get_if<debug::Unavailable>(&where)) return DTP_REQUIRE(!missing->text.empty());
  const auto& location = std::get<debug::Location>(where);
  if (const auto* base = std::get_if<path::Register>(&location.base))
    DTP_REQUIRE(base->number >= 0 && base->number <= 16);
  if (location.parts == nullptr) return;
  for (const debug::Piece& piece : *location.parts) check(piece.at);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input = fuzz::text_of(data + 2, size - 2);
  constexpr std::size_t longest = 100;
  const std::size_t frame_size = std::min({std::size_t{data[0]}, longest, input.size()});
  const std::size_t location_size = std::min({std::size_t{data[1]}, longest, input.size() - frame_size});
  const fuzz::MemoryFile file(elf(input.substr(0, frame_size), input.substr(frame_size, location_size),
                                  input.substr(frame_size + location_size)));
  const auto binary = debug::open_binary(file.path());
  DTP_REQUIRE(binary);
  const auto info = debug::open_dwarf(*binary);
  DTP_REQUIRE(info);
  const auto functions = (*info)->find_functions("f");
  DTP_REQUIRE(functions && functions->size() == 1);
  const debug::Instance& function = functions->front();
  DTP_REQUIRE(function.address == code_begin);
  for (const std::uint64_t at : {code_begin, code_begin + 8}) {
    const auto variables = (*info)->find_variables(function, at);
    DTP_REQUIRE(variables.size() == 2);
    for (const debug::Variable& variable : variables) {
      check((*info)->locate(function, at, variable));
      (*info)->live_ranges(function, variable);
    }
  }
  return 0;
}
