#include "report/show.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <variant>

#include "base/escape.h"
#include "base/file.h"
#include "report/irq_advice.h"
#include "report/numbers.h"
#include "report/phases.h"
#include "report/syscall_names.h"
#include "report/value_text.h"

namespace dtp::report {
namespace {

const record::FieldSchema& plain_field() {
  static const record::FieldSchema plain;
  return plain;
}

// The kernel calls the results of some system calls unsigned.
std::string error_text(Wide number) {
  number = static_cast<std::int64_t>(static_cast<std::uint64_t>(number));
  if (number >= 0 || number < -4095) return fmt::format("{}", number);
  const char* name = ::strerrorname_np(static_cast<int>(-number));
  return name == nullptr ? fmt::format("{}", number) : name;
}

std::string signal_text(Wide number) {
  const char* name = number > 0 && number < 65 ? ::sigabbrev_np(static_cast<int>(number)) : nullptr;
  return name == nullptr ? fmt::format("{}", number) : fmt::format("SIG{}", name);
}

// The kernel's own dev_t: 12 bits of the major number before 20 of the minor one.
std::string device_text(Wide number) {
  const auto device = static_cast<std::uint32_t>(number);
  const std::string numbers = fmt::format("{}:{}", device >> 20, device & 0xFFFFF);
  std::error_code error;
  const auto link = std::filesystem::read_symlink("/sys/dev/block/" + numbers, error);
  return error ? numbers : link.filename().string();
}

std::string clock_text(Wide number, std::int64_t offset_ns) {
  const auto wall_ns = static_cast<std::int64_t>(number) + offset_ns;
  const std::time_t second = wall_ns / 1'000'000'000;
  std::tm parts{};
  ::localtime_r(&second, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:06}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     wall_ns % 1'000'000'000 / 1000);
}

std::string name_text(Wide number, const Show& show) {
  for (const auto& [known, name] : show.names)
    if (number == Wide{known}) return name;
  return fmt::format("{}", number);
}

// "read|sync|0x40"
std::string flags_text(Wide number, const Show& show) {
  auto left = static_cast<std::uint64_t>(number);
  std::string text;
  for (const auto& [bits, name] : show.names) {
    if (bits == 0 || (left & bits) != bits) continue;
    text += (text.empty() ? "" : "|") + name;
    left &= ~bits;
  }
  if (left != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : "|", left);
  return text.empty() ? "0" : text;
}

std::string decimal_text(Wide number) {
  const Wide magnitude = number < 0 ? -number : number;
  return fmt::format("{}{}.{:02}", number < 0 ? "-" : "", magnitude / 100, magnitude % 100);
}

// "0-3"
std::string irq_cpus(Wide number, std::string_view file) {
  auto text = base::read_file(fmt::format("/proc/irq/{}/{}", number, file));
  if (!text) return "-";
  if (text->ends_with('\n')) text->pop_back();
  return base::escape(*text);
}

std::string symbol_text(Wide number, const Show& show) {
  const auto address = static_cast<std::uint64_t>(number);
  const std::string name =
      show.context != nullptr && show.context->kernel_symbol ? show.context->kernel_symbol(address) : "";
  return name.empty() ? fmt::format("{:#x}", address) : base::escape(name);
}

// "vfs_read <- ksys_read <- do_syscall_64"
std::string list_text(const value::Array& list) {
  std::string text;
  for (const value::Value& one : list) {
    if (!text.empty()) text += " <- ";
    text += cell_text({one}, {});
  }
  return text;
}

bool is_list_of_names(const Cell& cell) {
  const auto* list = std::get_if<value::Array>(&cell.value.of);
  return list != nullptr && cell.field == nullptr;
}

std::string number_name(Wide number, const Show& show) {
  switch (show.as) {
    case Show::As::size: return size_text(static_cast<double>(number));
    case Show::As::percent: return fmt::format("{} %", number);
    case Show::As::decimal: return decimal_text(number);
    case Show::As::since:
    case Show::As::duration: return duration_text(static_cast<double>(number));
    case Show::As::clock: return clock_text(number, show.context == nullptr ? 0 : show.context->wall_offset_ns);
    case Show::As::hex: return fmt::format("{:#x}", static_cast<std::uint64_t>(number));
    case Show::As::error: return error_text(number);
    case Show::As::signal: return signal_text(number);
    case Show::As::syscall: return std::string(syscall_name(static_cast<std::int64_t>(number)));
    case Show::As::device: return device_text(number);
    case Show::As::names: return name_text(number, show);
    case Show::As::flags: return flags_text(number, show);
    case Show::As::powers:
    case Show::As::steps: return range_text(show.range_of(number), Unit::none);
    case Show::As::symbol: return symbol_text(number, show);
    case Show::As::irq_allowed: return irq_cpus(number, "smp_affinity_list");
    case Show::As::irq_advice: return irq_advice(static_cast<std::uint64_t>(number));
    case Show::As::irq_effective: return irq_cpus(number, "effective_affinity_list");
    case Show::As::phases:
    case Show::As::event:
    case Show::As::automatic: break;
  }
  return fmt::format("{}", number);
}

// Numbers that programs want as numbers. Not addresses: half of them are read wrong where numbers are floating.
bool is_quantity(Show::As as) {
  return as == Show::As::automatic || as == Show::As::size || as == Show::As::percent || as == Show::As::decimal ||
         as == Show::As::duration || as == Show::As::since || as == Show::As::clock || as == Show::As::powers ||
         as == Show::As::steps;
}

// Signal 0 is none.
bool is_nothing(const Cell& cell, const Show& show) {
  Wide number = 0;
  return std::holds_alternative<value::Absent>(cell.value.of) ||
         (show.as == Show::As::signal && get_number(cell, number) && number == 0);
}

}  // namespace

Unit Show::unit() const {
  if (as == As::size) return Unit::bytes;
  return as == As::duration || as == As::since ? Unit::nanoseconds : Unit::none;
}

bool Show::is_number() const {
  return as == As::size || as == As::percent || as == As::decimal || as == As::duration || as == As::since ||
         is_range();
}

Distribution::Range Show::range_of(Wide number) const {
  if (as == As::steps) {
    const Wide width = step;
    const Wide first = (number < 0 ? number - width + 1 : number) / width * width;
    return {first, first + width - 1};
  }
  if (number == 0 || number == 1) return {0, 1};
  const auto magnitude = static_cast<std::uint64_t>(number < 0 ? -number : number);
  const Wide last = Wide{1} << std::bit_width(magnitude - 1);
  const Wide first = last / 2 + 1;
  if (number > 0) return {first, last};
  return {-last, -first};
}

bool get_number(const Cell& cell, Wide& number) {
  if (const auto* plain = std::get_if<std::uint64_t>(&cell.value.of)) {
    number = *plain;
    return true;
  }
  if (const auto* with_sign = std::get_if<std::int64_t>(&cell.value.of)) {
    number = *with_sign;
    return true;
  }
  return false;
}

std::string cell_text(const Cell& cell, const Show& show) {
  if (is_nothing(cell, show)) return "-";
  if (const auto* text = std::get_if<std::string>(&cell.value.of)) return base::escape(*text);
  if (is_list_of_names(cell)) return list_text(std::get<value::Array>(cell.value.of));
  Wide number = 0;
  if (show.as != Show::As::automatic && get_number(cell, number)) return number_name(number, show);
  std::string text;
  append_value(text, cell.value, cell.field == nullptr ? plain_field() : *cell.field);
  return text;
}

void append_cell_json(std::string& out, const Cell& cell, const Show& show) {
  if (is_nothing(cell, show)) {
    out += "null";
    return;
  }
  if (show.as == Show::As::phases) return append_phases_json(out, cell.value);
  if (is_list_of_names(cell)) {
    out += '[';
    for (const value::Value& one : std::get<value::Array>(cell.value.of)) {
      if (out.back() != '[') out += ',';
      append_cell_json(out, {one}, {});
    }
    out += ']';
    return;
  }
  Wide number = 0;
  if (get_number(cell, number) && is_quantity(show.as) && (cell.field == nullptr || is_number(*cell.field))) {
    out += show.as == Show::As::decimal ? decimal_text(number) : fmt::format("{}", number);
    return;
  }
  if (const auto* text = std::get_if<std::string>(&cell.value.of)) return base::append_json_string(out, *text);
  base::append_json_string(out, cell_text(cell, show));
}

}  // namespace dtp::report
