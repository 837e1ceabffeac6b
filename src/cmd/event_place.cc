#include "cmd/event_place.h"

#include <fmt/format.h>

#include <filesystem>

#include "arch/cheap_place.h"
#include "base/number.h"
#include "debug/demangle.h"
#include "debug/find.h"

namespace dtp::cmd {
namespace {

EventPlace to_place(const debug::CodePlace& code, std::uint64_t address) {
  EventPlace place{.function = code.function, .file = code.file};
  if (address == code.entry) return place;
  if (code.declared > 0 && code.line >= code.declared)
    place.line = code.line - code.declared;
  else
    place.offset = address - code.entry;
  return place;
}

bool is_regular_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

}  // namespace

std::string spell(const EventPlace& place) {
  std::string text = place.function;
  if (place.line) text += fmt::format(":{}", *place.line);
  if (place.offset > 0) text += fmt::format("+{}", place.offset);
  if (place.is_return) text += "%return";
  if (!place.file.empty()) text += "@" + place.file;
  if (!place.program.empty()) text += " in " + place.program;
  return text;
}

// A program or the kernel, as far as it can be opened quickly.
struct EventPlaces::Program {
  std::shared_ptr<const debug::Binary> binary = {};        // none: the kernel's
  std::shared_ptr<const debug::Binary> debug_binary = {};  // where its debug information is
  std::unique_ptr<debug::Info> info = {};

  void open(const debug::Search& search) {
    if (search.found.empty()) return;
    if (binary && search.found == binary->file.path())
      debug_binary = binary;
    else if (auto opened = debug::open_binary(search.found))
      debug_binary = std::move(*opened);
    if (!debug_binary || debug_binary->file.section(".debug_info").empty()) return;
    if (auto opened = debug::open_dwarf(debug_binary)) info = std::move(*opened);
  }

  std::optional<EventPlace> find(std::uint64_t address) const {
    address = entry_of(address);
    if (info) {
      if (const auto code = info->place_of(address)) {
        EventPlace place = to_place(*code, address);
        // The symbol has the scopes and the parameters.
        if (const debug::Symbol* symbol = symbol_at(code->entry); symbol != nullptr && is_mangled(symbol->name))
          place.function = debug::demangle(std::string(symbol->name));
        return place;
      }
    }
    const debug::Symbol* symbol = symbol_at(address);
    if (symbol == nullptr) return std::nullopt;
    return EventPlace{.function = debug::demangle(std::string(symbol->name)), .offset = address - symbol->address};
  }

 private:
  // A probe of a function's entry may stand where it costs less.
  std::uint64_t entry_of(std::uint64_t address) const {
    const debug::Symbol* symbol = binary ? symbol_at(address) : nullptr;
    if (symbol == nullptr || symbol->address == address) return address;
    const auto place = arch::find_cheap_place(binary->file.code_from(symbol->address), symbol->size, {});
    return place && symbol->address + place->offset == address ? symbol->address : address;
  }

  static bool is_mangled(std::string_view name) { return name.starts_with("_Z") || name.starts_with("_R"); }

  const debug::Symbol* symbol_at(std::uint64_t address) const {
    for (const auto& one : {binary, debug_binary})
      if (const debug::Symbol* symbol = one ? one->symbols.find_function_at(address) : nullptr) return symbol;
    return nullptr;
  }
};

EventPlaces::Program& EventPlaces::program(const std::string& path) {
  auto& program = programs_[path];
  if (program) return *program;
  program = std::make_shared<Program>();
  const debug::DownloadLimits nothing{.bytes = 0};
  if (path.empty()) {
    program->open(debug::find_kernel_debug_file(nothing));
  } else if (auto binary = is_regular_file(path) ? debug::open_binary(path) : fail({})) {
    program->binary = std::move(*binary);
    program->open(debug::find_debug_file(program->binary->file, nothing));
  }
  return *program;
}

// "vfs_read+44", "_text+3460176". Addresses of the running kernel are not those of its file, and a module's symbol says
// enough.
std::optional<EventPlace> EventPlaces::find_in_kernel(const std::string& place) {
  const std::size_t plus = place.find('+');
  const std::string name = place.substr(0, plus);
  const auto offset = plus == std::string::npos
                          ? std::optional<std::uint64_t>(0)
                          : base::parse_number<std::uint64_t>(std::string_view(place).substr(plus + 1), 10);
  if (!offset || name.find(':') != std::string::npos || name.starts_with("0x")) return std::nullopt;
  const Program& kernel = program("");
  if (!kernel.debug_binary) return std::nullopt;
  const auto symbols = kernel.debug_binary->symbols.find(name);
  return symbols.size() == 1 ? kernel.find(symbols[0]->address + *offset) : std::nullopt;
}

// "/usr/bin/bash:0x00000000000c6c20", and behind it "(0x1234)", the counter of a static probe.
std::optional<EventPlace> EventPlaces::find_in_program(const std::string& place) {
  const std::size_t colon = place.rfind(":0x");
  if (colon == std::string::npos) return std::nullopt;
  const std::string_view number = std::string_view(place).substr(colon + 3);
  const auto offset = base::parse_number<std::uint64_t>(number.substr(0, number.find('(')), 16);
  const std::string path = place.substr(0, colon);
  const Program& opened = program(path);
  const auto address = offset && opened.binary ? opened.binary->file.address_of(*offset) : std::nullopt;
  auto found = address ? opened.find(*address) : std::nullopt;
  if (found) found->program = path;
  return found;
}

std::optional<EventPlace> EventPlaces::find(const probe::Definition& definition) {
  if (std::string_view("prf").find(definition.kind) == std::string_view::npos) return std::nullopt;
  std::string place = definition.place;
  constexpr std::string_view suffix = "%return";
  const bool says_return = place.ends_with(suffix);
  if (says_return) place.resize(place.size() - suffix.size());
  auto found = place.starts_with('/') ? find_in_program(place) : find_in_kernel(place);
  if (found) found->is_return = says_return || definition.kind == 'r';
  return found;
}

}  // namespace dtp::cmd
