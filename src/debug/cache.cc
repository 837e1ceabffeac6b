// A cached file is its contents, padding to 16 bytes, and a trailer that says what they are. The contents come first
// so that what is mapped is the contents, as an ELF file for example.
//
//   contents | 0 ... | magic, version, size of the contents, build-id's and source's checksum, checksum of it all
//
// A file is written under a name of its own and renamed when it is whole, so a reader sees all of it or nothing. What
// a power cut leaves behind, the checksum finds.
//
// A root process reads it, and what it says decides where probes go. So nobody but this user and root may have been
// able to write it: the file and each directory above it are opened without following links, and their owners and
// modes are looked at. A directory that others may write to serves only when it is sticky, as /tmp is: what is in it
// then belongs to whom it belongs.
#include "debug/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

namespace dtp::debug {
namespace {

constexpr std::array<char, 8> magic{'d', 't', 'p', 'c', 'a', 'c', 'h', 'e'};
constexpr std::uint32_t version = 1;
// When more is kept, the files that were made first go.
constexpr std::uint64_t most_kept = std::uint64_t{8} << 30;
// A build-id is a name of a file here.
constexpr std::size_t shortest_id = 16, longest_id = 128;

struct Trailer {
  std::array<char, 8> name = magic;
  std::uint32_t version = debug::version;
  std::uint32_t unused = 0;
  std::uint64_t size = 0;
  std::uint64_t source = 0;
  std::uint64_t contents = 0;  // checksum
  std::uint64_t own = 0;       // checksum of the fields above
};
constexpr std::size_t alignment = 16;
static_assert(sizeof(Trailer) % alignment == 0);

std::uint64_t own_checksum(const Trailer& trailer) {
  return checksum(std::as_bytes(std::span(&trailer, 1)).first(offsetof(Trailer, own)));
}

std::size_t padded(std::size_t size) { return (size + alignment - 1) / alignment * alignment; }

// Why others could have written what is in it; empty: they could not.
std::string why_untrusted(const struct stat& status, const std::string& path, bool is_own) {
  const bool is_sticky_root = (status.st_mode & S_ISVTX) != 0 && !is_own;
  if (status.st_uid != ::geteuid() && (is_own || status.st_uid != 0))
    return fmt::format("'{}' belongs to another user", path);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky_root)
    return fmt::format("others may write to '{}'", path);
  return "";
}

struct Directory {
  base::Fd fd = {};
  std::string why_not = {};
};

// Opens it component by component. The last two are our own. `make`: what is not there.
Directory open_directory(const std::string& path, bool make) {
  std::error_code error;
  const auto parent = std::filesystem::weakly_canonical(std::filesystem::path(path).parent_path().parent_path(), error);
  if (error) return {.fd = {}, .why_not = fmt::format("'{}' cannot be reached", path)};
  const std::filesystem::path whole =
      parent / std::filesystem::path(path).parent_path().filename() / std::filesystem::path(path).filename();
  const auto count = std::distance(whole.begin(), whole.end());
  Directory directory{.fd = base::Fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  std::filesystem::path so_far = "/";
  std::ptrdiff_t at = 0;
  for (const auto& component : whole) {
    const bool is_own = ++at > count - 2;
    if (component == "/") continue;
    so_far /= component;
    constexpr mode_t private_mode = 0700;
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    base::Fd next(::openat(directory.fd.get(), component.c_str(), flags));
    if (!next && errno == ENOENT && make && ::mkdirat(directory.fd.get(), component.c_str(), private_mode) == 0)
      next = base::Fd(::openat(directory.fd.get(), component.c_str(), flags));
    if (!next && errno == ENOENT && !make) return {};
    struct stat status = {};
    if (!next || ::fstat(next.get(), &status) != 0)
      return {.fd = {}, .why_not = fmt::format("'{}': {}", so_far.string(), ::strerror(errno))};
    if (std::string why = why_untrusted(status, so_far.string(), is_own); !why.empty())
      return {.fd = {}, .why_not = std::move(why)};
    directory.fd = std::move(next);
  }
  return directory;
}

std::string name_of(const CacheKey& key) {
  const bool is_hex =
      std::ranges::all_of(key.build_id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!is_hex || key.build_id.size() < shortest_id || key.build_id.size() > longest_id) return "";
  return key.build_id + "." + key.kind;
}

std::optional<Cache::Found> find_file(const Directory& directory, const std::string& name, const CacheKey& key) {
  const base::Fd fd(::openat(directory.fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (!why_untrusted(status, name, true).empty()) return std::nullopt;
  const auto whole = static_cast<std::size_t>(status.st_size);
  if (whole < sizeof(Trailer)) return std::nullopt;
  void* data = ::mmap(nullptr, whole, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return std::nullopt;
  base::Mapping mapping(data, whole);
  Trailer trailer;
  std::memcpy(&trailer, mapping.bytes().data() + whole - sizeof trailer, sizeof trailer);
  const std::size_t size = trailer.size;
  if (trailer.name != magic || trailer.version != version || trailer.source != key.source ||
      trailer.own != own_checksum(trailer) || size > whole || padded(size) + sizeof trailer != whole ||
      trailer.contents != checksum(mapping.bytes().first(size)))
    return std::nullopt;
  return Cache::Found{std::move(mapping), size};
}

// Removes the oldest files until the rest is small enough.
void make_room(const Directory& directory, std::uint64_t size) {
  struct File {
    std::string name;
    std::uint64_t size = 0;
    time_t time = 0;
  };
  std::vector<File> files;
  const int copy = ::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  if (!list) return;
  std::uint64_t kept = size;
  while (const dirent* entry = ::readdir(list.get())) {
    struct stat status = {};
    if (::fstatat(directory.fd.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
      continue;
    files.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), status.st_mtime});
    kept += files.back().size;
  }
  std::ranges::sort(files, {}, &File::time);
  for (const File& file : files) {
    if (kept <= most_kept) return;
    if (::unlinkat(directory.fd.get(), file.name.c_str(), 0) == 0) kept -= file.size;
  }
}

// Memory in large pages: one by one, small ones cost a fifth of what it takes to fill them.
std::optional<base::Mapping> make_in_memory(std::size_t size, const Cache::Fill& fill) {
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return std::nullopt;
  base::Mapping mapping(data, size);
  ::madvise(data, size, MADV_HUGEPAGE);
  if (!fill({static_cast<std::byte*>(data), size})) return std::nullopt;
  return mapping;
}

void write_file(const Directory& directory, const std::string& name, std::span<const std::byte> bytes) {
  make_room(directory, bytes.size());
  const std::string temporary = fmt::format("{}.{}.tmp", name, ::getpid());
  constexpr mode_t private_mode = 0600;
  const base::Fd fd(::openat(directory.fd.get(), temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, private_mode));
  if (!fd) return;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // Set aside at once, blocks cost a third less than one after the other.
  const bool has_room = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes.size())) == 0;
  if (!has_room || !base::write_all(fd.get(), text, temporary) ||
      ::renameat(directory.fd.get(), temporary.c_str(), directory.fd.get(), name.c_str()) != 0)
    ::unlinkat(directory.fd.get(), temporary.c_str(), 0);
}

// None: it cannot be made. That it cannot be kept is no reason to do without.
std::optional<base::Mapping> make_file(const Directory& directory, const std::string& name, const CacheKey& key,
                                       std::size_t size, const Cache::Fill& fill) {
  const std::size_t whole = padded(size) + sizeof(Trailer);
  auto made = make_in_memory(whole, [&](std::span<std::byte> bytes) {
    if (!fill(bytes.first(size))) return false;
    Trailer trailer{.size = size, .source = key.source, .contents = checksum(bytes.first(size))};
    trailer.own = own_checksum(trailer);
    std::memcpy(bytes.data() + padded(size), &trailer, sizeof trailer);
    return true;
  });
  if (made) write_file(directory, name, made->bytes());
  return made;
}

}  // namespace

Cache Cache::of_user() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  std::string root;
  if (cache != nullptr && cache[0] == '/')
    root = cache;
  else if (home != nullptr && home[0] == '/')
    root = std::string(home) + "/.cache";
  return root.empty() ? Cache() : Cache(root + "/dtracepp/debug");
}

std::string Cache::why_unused() const {
  if (directory_.empty()) return "neither XDG_CACHE_HOME nor HOME is set";
  return open_directory(directory_, false).why_not;
}

std::optional<base::Mapping> Cache::find_or_make(const CacheKey& key, std::size_t size, const Fill& fill) const {
  const std::string name = name_of(key);
  if (!directory_.empty() && !name.empty()) {
    const Directory directory = open_directory(directory_, true);
    if (directory.why_not.empty()) {
      if (auto found = find_file(directory, name, key); found && found->size == size) return std::move(found->mapping);
      if (auto made = make_file(directory, name, key, size, fill)) return made;
    }
  }
  return make_in_memory(size, fill);
}

std::optional<Cache::Found> Cache::find(const CacheKey& key) const {
  const std::string name = name_of(key);
  if (directory_.empty() || name.empty()) return std::nullopt;
  const Directory directory = open_directory(directory_, false);
  if (!directory.fd) return std::nullopt;
  return find_file(directory, name, key);
}

void Cache::keep(const CacheKey& key, std::span<const std::byte> contents) const {
  const std::string name = name_of(key);
  if (directory_.empty() || name.empty()) return;
  const Directory directory = open_directory(directory_, true);
  if (!directory.why_not.empty()) return;
  (void)make_file(directory, name, key, contents.size(), [&](std::span<std::byte> place) {
    std::ranges::copy(contents, place.begin());
    return true;
  });
}

std::uint64_t checksum(std::span<const std::byte> bytes) {
  constexpr std::uint64_t prime = 0x9E3779B185EBCA87;
  constexpr int turn = 29;
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
  const auto mix = [](std::uint64_t lane, std::uint64_t word) { return std::rotl((lane ^ word) * prime, turn); };
  std::size_t at = 0;
  for (; at + sizeof lanes <= bytes.size(); at += sizeof lanes) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), bytes.data() + at, sizeof words);
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  std::uint64_t sum = bytes.size();
  for (const std::uint64_t lane : lanes) sum = mix(sum, lane);
  for (; at < bytes.size(); ++at) sum = mix(sum, std::to_integer<std::uint64_t>(bytes[at]));
  return sum;
}

}  // namespace dtp::debug
