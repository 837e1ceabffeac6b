// A profile as speedscope reads it.
#pragma once

#include <string_view>

#include "report/output.h"
#include "report/profile.h"

namespace dtp::report {

// A profile of samples for each event. Keys stand below the outermost function. `name` is the recording, `exporter` the
// program.
Result<void> write_speedscope(Output& output, const Profile& profile, std::string_view name, std::string_view exporter);

}  // namespace dtp::report
