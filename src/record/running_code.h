// What code is mapped now: by processes that run already, and by the kernel. Build-ids of files are not looked up.
#pragma once

#include <cstdint>
#include <vector>

#include "record/address_spaces.h"

namespace dtp::record {

// The mappings of files, and the executable ones, of a process; none of one that has ended.
std::vector<NewMapping> running_mappings(std::uint32_t pid);
// The kernel's text and its modules; none where the kernel hides its addresses.
std::vector<NewMapping> kernel_mappings();

// The modules alone, each as one mapping.
std::vector<NewMapping> kernel_modules();

// The lines of /proc/PID/maps, of /proc/kallsyms and /proc/modules.
std::vector<NewMapping> parse_maps(std::uint32_t pid, std::string_view maps);
std::vector<NewMapping> parse_kernel(std::string_view kallsyms, std::string_view modules);

}  // namespace dtp::record
