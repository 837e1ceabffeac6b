// Where the debug information of a target is: by build-id, by debug link, at the usual places, on servers.
#pragma once

#include <string>
#include <vector>

#include "debug/download.h"
#include "debug/elf_file.h"
#include "dtracepp/error.h"

namespace dtp::debug {

// A search: what was found, and where it was looked for (for `doctor` and error texts).
struct Search {
  std::string found = {};                // empty: nothing
  std::vector<std::string> looked = {};  // in order
};

// " (looked for A, B)"; empty when nothing was looked for.
std::string looked_text(const Search& search);

// Compressed or not.
bool has_dwarf(const ElfFile& file);

// The vmlinux with DWARF of the running kernel. One whose build-id differs is not taken.
Search find_kernel_debug_file(const DownloadLimits& limits = {});
// The file with DWARF of a user-space binary; the binary itself when it has it.
Search find_debug_file(const ElfFile& file, const DownloadLimits& limits = {});
// Any file with this build-id, with DWARF or not; a debug file rather than the program itself.
Search find_by_build_id(const std::string& build_id);
// The supplementary file of one that DWZ took shared debug information out of.
Search find_supplement(const ElfFile& file);
// The .ko of a loaded or installed module of the running kernel; with DWARF if there is one.
Search find_module_file(const std::string& module);

// Build-id of the running kernel, from /sys/kernel/notes; empty: not readable.
std::string kernel_build_id();
std::string kernel_release();

}  // namespace dtp::debug
