// The kernel's return probes put an address of their own in place of the return address. Go's runtime walks and copies
// its stacks, meets an address that it does not know, and ends the program. So the return of a Go function is a plain
// probe on each of its return instructions. A Go function leaves by no other way: it makes no tail calls, and after a
// recovered panic it goes on at a return instruction of its own.
#include "lower/go_return.h"

#include <fmt/format.h>

#include "arch/returns.h"
#include "lower/entry_place.h"

namespace dtp::lower {
namespace {

bool is_go_code(const Spot& spot, const Target& target) {
  if (spot.has_instance && spot.instance.language == debug::Language::go) return true;
  if (!target.file->is_go()) return false;
  // Go's linker marks where its own code begins and ends, assembly included; C within a Go program lies elsewhere.
  const auto first = target.symbols().find("runtime.text");
  const auto last = target.symbols().find("runtime.etext");
  if (first.size() != 1 || last.size() != 1) return !spot.has_instance;
  return spot.address >= first[0]->address && spot.address < last[0]->address;
}

Error refuse(const expr::ProbePoint& point, std::string what, std::string hint = {}) {
  return {.what = std::move(what),
          .where = Where{"probe point", point.text, point.function_span},
          .hint = std::move(hint),
          .status = Status::wrong_request};
}

constexpr const char* stack_hint = "the kernel's return probes damage the stacks of Go; probe the callers instead";

Result<void> add_returns(const Spot& spot, const expr::ProbePoint& point, const Target& target,
                         std::vector<Spot>& all) {
  const std::uint64_t size = size_of_function(spot, target);
  if (size == 0)
    return fail(refuse(point, fmt::format("where '{}' ends is not known, and so not where it returns", point.function),
                       stack_hint));
  const std::uint64_t begin = spot.has_instance ? spot.instance.address : spot.address;
  const std::span<const std::byte> bytes = target.file->bytes_at(begin, size);
  const auto returns = arch::find_returns(bytes);
  if (bytes.empty() || !returns)
    return fail(
        refuse(point, fmt::format("the code of '{}' cannot be decoded to its end", point.function), stack_hint));
  if (returns->empty()) return fail(refuse(point, fmt::format("'{}' has no return instruction", point.function)));
  for (const std::uint64_t offset : *returns) {
    Spot at = spot;
    at.address = begin + offset;
    const auto in_file = target.file->file_offset(at.address);
    if (!in_file) return fail(refuse(point, fmt::format("'{}' is not in the file", point.function)));
    at.site.address = *in_file;
    at.site.is_return = false;
    at.is_entry = false;
    at.is_return_instruction = true;
    all.push_back(std::move(at));
  }
  return {};
}

}  // namespace

Result<std::vector<Spot>> at_go_returns(std::vector<Spot> spots, const expr::ProbePoint& point, const Target& target) {
  if (!point.is_return || !target.is_user() || target.file == nullptr) return spots;
  if (point.address && target.file->is_go())
    return fail(refuse(point, "the return of a Go function is probed by its name", "write FUNCTION%return"));
  std::vector<Spot> all;
  Result<void> wrong;  // of a pattern's functions those that do not return are passed over
  for (Spot& spot : spots) {
    if (!is_go_code(spot, target)) {
      all.push_back(std::move(spot));
      continue;
    }
    auto added = add_returns(spot, point, target, all);
    if (!added) wrong = std::move(added);
    if (!wrong && !point.is_pattern) break;
  }
  if (!wrong && (all.empty() || !point.is_pattern)) return fail(std::move(wrong.error()));
  return all;
}

}  // namespace dtp::lower
