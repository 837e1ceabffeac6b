#include "debug/inline_frames.h"

// LLVM's headers are not written for our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <llvm/DebugInfo/Symbolize/Symbolize.h>
#pragma GCC diagnostic pop

#include <cstring>
#include <optional>
#include <unordered_map>

#include "base/cursor.h"
#include "debug/cache_key.h"
#include "debug/elf_file.h"
#include "debug/inflate.h"

namespace dtp::debug {

using Frames = std::vector<SourceFrame>;

struct InlineFrames::State {
  std::string path;
  Cache cache;
  std::size_t worth_keeping = 0;
  CacheKey key = {};
  std::unordered_map<std::uint64_t, Frames> known = {};
  std::size_t found = 0;  // of them in this run
  bool is_open = false;
  std::optional<ElfFile> plain = {};                      // of a file whose sections are compressed
  std::unique_ptr<llvm::object::ObjectFile> object = {};  // the same for LLVM
  llvm::symbolize::LLVMSymbolizer symbolizer;
};

namespace {

constexpr std::size_t most_kept = 200'000;

llvm::symbolize::LLVMSymbolizer::Options options() {
  llvm::symbolize::LLVMSymbolizer::Options options;
  options.UseSymbolTable = false;
  options.UntagAddresses = false;
  // The file is the one with the debug information: nothing else is to be looked for.
  options.DebugFileDirectory.clear();
  return options;
}

// LLVM would inflate the sections with zlib, each time anew.
void use_plain(InlineFrames::State& state) {
  const auto file = ElfFile::open(state.path);
  if (!file || !has_compressed_sections(*file)) return;
  // Not kept: the frames are, and they are smaller.
  auto plain = inflate(*file, Cache());
  if (!plain) return;
  state.plain = std::move(*plain);
  const auto bytes = state.plain->bytes();
  auto object = llvm::object::ObjectFile::createObjectFile(
      {{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, state.path});
  if (object)
    state.object = std::move(*object);
  else
    llvm::consumeError(object.takeError());
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
  const auto file = ElfFile::open(state.path);
  if (!file) return;
  state.key = cache_key(*file, "frames");
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

Frames look_up(InlineFrames::State& state, std::uint64_t address) {
  if (!std::exchange(state.is_open, true)) use_plain(state);
  const llvm::object::SectionedAddress at{address, llvm::object::SectionedAddress::UndefSection};
  auto found = state.object ? state.symbolizer.symbolizeInlinedCode(*state.object, at)
                            : state.symbolizer.symbolizeInlinedCode(state.path, at);
  if (!found) {
    llvm::consumeError(found.takeError());
    return {};
  }
  Frames frames;
  for (std::uint32_t i = 0; i < found->getNumberOfFrames(); ++i) {
    const llvm::DILineInfo& frame = found->getFrame(i);
    if (frame.FunctionName == llvm::DILineInfo::BadString) return {};
    const bool has_file = frame.FileName != llvm::DILineInfo::BadString;
    frames.push_back({frame.FunctionName, has_file ? frame.FileName : "", has_file ? frame.Line : 0});
  }
  return frames;
}

}  // namespace

InlineFrames::InlineFrames(std::unique_ptr<State> state) : state_(std::move(state)) {}

InlineFrames::~InlineFrames() {
  if (state_->found >= state_->worth_keeping && state_->known.size() <= most_kept) keep(*state_);
}

std::unique_ptr<InlineFrames> InlineFrames::open(const std::string& path, Cache cache, std::size_t worth_keeping) {
  std::unique_ptr<State> state(new State{.path = path,
                                         .cache = std::move(cache),
                                         .worth_keeping = worth_keeping,
                                         .symbolizer = llvm::symbolize::LLVMSymbolizer(options())});
  read_kept(*state);
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
