#include "debug/inline_frames.h"

#include <doctest/doctest.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Demangle/Demangle.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
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

// A program in a file of its own, in which bytes are changed.
class Damaged {
 public:
  explicit Damaged(const std::string& program) : original_(ElfFile::open(program)) {
    std::ifstream in(program, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
    REQUIRE(::mkdtemp(folder_) != nullptr);
  }
  ~Damaged() { std::filesystem::remove_all(folder_); }

  void change(const char* section, std::size_t offset, char value) {
    const auto bytes = original_->section(section);
    REQUIRE(offset < bytes.size());
    bytes_[static_cast<std::size_t>(bytes.data() - original_->bytes().data()) + offset] = value;
  }
  std::size_t size(const char* section) const { return original_->section(section).size(); }

  // Of its functions, each in the middle.
  std::vector<Frames> frames() const {
    const std::string path = std::string(folder_) + "/program";
    std::ofstream(path, std::ios::binary) << bytes_;
    const auto inlines = InlineFrames::open(path, Cache());
    std::vector<Frames> frames;
    const Symbols symbols = Symbols::of_elf(*original_);
    for (const Symbol& symbol : symbols.all())
      if (symbol.is_function) frames.push_back(inlines->at(symbol.address + symbol.size / 2));
    return frames;
  }

 private:
  Result<ElfFile> original_;
  std::string bytes_ = {};
  char folder_[32] = "/tmp/dtrace-frames-XXXXXX";
};

}  // namespace

TEST_CASE("the frames of every statement are those of LLVM") {
  std::size_t inlined = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DTP_FIXTURES "/programs"))
    inlined += compare_with_llvm(entry.path().string());
  CHECK(inlined > 0);
}

TEST_CASE("a line table in a form that nobody knows: functions without lines") {
  Damaged program(DTP_FIXTURES "/programs/ul_cpp");
  // Behind the first header of version 5 with its 13 - 1 sizes of opcodes, and behind the number of forms.
  constexpr std::size_t first_form = 32;
  program.change(".debug_line", first_form, 0x7f);
  std::size_t named = 0, placed = 0;
  for (const Frames& frames : program.frames())
    for (const SourceFrame& frame : frames) {
      named += !frame.function.empty();
      placed += frame.line != 0;
    }
  CHECK(named > 0);
  CHECK(placed == 0);
}

TEST_CASE("damaged debug information: fewer frames, or other ones") {
  for (const char* program : {"/programs/ul_cpp", "/programs/ul_cpp_clang", "/programs/ul_rust_O0"}) {
    std::mt19937 random(1);
    std::size_t found = 0;
    for (int copy = 0; copy < 100; ++copy) {
      Damaged damaged(std::string(DTP_FIXTURES) + program);
      for (const char* section : {".debug_info", ".debug_abbrev", ".debug_line"})
        damaged.change(section, random() % damaged.size(section), static_cast<char>(random()));
      for (const Frames& frames : damaged.frames()) found += !frames.empty();
    }
    CHECK(found > 0);
  }
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
