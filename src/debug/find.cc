#include "debug/find.h"

#include <elf.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>

#include "base/cursor.h"
#include "base/file.h"

namespace dtp::debug {
namespace {

constexpr const char* debug_root = "/usr/lib/debug";

std::string by_build_id(const std::string& id) {
  if (id.size() < 3) return "";
  return std::string(debug_root) + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
}

// Takes the first candidate that is an ELF file with DWARF and, where both have one, the same build-id.
Search search(const std::vector<std::string>& candidates, const std::string& build_id) {
  Search result;
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    result.looked.push_back(candidate);
    if (::access(candidate.c_str(), R_OK) != 0) continue;
    const auto file = ElfFile::open(candidate);
    if (!file) continue;
    const std::string id = file->build_id();
    if (!build_id.empty() && !id.empty() && id != build_id) continue;
    if (!has_dwarf(*file)) continue;
    result.found = candidate;
    break;
  }
  return result;
}

}  // namespace

bool has_dwarf(const ElfFile& file) { return file.has_section(".debug_info") || file.has_section(".zdebug_info"); }

std::string kernel_release() {
  struct utsname names = {};
  return ::uname(&names) == 0 ? names.release : "";
}

std::string kernel_build_id() {
  const auto notes = base::read_file("/sys/kernel/notes");
  if (!notes) return "";
  base::Cursor cursor(std::as_bytes(std::span(*notes)));
  while (cursor.left() >= sizeof(Elf64_Nhdr)) {
    const auto header = cursor.read<Elf64_Nhdr>();
    const auto name = cursor.take((header.n_namesz + 3U) & ~3U);
    const auto id = cursor.take((header.n_descsz + 3U) & ~3U);
    if (cursor.failed()) break;
    const bool is_gnu =
        header.n_namesz == 4 && std::string_view(reinterpret_cast<const char*>(name.data()), 3) == "GNU";
    if (is_gnu && header.n_type == NT_GNU_BUILD_ID) return to_hex(id.first(header.n_descsz));
  }
  return "";
}

Search find_kernel_debug_file() {
  const std::string release = kernel_release();
  const std::string id = kernel_build_id();
  const std::string root = debug_root;
  return search({by_build_id(id), root + "/boot/vmlinux-" + release, root + "/lib/modules/" + release + "/vmlinux",
                 "/boot/vmlinux-" + release, "/lib/modules/" + release + "/build/vmlinux", "/usr/src/linux/vmlinux"},
                id);
}

Search find_debug_file(const ElfFile& file) {
  const std::filesystem::path path = file.path();
  const std::string directory = path.parent_path().string();
  const std::string link = file.debug_link();
  std::vector<std::string> candidates{file.path(), by_build_id(file.build_id())};
  if (!link.empty()) {
    candidates.push_back(directory + "/" + link);
    candidates.push_back(directory + "/.debug/" + link);
    candidates.push_back(debug_root + directory + "/" + link);
  }
  candidates.push_back(debug_root + file.path() + ".debug");
  return search(candidates, file.build_id());
}

Search find_module_file(const std::string& module) {
  Search result;
  const std::string release = kernel_release();
  const auto is_wanted = [&](const std::filesystem::path& file) {
    std::string stem = file.filename().string();
    const std::size_t dot = stem.find(".ko");
    if (dot == std::string::npos || (stem.size() != dot + 3 && stem.substr(dot) != ".ko.debug")) return false;
    stem.resize(dot);
    for (char& c : stem) c = c == '-' ? '_' : c;
    return stem == module;
  };
  for (const std::string& root : {std::string(debug_root) + "/lib/modules/" + release, "/lib/modules/" + release}) {
    result.looked.push_back(root);
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
      if (!is_wanted(at->path())) continue;
      result.found = at->path().string();
      return result;
    }
  }
  return result;
}

}  // namespace dtp::debug
