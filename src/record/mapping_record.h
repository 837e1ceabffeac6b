// PERF_RECORD_MMAP and PERF_RECORD_MMAP2, and perf's record of a build-id: read, and written for what was mapped before
// the recording began.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "record/address_spaces.h"

namespace dtp::record {

// None: shorter than it should be.
std::optional<NewMapping> parse_mapping(std::span<const std::byte> record);

// The path and build-id of a module; none of a record that is too short.
std::optional<Module> parse_build_id(std::span<const std::byte> record);

// The kernel's build-id has a record of its own in front. With `trailer` bytes of zeros behind it: before everything
// else.
std::string encode_mapping(const NewMapping& mapping, std::size_t trailer);

}  // namespace dtp::record
