// The user's cache of files that are dear to make and can be made again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"

namespace dtp::debug {

// What a file was made from, and so its name: another build has another id.
struct CacheKey {
  std::string build_id = {};  // hex
  std::uint64_t source = 0;   // a checksum of the source: what else was given this build-id
  std::string kind = "elf";   // what was made of it: the end of the file's name
};

class Cache {
 public:
  // None: nothing is found and nothing kept.
  Cache() = default;
  // $XDG_CACHE_HOME/dtracepp/debug or ~/.cache/dtracepp/debug, which is made when first needed.
  static Cache of_user();
  explicit Cache(std::string directory) : directory_(std::move(directory)) {}

  // Writes the contents; false: they cannot be made.
  using Fill = std::function<bool(std::span<std::byte> contents)>;
  // `size` bytes from the cache, or else made and, where that can be, kept. The mapping is longer than they are.
  std::optional<base::Mapping> find_or_make(const CacheKey& key, std::size_t size, const Fill& fill) const;

  // As long as its `size` bytes are, they are what was kept.
  struct Found {
    base::Mapping mapping = {};
    std::size_t size = 0;
  };
  std::optional<Found> find(const CacheKey& key) const;
  // Nothing is kept where there is no place.
  void keep(const CacheKey& key, std::span<const std::byte> contents) const;

  // Empty: there is a cache and it can be trusted; else why there is none, as one clause.
  std::string why_unused() const;
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_ = {};
};

// Finds damage, not malice. 8 bytes a step in each of four lanes: as fast as memory.
std::uint64_t checksum(std::span<const std::byte> bytes);

}  // namespace dtp::debug
