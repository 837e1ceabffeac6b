#include "debug/cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace dtp::debug {
namespace {

namespace fs = std::filesystem;

const CacheKey key{.build_id = "0123456789abcdef0123456789abcdef01234567", .source = 7};

// A cache in an empty directory, and how often it was asked to make something.
struct Trial {
  Trial() {
    char name[] = "/tmp/dtp-cache.XXXXXX";
    root = ::mkdtemp(name);
    cache = Cache(root + "/dtracepp/debug");
  }
  ~Trial() {
    std::error_code error;
    fs::remove_all(root, error);
  }

  std::string get(const CacheKey& wanted = key, std::size_t size = 1000) {
    const auto found = cache.find_or_make(wanted, size, [this](std::span<std::byte> contents) {
      ++made;
      std::ranges::fill(contents, std::byte{'x'});
      return true;
    });
    if (!found) return "";
    const auto bytes = found->bytes().first(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::string file() const { return cache.directory() + "/" + key.build_id + ".elf"; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(cache.directory()), fs::directory_iterator()));
  }

  std::string root;
  Cache cache;
  int made = 0;
};

const std::string wanted(1000, 'x');

std::string read(const std::string& path) { return *base::read_file(path); }
void write(const std::string& path, const std::string& bytes) { std::ofstream(path) << bytes; }

}  // namespace

TEST_CASE("cache: made once, found from then on") {
  Trial trial;
  CHECK(trial.get() == wanted);
  CHECK(trial.get() == wanted);
  CHECK(trial.made == 1);
  CHECK(trial.files() == 1);
  CHECK(trial.cache.why_unused() == "");
  CHECK((fs::status(trial.file()).permissions() & fs::perms::mask) == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK((fs::status(trial.cache.directory()).permissions() & fs::perms::mask) == fs::perms::owner_all);
}

TEST_CASE("cache: another source or size of that build-id is not taken") {
  Trial trial;
  trial.get();
  trial.get({key.build_id, 8});
  CHECK(trial.made == 2);
  CHECK(trial.get({key.build_id, 8}, 1001) == wanted + "x");
  CHECK(trial.made == 3);
}

TEST_CASE("cache: a build-id that is no name is not kept") {
  Trial trial;
  for (const std::string id : {"", "abc", "../../../../../../../../etc/passwd", "ABCDEF0123456789ABCD"}) {
    CAPTURE(id);
    CHECK(trial.get({id, 7}) == wanted);
  }
  CHECK(trial.made == 4);
  CHECK(!fs::exists(trial.cache.directory()));
}

TEST_CASE("cache: what cannot be made is not kept") {
  Trial trial;
  CHECK(!trial.cache.find_or_make(key, 100, [](std::span<std::byte>) { return false; }));
  CHECK(trial.files() == 0);
}

TEST_CASE("cache: a damaged file is made again") {
  Trial trial;
  trial.get();
  const std::string whole = read(trial.file());
  const auto is_noticed = [&](const std::string& bytes) {
    write(trial.file(), bytes);
    trial.made = 0;
    CHECK(trial.get() == wanted);
    return trial.made == 1 && read(trial.file()) == whole;
  };
  for (std::size_t at = 0; at < whole.size(); at += at < 1008 ? 97 : 1) {
    // Padding is nobody's.
    if (at >= 1000 && at < 1008) continue;
    CAPTURE(at);
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    CHECK(is_noticed(bytes));
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, whole.size() - 1}) {
    CAPTURE(size);
    CHECK(is_noticed(whole.substr(0, size)));
  }
  CHECK(is_noticed(whole + "x"));
}

TEST_CASE("cache: what others could have written is not taken") {
  Trial trial;
  trial.get();
  const auto is_taken = [&] {
    trial.made = 0;
    CHECK(trial.get() == wanted);
    return trial.made == 0;
  };
  CHECK(is_taken());
  REQUIRE(::chmod(trial.file().c_str(), 0620) == 0);
  CHECK(!is_taken());
  CHECK(is_taken());  // made anew
  REQUIRE(::chmod((trial.root + "/dtracepp").c_str(), 0777) == 0);
  CHECK(!is_taken());
  CHECK(trial.cache.why_unused() == "others may write to '" + trial.root + "/dtracepp'");
  REQUIRE(::chmod((trial.root + "/dtracepp").c_str(), 0700) == 0);
  CHECK(is_taken());
  REQUIRE(::chmod(trial.root.c_str(), 0777) == 0);
  CHECK(!is_taken());
  REQUIRE(::chmod(trial.root.c_str(), 0700) == 0);
  // A link in place of a file or a directory.
  fs::rename(trial.file(), trial.root + "/elsewhere");
  fs::create_symlink(trial.root + "/elsewhere", trial.file());
  CHECK(!is_taken());
  fs::rename(trial.cache.directory(), trial.root + "/other");
  fs::create_directory_symlink(trial.root + "/other", trial.cache.directory());
  CHECK(!is_taken());
}

TEST_CASE("cache: another user's is not taken") {
  if (::geteuid() != 0) {
    MESSAGE("skip: not root");
    return;
  }
  Trial trial;
  trial.get();
  constexpr uid_t nobody = 65534;
  REQUIRE(::chown(trial.file().c_str(), nobody, nobody) == 0);
  trial.get();
  CHECK(trial.made == 2);
  REQUIRE(::chown(trial.cache.directory().c_str(), nobody, nobody) == 0);
  trial.get();
  CHECK(trial.made == 3);
  CHECK(trial.cache.why_unused() == "'" + trial.cache.directory() + "' belongs to another user");
}

}  // namespace dtp::debug
