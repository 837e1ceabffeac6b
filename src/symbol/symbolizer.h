// Addresses of code -> names of functions, with the functions that were inlined there and their source lines.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dtracepp/record.h"

namespace dtp::symbol {

// A function that is being executed at an address.
struct Name {
  std::string function = {};  // as the source has it; empty: not known
  std::uint64_t offset = 0;   // from the start of the function; of inlined ones 0
  std::string file = {};      // where the function is at this address; empty: not known
  unsigned line = 0;
  bool is_inlined = false;
  bool operator==(const Name&) const = default;
};

struct Options {
  bool with_inlines = true;  // needs debug information, and time to read it
  std::string vmlinux = {};  // of the recorded kernel; empty: it is looked for
};

// A file's symbols; what is not there has no names.
class Code;

class Symbolizer {
 public:
  explicit Symbolizer(Options options);
  ~Symbolizer();

  // Reads its symbols now, and not when the first name is asked for.
  void open(const record::Module& module) { (void)code_of(module); }
  // Innermost first; at least one, without a function where none is known. `offset` is that of record::Mapping.
  const std::vector<Name>& names(const record::Module& module, std::uint64_t offset);
  const std::vector<Name>& names(const record::Frame& frame);

 private:
  using Names = std::unordered_map<std::uint64_t, std::vector<Name>>;
  struct Known {
    std::unique_ptr<Code> code;
    Names names;
  };
  Code& code_of(const record::Module& module);

  Options options_;
  std::unordered_map<const record::Module*, Known> modules_;
};

}  // namespace dtp::symbol
