// A profile as pprof reads it: a protocol buffer, gzip'd.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/output.h"
#include "report/profile.h"

namespace dtp::report {

// Of what the profile itself does not know.
struct ProfileOrigin {
  std::string name = {};      // of the recording
  std::string exporter = {};  // the program
  std::optional<std::int64_t> wall_offset_ns = {};
};

// Each event is a kind of value; keys are labels. What the file holds before it is compressed.
std::string encode_pprof(const Profile& profile, const ProfileOrigin& origin);
Result<void> write_pprof(Output& output, const Profile& profile, const ProfileOrigin& origin);

}  // namespace dtp::report
