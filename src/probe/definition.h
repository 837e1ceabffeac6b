// Lines of kprobe_events, uprobe_events and dynamic_events: rendered from a plan, and read back. Pure text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/arch.h"
#include "dtracepp/error.h"
#include "dtracepp/path.h"

namespace dtp::probe {

// "+0(+40(+24(%di)))". A value that no fetch-arg can say is an error without a place.
Result<std::string> render_path(const path::Path& path, const arch::Arch& arch);
// "x64", "b3@4/32", "u8[4]".
std::string render_read(const path::Read& read);
// "name=+0(+40(+24(%di))):string"
Result<std::string> render_field(const path::Field& field, const arch::Arch& arch);
// "vfs_read+0", "nf_conntrack:nf_ct_get+0", "/bin/bash:0x9a850", "0xffffffff81350200",
// "sched.sched_switch"
std::string render_site(const path::Site& site);
// "p:probe/vfs_read vfs_read+0 name=+0(+40(+24(%di))):string", one line a point.
Result<std::vector<std::string>> render(const path::Plan& plan, const arch::Arch& arch);

struct DefinitionArgument {
  std::string name = {};
  std::string fetch = {};
  std::string type = {};
  bool operator==(const DefinitionArgument&) const = default;
};

// A line as the kernel lists it.
struct Definition {
  char kind = 'p';  // 'p', 'r', 'e', 'f' or 't'
  std::string group = {};
  std::string event = {};
  std::string place = {};
  std::vector<DefinitionArgument> arguments = {};
  bool operator==(const Definition&) const = default;
};

// None for a line that is not of the form above (other tools' events may be).
std::optional<Definition> parse_definition(std::string_view line);

}  // namespace dtp::probe
