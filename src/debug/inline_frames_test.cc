#include "debug/inline_frames.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "debug/symbols.h"

namespace dtp::debug {

TEST_CASE("frames that are kept are those that were found") {
  char folder[] = "/tmp/dtrace-frames-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string program = DTP_FIXTURES "/programs/ul_cpp";
  const auto file = ElfFile::open(program);
  REQUIRE(file);
  const Symbols symbols = Symbols::of_elf(*file);
  std::vector<std::vector<SourceFrame>> found[3];
  for (auto& frames : found) {
    // The third asks for nothing new, and so finds all of it kept.
    const auto inlines = InlineFrames::open(program, Cache(std::string(folder) + "/cache"), 1);
    for (const Symbol& symbol : symbols.all())
      if (symbol.is_function) frames.push_back(inlines->at(symbol.address));
  }
  CHECK(std::ranges::any_of(found[0], [](const auto& frames) { return !frames.empty(); }));
  CHECK(found[1] == found[0]);
  CHECK(found[2] == found[0]);
  std::size_t kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(folder) + "/cache"))
    kept += entry.path().extension() == ".frames";
  CHECK(kept == 1);
  std::filesystem::remove_all(folder);
}

}  // namespace dtp::debug
