#include "debug/inline_frames.h"

#include <doctest/doctest.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Demangle/Demangle.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "debug/symbols.h"

namespace dtp::debug {
namespace {

using Frames = std::vector<SourceFrame>;

// The twin: LLVM's own answer, by its map of all subroutines of a unit.
Frames frames_of_llvm(llvm::DWARFContext& context, std::uint64_t address) {
  const auto found = context.getInliningInfoForAddress(
      {address, llvm::object::SectionedAddress::UndefSection},
      {llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath, llvm::DINameKind::LinkageName});
  Frames frames;
  for (std::uint32_t i = 0; i < found.getNumberOfFrames(); ++i) {
    const llvm::DILineInfo& frame = found.getFrame(i);
    if (frame.FunctionName == llvm::DILineInfo::BadString) return {};
    const bool has_file = frame.FileName != llvm::DILineInfo::BadString;
    std::string plain;
    frames.push_back({llvm::nonMicrosoftDemangle(frame.FunctionName, plain) ? plain : frame.FunctionName,
                      has_file ? frame.FileName : "", has_file ? frame.Line : 0});
  }
  return frames;
}

// Where the statements of a program begin, and the bytes before and behind. Functions that were linked away all lie at
// address 0, where LLVM's map mixes them up.
std::set<std::uint64_t> places(llvm::DWARFContext& context, const ElfFile& file) {
  std::set<std::uint64_t> places;
  for (const auto& unit : context.compile_units())
    if (const auto* lines = context.getLineTableForUnit(unit.get()))
      for (const auto& row : lines->Rows)
        for (const std::uint64_t place : {row.Address.Address - 1, row.Address.Address, row.Address.Address + 1})
          if (file.is_executable_address(place)) places.insert(place);
  return places;
}

// How many of the program's places are in inlined calls.
std::size_t compare_with_llvm(const std::string& program) {
  CAPTURE(program);
  const auto file = ElfFile::open(program);
  auto object = llvm::object::ObjectFile::createObjectFile(program);
  REQUIRE((file && object));
  const auto context = llvm::DWARFContext::create(*object->getBinary());
  const auto inlines = InlineFrames::open(program, Cache());
  std::size_t differences = 0, inlined = 0;
  for (const std::uint64_t address : places(*context, *file)) {
    const Frames frames = inlines->at(address);
    inlined += frames.size() > 1;
    differences += frames != frames_of_llvm(*context, address);
  }
  CHECK(differences == 0);
  return inlined;
}

}  // namespace

TEST_CASE("the frames of every statement are those of LLVM") {
  std::size_t inlined = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DTP_FIXTURES "/programs"))
    inlined += compare_with_llvm(entry.path().string());
  CHECK(inlined > 0);
}

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
