#include "symbol/module_file.h"

#include <filesystem>
#include <utility>

#include "debug/process_files.h"

namespace dtp::symbol {

bool is_same_build(const std::string& recorded, const std::string& found) {
  return recorded.empty() || found.empty() || recorded == found;
}

namespace {

std::optional<debug::ElfFile> open_at_path(const record::Module& module) {
  if (!module.path.starts_with('/') || module.path.starts_with("//")) return std::nullopt;
  // A recording may name what is no file: to open a pipe would wait for its other end.
  std::error_code error;
  if (!std::filesystem::is_regular_file(module.path, error)) return std::nullopt;
  auto file = debug::ElfFile::open(module.path);
  if (!file) return std::nullopt;
  if (!is_same_build(module.build_id, file->build_id())) return std::nullopt;
  return std::move(*file);
}

// Numbers of processes are used again: only the build-id says that it is still that one.
std::optional<debug::ElfFile> open_mapped(const record::Module& module) {
  if (module.build_id.empty()) return std::nullopt;
  for (const record::MemoryRange& range : module.mapped) {
    const auto found = debug::find_mapping(static_cast<int>(range.pid), range.start, range.end);
    std::error_code error;
    if (!found || !std::filesystem::is_regular_file(found->path, error)) continue;
    auto file = debug::ElfFile::open(found->path);
    if (file && file->build_id() == module.build_id) return std::move(*file);
  }
  return std::nullopt;
}

}  // namespace

std::optional<debug::ElfFile> open_file_of(const record::Module& module) {
  auto file = open_at_path(module);
  return file ? std::move(file) : open_mapped(module);
}

}  // namespace dtp::symbol
