#include "record/running_code.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/lines.h"
#include "base/number.h"

namespace dtp::record {
namespace {

// The next word, and the blanks before it.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> to_number(std::string_view text, int base) {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  return base::parse_number<std::uint64_t>(text, base);
}

// "7f0000-7f1000 r-xp 00001000 08:01 1234      /usr/lib/x.so"
std::optional<NewMapping> parse_map(std::uint32_t pid, std::string_view line) {
  const std::string_view range = take_word(line);
  const std::string_view permissions = take_word(line);
  const auto offset = to_number(take_word(line), 16);
  take_word(line);
  take_word(line);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || permissions.size() < 4) return std::nullopt;
  const bool is_executable = permissions[2] == 'x';
  if (!is_executable && !line.starts_with('/')) return std::nullopt;
  const auto start = to_number(range.substr(0, dash), 16);
  const auto end = to_number(range.substr(dash + 1), 16);
  if (!start || !end || !offset) return std::nullopt;
  // As the kernel's own records call memory without a file.
  return NewMapping{pid, *start, *end, *offset, {std::string(line.empty() ? "//anon" : line)}, is_executable};
}

// Of "_text" and the like; 0: not there, or hidden.
std::uint64_t address_of(std::string_view kallsyms, std::string_view name) {
  for (const std::string_view type : {" T ", " t ", " D "}) {
    const std::string end = std::string(type) + std::string(name) + "\n";
    const std::size_t at = kallsyms.find(end);
    if (at == std::string_view::npos || at < 16) continue;
    return to_number(kallsyms.substr(at - 16, 16), 16).value_or(0);
  }
  return 0;
}

// "xfs 1900544 1 - Live 0xffffffffc0200000": also the address is hidden from users.
std::vector<NewMapping> parse_modules(std::string_view modules) {
  std::vector<NewMapping> mappings;
  while (!modules.empty()) {
    std::string_view line = base::take_line(modules);
    const std::string_view name = take_word(line);
    const auto size = to_number(take_word(line), 10);
    for (int i = 0; i < 3; ++i) take_word(line);
    const auto address = to_number(take_word(line), 16);
    if (!size || !address || *address == 0) continue;
    mappings.push_back({0, *address, *address + *size, 0, {"[" + std::string(name) + "]", "", true}});
  }
  return mappings;
}

// /proc/kallsyms up to the end of the kernel's text: the kernel puts each line together anew, and data and modules are
// as many again.
std::string read_text_symbols() {
  std::string text;
  const auto file = base::open_file("/proc/kallsyms", O_RDONLY);
  if (file) (void)base::read_rest(file->get(), text, " _etext\n");
  return text;
}

}  // namespace

std::vector<NewMapping> parse_maps(std::uint32_t pid, std::string_view maps) {
  std::vector<NewMapping> mappings;
  while (!maps.empty()) {
    if (auto mapping = parse_map(pid, base::take_line(maps))) mappings.push_back(std::move(*mapping));
  }
  return mappings;
}

std::vector<NewMapping> parse_kernel(std::string_view kallsyms, std::string_view modules) {
  const std::uint64_t start = address_of(kallsyms, "_text");
  const std::uint64_t end = address_of(kallsyms, "_etext");
  if (start == 0 || end <= start) return {};
  std::vector<NewMapping> mappings{{0, start, end, start, {std::string(kernel_name), "", true}}};
  std::ranges::move(parse_modules(modules), std::back_inserter(mappings));
  return mappings;
}

std::vector<NewMapping> running_mappings(std::uint32_t pid) {
  const auto maps = base::read_file("/proc/" + std::to_string(pid) + "/maps");
  return maps ? parse_maps(pid, *maps) : std::vector<NewMapping>{};
}

std::vector<NewMapping> kernel_mappings() {
  return parse_kernel(read_text_symbols(), base::read_file("/proc/modules").value_or(""));
}

std::vector<NewMapping> kernel_modules() { return parse_modules(base::read_file("/proc/modules").value_or("")); }

}  // namespace dtp::record
