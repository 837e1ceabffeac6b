#include "debug/module_search.h"

#include <doctest/doctest.h>
#include <lzma.h>
#include <stdlib.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "base/file.h"
#include "debug/symbols.h"

namespace dtp::debug {
namespace {

void write(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// A program as a module of each kind, and damaged.
TEST_CASE("the compressed module that has a function") {
  char name[] = "/tmp/modules-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  const auto program = base::map_file(DTP_FIXTURES "/programs/ul_c");
  REQUIRE(program);
  std::vector<std::uint8_t> packed(program->bytes().size() + 4096);
  std::size_t size = 0;
  REQUIRE(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr,
                                  reinterpret_cast<const std::uint8_t*>(program->bytes().data()),
                                  program->bytes().size(), packed.data(), &size, packed.size()) == LZMA_OK);
  write(directory / "nf-walk.ko.xz", std::span(packed).first(size));
  write(directory / "walk.ko.xz", std::span(packed).first(size / 2));
  const auto find = [&](const std::string& function) {
    return find_module_with(function, directory / "kallsyms", directory);
  };
  CHECK(find("walk") == ModuleHit{"nf_walk", false});
  CHECK(find("puts") == std::nullopt);
  size = ZSTD_compress(packed.data(), packed.size(), program->bytes().data(), program->bytes().size(), 1);
  std::filesystem::remove(directory / "nf-walk.ko.xz");
  CHECK(find("walk") == std::nullopt);
  write(directory / "zd.ko.zst", std::span(packed).first(size));
  CHECK(find("walk") == ModuleHit{"zd", false});
  write(directory / "zd.ko.zst", std::span(packed).first(size / 2));
  CHECK(find("walk") == std::nullopt);
  std::filesystem::remove_all(directory);
}

TEST_CASE("the module that has a function") {
  char name[] = "/tmp/modules-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  std::filesystem::create_directories(directory / "kernel/net");
  // Its symbol table is what counts, not that it is a program.
  std::filesystem::copy_file(DTP_FIXTURES "/programs/ul_c", directory / "kernel/net/nf-walker.ko");
  std::ofstream(directory / "kernel/short.ko") << "\177ELF\2\1\1";
  std::ofstream(directory / "kallsyms") << "ffffffff81000000 T vfs_read\n"
                                           "ffffffffc0401000 t nf_ct_get\t[nf_conntrack]\n";
  std::ofstream(directory / "kernel/modules.symbols") << "# Aliases for symbols, used by symbol_request().\n"
                                                         "alias symbol:xfs_offered xfs\n";
  const auto find = [&](const std::string& function) {
    return find_module_with(function, directory / "kallsyms", directory / "kernel");
  };
  CHECK(find("nf_ct_get") == ModuleHit{"nf_conntrack", true});
  CHECK(find("walk") == ModuleHit{"nf_walker", false});
  CHECK(find("xfs_offered") == ModuleHit{"xfs", false});
  CHECK(find("puts") == std::nullopt);     // used there, not defined
  CHECK(find("s_total") == std::nullopt);  // a variable
  CHECK(find("wal") == std::nullopt);
  CHECK(find("") == std::nullopt);
  CHECK(kallsyms_has(directory / "kallsyms", "vfs_read"));
  CHECK(kallsyms_has(directory / "kallsyms", "nf_ct_get"));
  CHECK(!kallsyms_has(directory / "kallsyms", "vfs_rea"));
  CHECK(kallsyms_has(directory / "nowhere", "vfs_rea"));  // nothing is known
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace dtp::debug
