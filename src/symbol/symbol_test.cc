// Names of code. Whole stacks are tested with programs that run: tests/stacks.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "debug/symbols.h"
#include "symbol/module_file.h"
#include "symbol/symbolizer.h"

namespace dtp::symbol {
namespace {

const std::string program = DTP_FIXTURES "/programs/ul_cpp";

// Where the function lies in the file.
std::uint64_t offset_of(const debug::ElfFile& file, std::string_view symbol) {
  const debug::Symbols symbols = debug::Symbols::of_elf(file);
  const auto found = symbols.find(symbol);
  REQUIRE(found.size() == 1);
  return *file.file_offset(found.front()->address);
}

}  // namespace

TEST_CASE("a function of a program has its name, offset and line") {
  const auto file = debug::ElfFile::open(program);
  REQUIRE(file);
  const std::uint64_t at = offset_of(*file, "main");
  for (const std::string& build_id : {file->build_id(), std::string()}) {
    Symbolizer symbols({});
    const record::Module module{.path = program, .build_id = build_id};
    const Name& name = symbols.names(module, at).back();
    CHECK(name.function == "main");
    CHECK(name.offset == 0);
    CHECK(name.file.ends_with(".cc"));
    CHECK(name.line > 0);
    CHECK_FALSE(name.is_inlined);
    CHECK(symbols.names(module, at + 4).back().offset == 4);
  }
}

TEST_CASE("without inlined functions there are no lines") {
  const auto file = debug::ElfFile::open(program);
  REQUIRE(file);
  Symbolizer symbols({.with_inlines = false});
  const std::vector<Name> expected{{.function = "main"}};
  CHECK(symbols.names({.path = program}, offset_of(*file, "main")) == expected);
}

TEST_CASE("what is not the file that was recorded gives no names") {
  const std::string folder = std::filesystem::temp_directory_path() / ("dtp-symbol-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::string pipe = folder + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::vector<Name> nothing{{}};
  for (const record::Module& module : {
           record::Module{.path = program, .build_id = "00000000000000000000"},
           record::Module{.path = folder + "/gone"},
           record::Module{.path = pipe},
           record::Module{.path = folder},
           record::Module{.path = "//anon"},
           record::Module{.path = "[heap]"},
           record::Module{.path = ""},
           record::Module{.path = "[nothing]", .is_kernel = true, .kernel_id = "00"},
       }) {
    CAPTURE(module.path);
    CHECK_FALSE(open_file_of(module).has_value());
    Symbolizer symbols({});
    CHECK(symbols.names(module, 0x1000) == nothing);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace dtp::symbol
