#include "symbol/module_file.h"

#include <filesystem>
#include <utility>

namespace dtp::symbol {

bool is_same_build(const std::string& recorded, const std::string& found) {
  return recorded.empty() || found.empty() || recorded == found;
}

std::optional<debug::ElfFile> open_file_of(const record::Module& module) {
  if (!module.path.starts_with('/') || module.path.starts_with("//")) return std::nullopt;
  // A recording may name what is no file: to open a pipe would wait for its other end.
  std::error_code error;
  if (!std::filesystem::is_regular_file(module.path, error)) return std::nullopt;
  auto file = debug::ElfFile::open(module.path);
  if (!file) return std::nullopt;
  if (!is_same_build(module.build_id, file->build_id())) return std::nullopt;
  return std::move(*file);
}

}  // namespace dtp::symbol
