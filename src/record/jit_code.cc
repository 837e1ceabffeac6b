#include "record/jit_code.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

#include "base/cursor.h"
#include "base/lines.h"

namespace dtp::record {
namespace {

constexpr std::size_t longest_name = 1024;

// Of a jitdump.
constexpr std::uint32_t magic = 0x4A695444;  // "JiTD"
constexpr std::uint64_t has_processor_clock = 1;
constexpr std::uint32_t code_load = 0;
constexpr std::uint32_t code_move = 1;
constexpr std::size_t prefix_bytes = 16;  // of every record: kind, size, time

std::optional<std::uint64_t> take_number(std::string_view& line, int base) {
  const std::string_view word = base::take_until(line, ' ');
  const std::size_t skipped = base == 16 && word.starts_with("0x") ? 2 : 0;  // some compilers write it
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data() + skipped, word.data() + word.size(), number, base);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

// "START SIZE NAME"
std::optional<JitFunction> parse_function(std::string_view line) {
  const auto start = take_number(line, 16);
  const auto size = take_number(line, 16);
  if (!start || !size || *size == 0 || *size > UINT64_MAX - *start || line.empty()) return std::nullopt;
  return JitFunction{0, *start, *size, std::string(line.substr(0, longest_name))};
}

void append_hex(std::string& out, std::uint64_t number) {
  std::array<char, 16> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr);
  out += ' ';
}

}  // namespace

bool is_jit_memory(std::string_view path) {
  for (const std::string_view name : {"//anon", "[anon:", "/memfd:", "/dev/zero", "/anon_hugepage", "/SYSV"})
    if (path.starts_with(name)) return true;
  return path.empty();
}

JitFunctions parse_perf_map(std::string_view text) {
  JitFunctions functions;
  while (!text.empty() && functions.size() < most_jit_functions)
    if (auto function = parse_function(base::take_line(text))) functions.push_back(std::move(*function));
  return functions;
}

bool JitDump::read_header(int fd) {
  std::array<std::byte, 40> bytes{};
  if (::pread(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return false;
  base::Cursor cursor(bytes);
  is_broken_ = cursor.read<std::uint32_t>() != magic;
  cursor.skip(4);  // version
  at_ = cursor.read<std::uint32_t>();
  cursor.skip(20);  // machine, padding, process, time
  has_own_clock_ = (cursor.read<std::uint64_t>() & has_processor_clock) != 0;
  is_broken_ = is_broken_ || at_ < bytes.size();
  return !is_broken_;
}

// Of a function that is loaded, the code is not needed.
JitFunctions JitDump::read(int fd) {
  JitFunctions functions;
  if (is_broken_ || (at_ == 0 && !read_header(fd))) return functions;
  std::array<char, prefix_bytes + 40 + longest_name> bytes{};
  const off_t end = ::lseek(fd, 0, SEEK_END);
  while (count_ < most_jit_functions) {
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(at_));
    if (got < static_cast<ssize_t>(prefix_bytes)) break;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + 4, sizeof size);
    is_broken_ = size < prefix_bytes;
    if (is_broken_ || end < 0 || at_ + size > static_cast<std::uint64_t>(end)) break;
    take({bytes.data(), std::min<std::size_t>(size, static_cast<std::size_t>(got))}, functions);
    at_ += size;
  }
  return functions;
}

void JitDump::take(std::string_view record, JitFunctions& functions) {
  base::Cursor cursor(std::as_bytes(std::span(record)));
  const auto kind = cursor.read<std::uint32_t>();
  cursor.skip(4);
  JitFunction function;
  function.time_ns = cursor.read<std::uint64_t>();
  if (has_own_clock_) function.time_ns = 0;
  if (kind != code_load && kind != code_move) return;
  cursor.skip(16);                        // process, thread, address in the file that would be made of it
  if (kind == code_move) cursor.skip(8);  // where it was: it may be executed there until something else comes
  function.start = cursor.read<std::uint64_t>();
  function.size = cursor.read<std::uint64_t>();
  const auto index = cursor.read<std::uint64_t>();
  if (cursor.failed() || function.size == 0 || function.size > UINT64_MAX - function.start) return;
  if (kind == code_load) {
    const std::string_view rest = record.substr(cursor.offset());
    names_[index] = rest.substr(0, std::min(rest.find('\0'), longest_name));
  }
  if (const auto name = names_.find(index); name != names_.end()) function.name = name->second;
  if (function.name.empty()) return;
  ++count_;
  functions.push_back(std::move(function));
}

std::string encode_jit(const JitProcesses& processes) {
  std::string text;
  for (const auto& [pid, functions] : processes) {
    text += "process " + std::to_string(pid) + "\n";
    for (const JitFunction& function : functions) {
      for (const std::uint64_t number : {function.time_ns, function.start, function.size}) append_hex(text, number);
      text += function.name.substr(0, function.name.find('\n'));
      text += '\n';
    }
  }
  return text;
}

JitProcesses decode_jit(std::string_view text) {
  JitProcesses processes;
  JitFunctions* functions = nullptr;
  constexpr std::string_view head = "process ";
  while (!text.empty()) {
    std::string_view line = base::take_line(text);
    if (line.starts_with(head)) {
      line.remove_prefix(head.size());
      const auto pid = take_number(line, 10);
      functions = pid && *pid <= UINT32_MAX ? &processes[static_cast<std::uint32_t>(*pid)] : nullptr;
      continue;
    }
    const auto time = take_number(line, 16);
    auto function = parse_function(line);
    if (functions == nullptr || !time || !function) continue;
    function->time_ns = *time;
    functions->push_back(std::move(*function));
  }
  return processes;
}

}  // namespace dtp::record
