#include "debug/name_index.h"

#include <algorithm>
#include <cstring>

#include "debug/cache_key.h"

namespace dtp::debug {
namespace {

struct Header {
  std::uint32_t functions = 0;
  std::uint32_t instances = 0;
  std::uint32_t globals = 0;
  std::uint32_t files = 0;
  std::uint32_t units = 0;
  std::uint32_t texts = 0;
  std::uint32_t has_all_names = 0;
};

// Smaller files are searched in no time.
constexpr std::size_t least_bytes = std::size_t{16} << 20;

template <class T>
std::span<const T> take(std::span<const std::byte>& bytes, std::size_t count) {
  const std::span<const T> taken(reinterpret_cast<const T*>(bytes.data()), count);
  bytes = bytes.subspan(count * sizeof(T));
  return taken;
}

template <class T>
bool fits(const T& entry, std::size_t size) {
  return entry.first <= size && entry.count <= size - entry.first;
}

std::optional<NameIndex> find_index(const ElfFile& file, const Cache& cache, const CacheKey& key) {
  auto found = cache.find(key);
  if (!found) return std::nullopt;
  const std::size_t size = found->size;
  return NameIndex::of_bytes(file, std::move(found->mapping), size);
}

}  // namespace

std::optional<NameIndex> NameIndex::open(const ElfFile& file, const Cache& cache) {
  const std::size_t bytes = file.section(".debug_info").size();
  if (file.is_relocatable() || bytes < least_bytes || bytes > UINT32_MAX) return std::nullopt;
  const CacheKey key = cache_key(file, "names");
  if (auto index = find_index(file, cache, key)) return index;
  // What is searched for the second time will be searched again.
  const CacheKey seen = cache_key(file, "seen");
  if (!cache.find(seen)) {
    cache.keep(seen, {});
    return std::nullopt;
  }
  cache.keep(key, build_name_index(file));
  return find_index(file, cache, key);
}

std::optional<NameIndex> NameIndex::of_bytes(const ElfFile& file, base::Mapping mapping, std::size_t size) {
  NameIndex index;
  std::span<const std::byte> left = mapping.bytes().first(std::min(size, mapping.bytes().size()));
  Header header;
  if (left.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, left.data(), sizeof header);
  left = left.subspan(sizeof header);
  const std::uint64_t wanted = header.functions * sizeof(Function) + header.instances * sizeof(Instance) +
                               header.globals * sizeof(Global) + header.files * sizeof(File) +
                               header.units * sizeof(std::uint32_t) + header.texts;
  if (left.size() != wanted) return std::nullopt;
  index.has_all_names_ = header.has_all_names != 0;
  index.functions_ = take<Function>(left, header.functions);
  index.instances_ = take<Instance>(left, header.instances);
  index.globals_ = take<Global>(left, header.globals);
  index.files_ = take<File>(left, header.files);
  index.units_ = take<std::uint32_t>(left, header.units);
  index.texts_ = {reinterpret_cast<const char*>(left.data()), left.size()};
  const auto strings = file.section(".debug_str");
  const std::uint64_t names = strings.size() + index.texts_.size();
  index.strings_ = {reinterpret_cast<const char*>(strings.data()), strings.size()};
  for (const Function& function : index.functions_)
    if (!fits(function, index.instances_.size()) || function.name >= names) return std::nullopt;
  for (const Global& global : index.globals_)
    if (!fits(global, index.units_.size()) || global.name >= names) return std::nullopt;
  for (const File& entry : index.files_)
    if (!fits(entry, index.units_.size())) return std::nullopt;
  index.mapping_ = std::move(mapping);
  return index;
}

std::string_view NameIndex::text_at(std::uint32_t name) const {
  const std::string_view rest =
      name < strings_.size() ? strings_.substr(name) : texts_.substr(std::min(name - strings_.size(), texts_.size()));
  return rest.substr(0, rest.find('\0'));
}

std::span<const NameIndex::Instance> NameIndex::instances(const Function& function) const {
  return instances_.subspan(function.first, function.count);
}

std::span<const NameIndex::Function> NameIndex::find(std::string_view name) const {
  const auto same = std::ranges::equal_range(functions_, name, {}, [this](const Function& f) { return name_of(f); });
  return {same.begin(), same.end()};
}

std::span<const NameIndex::Function> NameIndex::find_prefix(std::string_view prefix) const {
  const auto head = [&](const Function& f) { return name_of(f).substr(0, prefix.size()); };
  const auto same = std::ranges::equal_range(functions_, prefix, {}, head);
  return {same.begin(), same.end()};
}

std::span<const std::uint32_t> NameIndex::units_of_global(std::string_view name, std::uint32_t is_enumerator) const {
  const auto key = [this](const Global& global) { return std::pair(text_at(global.name), global.is_enumerator); };
  const auto at = std::ranges::lower_bound(globals_, std::pair(name, is_enumerator), {}, key);
  if (at == globals_.end() || key(*at) != std::pair(name, is_enumerator)) return {};
  return units_.subspan(at->first, at->count);
}

std::span<const std::uint32_t> NameIndex::units_of(std::string_view path) const {
  const std::uint32_t hash = hash_of_file(path);
  const auto at = std::ranges::lower_bound(files_, hash, {}, &File::hash);
  if (at == files_.end() || at->hash != hash) return {};
  return units_.subspan(at->first, at->count);
}

}  // namespace dtp::debug
