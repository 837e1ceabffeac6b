#include "debug/module_search.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "debug/symbols.h"

namespace dtp::debug {
namespace {

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
