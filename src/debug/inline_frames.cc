#include "debug/inline_frames.h"

#include <llvm/Demangle/Demangle.h>

#include <cstring>
#include <optional>
#include <unordered_map>

#include "base/cursor.h"
#include "debug/cache_key.h"
#include "debug/elf_file.h"
#include "debug/inflate.h"
#include "debug/inline_chain.h"
#include "debug/inline_lines.h"

namespace dtp::debug {

using Frames = std::vector<SourceFrame>;

namespace {

// What LLVM reads of a file.
struct Dwarf {
  ElfFile file;  // with plain sections
  std::unique_ptr<llvm::object::ObjectFile> object = {};
  std::unique_ptr<llvm::DWARFContext> context = {};
  std::unordered_map<const llvm::DWARFUnit*, UnitFunctions> functions = {};
  LineTables lines = {};
};

}  // namespace

struct InlineFrames::State {
  std::optional<ElfFile> file = {};  // until `dwarf` has it
  Cache cache;
  std::size_t worth_keeping = 0;
  CacheKey key = {};
  std::unordered_map<std::uint64_t, Frames> known = {};
  std::size_t found = 0;            // of them in this run
  std::optional<Dwarf> dwarf = {};  // from the first new address on
};

namespace {

constexpr std::size_t most_kept = 200'000;
constexpr auto path_kind = llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath;

// LLVM would inflate the sections with zlib.
ElfFile with_plain_sections(ElfFile file, const Cache& cache) {
  if (!has_compressed_sections(file)) return file;
  // Not kept: the frames are, and they are smaller.
  auto plain = inflate_for_frames(file, cache);
  return plain ? std::move(*plain) : std::move(file);
}

void open_dwarf(InlineFrames::State& state) {
  Dwarf& dwarf = state.dwarf.emplace(with_plain_sections(std::move(*state.file), state.cache));
  const auto bytes = dwarf.file.bytes();
  auto object = llvm::object::ObjectFile::createObjectFile(
      {{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, dwarf.file.path()});
  if (!object) return llvm::consumeError(object.takeError());
  dwarf.object = std::move(*object);
  // What is damaged gives no frames, or fewer.
  dwarf.context = llvm::DWARFContext::create(*dwarf.object, llvm::DWARFContext::ProcessDebugRelocations::Process,
                                             nullptr, "", llvm::consumeError, llvm::consumeError);
}

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// What is kept of each address: its number of frames, and of each the line, the function and the file.
void keep(const InlineFrames::State& state) {
  std::string contents;
  for (const auto& [address, frames] : state.known) {
    put(contents, address);
    put(contents, static_cast<std::uint32_t>(frames.size()));
    for (const SourceFrame& frame : frames) {
      put(contents, static_cast<std::uint32_t>(frame.line));
      contents.append(frame.function.c_str(), std::strlen(frame.function.c_str()) + 1);
      contents.append(frame.file.c_str(), std::strlen(frame.file.c_str()) + 1);
    }
  }
  state.cache.keep(state.key, std::as_bytes(std::span(contents)));
}

void read_kept(InlineFrames::State& state) {
  state.key = cache_key(*state.file, "frames");
  const auto kept = state.cache.find(state.key);
  if (!kept) return;
  base::Cursor cursor(kept->mapping.bytes().first(kept->size));
  while (cursor.left() > 0) {
    const auto address = cursor.read<std::uint64_t>();
    Frames frames;
    for (auto left = cursor.read<std::uint32_t>(); left > 0 && !cursor.failed(); --left) {
      const auto line = cursor.read<std::uint32_t>();
      const std::string function(cursor.read_c_string());
      frames.push_back({function, std::string(cursor.read_c_string()), line});
    }
    if (!cursor.failed()) state.known.emplace(address, std::move(frames));
  }
}

// A kernel module's sections all begin at 0: its lines are found by the section too.
llvm::object::SectionedAddress in_section(const llvm::object::ObjectFile& object, std::uint64_t address) {
  for (const llvm::object::SectionRef& section : object.sections())
    if (section.isText() && !section.isVirtual() && address >= section.getAddress() &&
        address - section.getAddress() < section.getSize())
      return {address, section.getIndex()};
  return {address, llvm::object::SectionedAddress::UndefSection};
}

std::string demangled(const char* name) {
  std::string plain;
  return llvm::nonMicrosoftDemangle(name, plain) ? plain : name;
}

Frames look_up(InlineFrames::State& state, std::uint64_t address) {
  if (!state.dwarf && state.file) open_dwarf(state);
  if (!state.dwarf || !state.dwarf->context) return {};
  Dwarf& dwarf = *state.dwarf;
  llvm::DWARFUnit* unit = dwarf.context->getCompileUnitForCodeAddress(address);
  if (unit == nullptr) return {};
  auto functions = dwarf.functions.find(unit);
  if (functions == dwarf.functions.end()) {
    // The unit itself, or what a .dwo file has of it.
    const llvm::DWARFDie full = unit->getNonSkeletonUnitDIE();
    if (!full) return {};
    functions = dwarf.functions.emplace(unit, UnitFunctions(*full.getDwarfUnit())).first;
  }
  const std::vector<LoneDie> subroutines = functions->second.at(address);
  if (subroutines.empty()) return {};
  const auto* lines = dwarf.lines.of(*unit);
  const char* folder = unit->getCompilationDir();
  llvm::DILineInfo place;
  bool has_file = lines != nullptr &&
                  lines->getFileLineInfoForAddress(in_section(*dwarf.object, address), folder, path_kind, place);
  Frames frames;
  for (const LoneDie& subroutine : subroutines) {
    const char* name = name_of(subroutine);
    if (name == nullptr) return {};
    frames.push_back({demangled(name), has_file ? place.FileName : "", has_file ? place.Line : 0});
    std::uint32_t file = 0, column = 0, discriminator = 0;
    subroutine.view().getCallerFrame(file, place.Line, column, discriminator);
    has_file = lines != nullptr && lines->getFileNameByIndex(file, folder, path_kind, place.FileName);
  }
  return frames;
}

}  // namespace

InlineFrames::InlineFrames(std::unique_ptr<State> state) : state_(std::move(state)) {}

InlineFrames::~InlineFrames() {
  if (state_->found >= state_->worth_keeping && state_->known.size() <= most_kept) keep(*state_);
}

std::unique_ptr<InlineFrames> InlineFrames::open(const std::string& path, Cache cache, std::size_t worth_keeping) {
  std::unique_ptr<State> state(new State{.cache = std::move(cache), .worth_keeping = worth_keeping});
  if (auto file = ElfFile::open(path)) {
    state->file = std::move(*file);
    read_kept(*state);
  }
  return std::unique_ptr<InlineFrames>(new InlineFrames(std::move(state)));
}

std::vector<SourceFrame> InlineFrames::at(std::uint64_t address) {
  const auto [known, is_new] = state_->known.try_emplace(address);
  if (is_new) {
    known->second = look_up(*state_, address);
    ++state_->found;
  }
  return known->second;
}

}  // namespace dtp::debug
