// ELF files with DWARF: programs, kernel modules, compressed debug sections.
#include "debug/find.h"
#include "debug/info.h"
#include "fuzz/memory_file.h"
#include "type/query.h"

namespace {

using namespace dtp;

// What each stage of a request asks: a function, its variables, their places and types, its lines.
void ask(debug::Info& info) {
  const auto instances = info.find_functions("walk");
  if (!instances) return fuzz::check_error(instances.error());
  for (const debug::Instance& instance : *instances) {
    info.body_address(instance);
    info.find_result_type(instance);
    info.place_of(instance.address);
    for (const debug::Variable& variable : info.find_variables(instance, instance.address)) {
      info.locate(instance, instance.address, variable);
      info.live_ranges(instance, variable);
      type::declare(info.types(), variable.type);
      type::size_of(info.types(), variable.type);
      type::member_names(info.types(), variable.type);
      type::find_member(info.types(), variable.type, "none such");
    }
  }
  static_cast<void>(info.find_lines({.function = "walk", .lines = {2}}));
  info.source_of(*instances);
  info.find_type("struct node");
  info.find_globals("head", false);
  info.find_enumerator("RED");
  info.list_functions([](std::string_view, std::string_view) { return true; });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  const auto binary = debug::open_binary(file.path());
  if (!binary) {
    fuzz::check_error(binary.error());
    return 0;
  }
  const debug::ElfFile& elf = (*binary)->file;
  (*binary)->symbols.find_function_at(0x1000);
  (*binary)->symbols.find("walk");
  elf.build_id();
  elf.debug_link();
  elf.supplement();
  elf.bytes_at(0x1000, 16);
  if (!debug::has_dwarf(elf)) return 0;
  const auto info = debug::open_dwarf(*binary);
  if (info)
    ask(**info);
  else
    fuzz::check_error(info.error());
  return 0;
}
