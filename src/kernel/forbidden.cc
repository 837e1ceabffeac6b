#include "kernel/forbidden.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <string_view>

#include "base/file.h"
#include "base/lines.h"

namespace dtp::kernel {
namespace {

// Some kernels are built to take probes in any function.
bool takes_all(const std::string& config_directory) {
  struct utsname names = {};
  if (::uname(&names) != 0) return false;
  const auto config = base::read_file(config_directory + "/config-" + names.release);
  return config && config->contains("\nCONFIG_KPROBE_EVENTS_ON_NOTRACE=y\n");
}

}  // namespace

void Forbidden::read() {
  if (std::exchange(is_read_, true)) return;
  // 0xffffffff81e01150-0xffffffff81e01180	asm_exc_page_fault
  const std::string blacklist = base::read_file(blacklist_path_).value_or("");
  for (std::string_view rest = blacklist; !rest.empty();) {
    const std::string_view line = base::take_line(rest);
    const std::size_t tab = line.find('\t');
    if (tab != std::string_view::npos) blacklist_.emplace(line.substr(tab + 1));
  }
  const auto text = tracefs_.read("available_filter_functions");
  if (!text || text->empty() || takes_all(config_directory_)) return;
  traceable_.emplace();
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = base::take_line(rest);
    traceable_->emplace(line.substr(0, line.find(' ')));
  }
}

std::string Forbidden::why(const std::string& function) {
  read();
  // A part or a clone is taken when the whole is.
  const std::string whole = function.substr(0, function.find('.'));
  if (blacklist_.contains(function) || blacklist_.contains(whole))
    return fmt::format("the kernel forbids probes in '{}'", function);
  if (!traceable_ || traceable_->contains(function) || traceable_->contains(whole)) return "";
  return fmt::format("'{}' cannot be traced", function);
}

}  // namespace dtp::kernel
