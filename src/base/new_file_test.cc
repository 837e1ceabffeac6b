#include "base/new_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace dtp::base {
namespace {

struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "dtp-new-file-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
  }
  std::filesystem::path path = {};
};

}  // namespace

TEST_CASE("a new file replaces the old one when it is complete, and nobody else may read it") {
  const Folder folder;
  const std::string path = folder.path / "out";
  std::ofstream(path) << "old";
  {
    auto file = NewFile::create(path);
    REQUIRE(file);
    REQUIRE(write_all(file->fd(), "new", path));
    CHECK(read_file(path).value() == "old");
    REQUIRE(file->commit());
  }
  CHECK(read_file(path).value() == "new");
  CHECK(folder.files() == 1);
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("a new file that is not complete leaves nothing") {
  const Folder folder;
  REQUIRE(NewFile::create(folder.path / "out"));
  CHECK(folder.files() == 0);
}

TEST_CASE("a link is written through") {
  const Folder folder;
  std::ofstream(folder.path / "target") << "old and long";
  std::filesystem::create_symlink("target", folder.path / "out");
  auto file = NewFile::create(folder.path / "out");
  REQUIRE(file);
  REQUIRE(write_all(file->fd(), "new", "out"));
  REQUIRE(file->commit());
  CHECK(std::filesystem::is_symlink(folder.path / "out"));
  CHECK(read_file(folder.path / "target").value() == "new");
}

TEST_CASE("where no file can be made is named") {
  const auto file = NewFile::create("/nowhere/out.svg");
  REQUIRE(!file);
  CHECK(file.error().what == "cannot create '/nowhere/out.svg': no such file or directory");
}

}  // namespace dtp::base
