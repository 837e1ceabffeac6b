#include "debug/inline_frames.h"

// LLVM's headers are not written for our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <llvm/DebugInfo/Symbolize/Symbolize.h>
#pragma GCC diagnostic pop

namespace dtp::debug {

struct InlineFrames::State {
  std::string path;
  llvm::symbolize::LLVMSymbolizer symbolizer;
};

namespace {

llvm::symbolize::LLVMSymbolizer::Options options() {
  llvm::symbolize::LLVMSymbolizer::Options options;
  options.UseSymbolTable = false;
  options.UntagAddresses = false;
  // The file is the one with the debug information: nothing else is to be looked for.
  options.DebugFileDirectory.clear();
  return options;
}

}  // namespace

InlineFrames::InlineFrames(std::unique_ptr<State> state) : state_(std::move(state)) {}
InlineFrames::~InlineFrames() = default;

std::unique_ptr<InlineFrames> InlineFrames::open(const std::string& path) {
  return std::unique_ptr<InlineFrames>(
      new InlineFrames(std::unique_ptr<State>(new State{path, llvm::symbolize::LLVMSymbolizer(options())})));
}

std::vector<SourceFrame> InlineFrames::at(std::uint64_t address) {
  std::vector<SourceFrame> frames;
  auto found = state_->symbolizer.symbolizeInlinedCode(
      state_->path, {address, llvm::object::SectionedAddress::UndefSection});
  if (!found) {
    llvm::consumeError(found.takeError());
    return frames;
  }
  for (std::uint32_t i = 0; i < found->getNumberOfFrames(); ++i) {
    const llvm::DILineInfo& frame = found->getFrame(i);
    if (frame.FunctionName == llvm::DILineInfo::BadString) return {};
    const bool has_file = frame.FileName != llvm::DILineInfo::BadString;
    frames.push_back({frame.FunctionName, has_file ? frame.FileName : "", has_file ? frame.Line : 0});
  }
  return frames;
}

}  // namespace dtp::debug
