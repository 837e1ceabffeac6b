// The files of a process as it sees them: in its own root and mount namespace, also those that are deleted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dtracepp/error.h"

namespace dtp::debug {

struct ProcessFile {
  std::string path = {};  // leads us, and the kernel for us, to the file: "/opt/app", "/proc/7/root/opt/app"
  std::string name = {};  // its own name, also where the path has another one, as "/proc/7/exe": "app"
  bool operator==(const ProcessFile&) const = default;
};

// What the process executes.
Result<ProcessFile> find_program(int pid);
// What stands at an absolute path in the process's root.
Result<ProcessFile> find_in_root(int pid, const std::string& path);
// A file that the process has mapped, by its name without directories, of which the end may be left out at a '.' or
// '-': "libc.so.6", "libc". No path: it has none of that name.
Result<ProcessFile> find_mapped(int pid, const std::string& name);

// What the process has mapped at these addresses, also where it is deleted or in another mount namespace.
Result<ProcessFile> find_mapping(int pid, std::uint64_t start, std::uint64_t end);

// Where the shell would find a program of this name, or the dynamic linker a library ("libc.so.6"). Empty: nowhere.
std::string find_by_name(const std::string& name);

// Where a process has mapped a library of this name, or executes a program of it, as in find_mapped(). Empty: none
// does.
Result<std::string> find_running(const std::string& name);
// Of the file names that find_mapped() takes for `name`.
bool is_called(std::string_view file, std::string_view name);

// "/proc/7/root" of "/proc/7/root/opt/app" and of "/proc/7/exe"; empty: the path is in our own root.
std::string root_of(std::string_view path);
// "/opt/app" of "/proc/7/root/opt/app"; a path in our own root as it is.
std::string inside_root(const std::string& path);

}  // namespace dtp::debug
