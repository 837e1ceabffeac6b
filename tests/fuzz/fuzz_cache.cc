// A file of the cache: whatever it holds, what is read is what was asked for.
#include "debug/cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "fuzz/fuzz.h"

namespace {

using namespace dtp;

constexpr std::size_t contents_size = 40;
const debug::CacheKey key{.build_id = "0123456789abcdef0123456789abcdef01234567", .source = 7};

// In a directory of this process's own, which goes with it.
struct Place {
  Place() {
    char name[] = "/tmp/dtp-fuzz-cache.XXXXXX";
    DTP_REQUIRE(::mkdtemp(name) != nullptr);
    root = name;
    cache = debug::Cache(root + "/dtracepp/debug");
    std::filesystem::create_directories(cache.directory());
    std::filesystem::permissions(root + "/dtracepp", std::filesystem::perms::owner_all);
    std::filesystem::permissions(cache.directory(), std::filesystem::perms::owner_all);
    file = cache.directory() + "/" + key.build_id + ".elf";
  }
  ~Place() {
    std::error_code error;
    std::filesystem::remove_all(root, error);
  }

  std::string root;
  std::string file;
  debug::Cache cache;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Place place;
  {
    const base::Fd fd(::open(place.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    DTP_REQUIRE(base::write_all(fd.get(), fuzz::text_of(data, size), place.file));
  }
  const auto read = place.cache.find_or_make(key, contents_size, [](std::span<std::byte> contents) {
    std::ranges::fill(contents, std::byte{'x'});
    return true;
  });
  DTP_REQUIRE(read);
  DTP_REQUIRE(std::ranges::all_of(read->bytes().first(contents_size), [](std::byte b) { return b == std::byte{'x'}; }));
  return 0;
}
