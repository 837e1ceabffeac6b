#include "debug/find.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/file.h"
#include "debug/elf_notes.h"
#include "debug/process_files.h"

namespace dtp::debug {
namespace {

const std::string debug_root = "/usr/lib/debug";

std::string by_build_id(const std::string& id) {
  if (id.size() < 3) return "";
  return debug_root + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
}

struct Candidate {
  std::string path = {};
  std::optional<std::uint32_t> crc = {};  // that the whole file must have, where build-ids do not tell
};

bool has_crc(const std::string& path, std::uint32_t crc) {
  const auto mapping = base::map_file(path);
  return mapping && libdeflate_crc32(0, mapping->bytes().data(), mapping->bytes().size()) == crc;
}

// Why a file that exists is not what is looked for; empty: it is.
std::string why_not(const Candidate& candidate, const std::string& build_id) {
  const auto file = ElfFile::open(candidate.path);
  if (!file) return "not an ELF file that can be read";
  const std::string id = file->build_id();
  const bool tells = !build_id.empty() && !id.empty();
  if (tells && id != build_id) return "of another build";
  if (!tells && candidate.crc && !has_crc(candidate.path, *candidate.crc)) return "of another build";
  return "";
}

// The servers are asked last.
Search or_download(Search search, const std::string& build_id, const DownloadLimits& limits) {
  if (!search.found.empty() || build_id.empty() || !has_servers()) return search;
  const Download download = download_debug_file(build_id, limits);
  const std::string reason = download.path.empty() ? download.why_not : why_not({download.path}, build_id);
  search.looked.push_back("debuginfod" + (reason.empty() ? "" : " - " + reason));
  if (reason.empty()) search.found = download.path;
  return search;
}

bool has_debug_information(const std::string& path) {
  const auto file = ElfFile::open(path);
  return file && has_dwarf(*file);
}

// Takes the first candidate that is an ELF file with DWARF and of the same build.
Search search(const std::vector<Candidate>& candidates, const std::string& build_id) {
  Search result;
  for (const Candidate& candidate : candidates) {
    if (candidate.path.empty()) continue;
    const bool exists = ::access(candidate.path.c_str(), R_OK) == 0;
    const std::string reason = exists ? why_not(candidate, build_id) : "";
    result.looked.push_back(candidate.path + (reason.empty() ? "" : " - " + reason));
    if (!exists || !reason.empty() || !has_debug_information(candidate.path)) continue;
    result.found = candidate.path;
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
  return notes ? build_id_of(std::as_bytes(std::span(*notes))) : "";
}

Search find_kernel_debug_file(const DownloadLimits& limits) {
  const std::string release = kernel_release();
  const std::string id = kernel_build_id();
  std::vector<Candidate> candidates{{by_build_id(id)}};
  for (const std::string& path : {debug_root + "/boot/vmlinux-" + release,
                                  debug_root + "/lib/modules/" + release + "/vmlinux", "/boot/vmlinux-" + release,
                                  "/lib/modules/" + release + "/build/vmlinux", std::string("/usr/src/linux/vmlinux")})
    candidates.push_back({path});
  return or_download(search(candidates, id), id, limits);
}

std::string looked_text(const Search& search) {
  if (search.looked.empty()) return "";
  return fmt::format(" (looked for {})", fmt::join(search.looked, ", "));
}

Search find_by_build_id(const std::string& build_id) {
  if (build_id.empty()) return {};
  return or_download(search({{by_build_id(build_id)}}, build_id), build_id, {});
}

Search find_supplement(const ElfFile& file) {
  const ElfFile::Supplement supplement = file.supplement();
  const std::string& id = supplement.build_id;
  std::error_code error;
  // Links under .build-id lead to where the file really is.
  const std::string root = root_of(file.path());
  std::filesystem::path real = inside_root(file.path());
  if (root.empty()) real = std::filesystem::canonical(real, error);
  const std::filesystem::path directory = (error ? std::filesystem::path(file.path()) : real).parent_path();
  const std::string name = (directory / supplement.name).lexically_normal().string();
  const std::string file_name = std::filesystem::path(name).filename().string();
  std::vector<Candidate> candidates;
  for (const std::string& path : {by_build_id(id), name, debug_root + "/.dwz/" + file_name})
    if (!path.empty()) candidates.push_back({root + path});
  if (!root.empty()) candidates.push_back({by_build_id(id)});
  return or_download(search(candidates, id), id, {});
}

Search find_debug_file(const ElfFile& file, const DownloadLimits& limits) {
  // A process's files are looked for in its root, and last in ours: a build-id means the same in both.
  const std::string root = root_of(file.path());
  const std::string path = inside_root(file.path());
  const std::string directory = root + std::filesystem::path(path).parent_path().string();
  const ElfFile::DebugLink link = file.debug_link();
  const std::string by_id = by_build_id(file.build_id());
  std::vector<Candidate> candidates{{file.path()}, {by_id.empty() ? "" : root + by_id}};
  if (!link.name.empty()) {
    candidates.push_back({directory + "/" + link.name, link.crc});
    candidates.push_back({directory + "/.debug/" + link.name, link.crc});
    candidates.push_back({root + debug_root + directory.substr(root.size()) + "/" + link.name, link.crc});
  }
  if (const std::string plain = root + debug_root + path + ".debug"; candidates.back().path != plain)
    candidates.push_back({plain});
  if (!root.empty()) candidates.push_back({by_id});
  return or_download(search(candidates, file.build_id()), file.build_id(), limits);
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
  for (const std::string& root : {debug_root + "/lib/modules/" + release, "/lib/modules/" + release}) {
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
