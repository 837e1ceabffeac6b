#include "report/syscall_names.h"

#include <asm/unistd_64.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace dtp::report {
namespace {

constexpr std::pair<std::int64_t, std::string_view> names[] = {
#define DTP_SYSCALL(name) {__NR_##name, #name},
#include "syscalls.def"
#undef DTP_SYSCALL
};

}  // namespace

std::string syscall_name(std::int64_t number) {
  const auto* found = std::ranges::find(names, number, &std::pair<std::int64_t, std::string_view>::first);
  return found == std::end(names) ? std::to_string(number) : std::string(found->second);
}

}  // namespace dtp::report
