#include "symbol/symbolizer.h"

#include "debug/demangle.h"
#include "symbol/code.h"

namespace dtp::symbol {

Symbolizer::Symbolizer(Options options) : options_(std::move(options)) {}
Symbolizer::~Symbolizer() = default;

const std::vector<Name>& Symbolizer::names(const record::Module& module, std::uint64_t offset) {
  Known& known = modules_[&module];
  if (!module.function.empty()) {
    std::vector<Name>& own = known.names[offset];
    if (own.empty()) own.push_back({.function = debug::demangle(module.function), .offset = offset});
    return own;
  }
  std::vector<Name>& names = known.names[offset];
  if (names.empty()) names = code_of(module).names(offset);
  return names;
}

Code& Symbolizer::code_of(const record::Module& module) {
  std::unique_ptr<Code>& code = modules_[&module].code;
  if (!code) code = Code::open(module, options_);
  return *code;
}

const std::vector<Name>& Symbolizer::names(const record::Frame& frame) {
  static const std::vector<Name> unknown{{}};
  return frame.module == nullptr ? unknown : names(*frame.module, frame.offset);
}

}  // namespace dtp::symbol
