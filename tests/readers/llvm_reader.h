// DWARF as LLVM reads it: independent of libdw and of all of src/debug.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "readers/facts.h"

namespace dtp::readers {

class LlvmReader {
 public:
  // Null: LLVM cannot read it.
  static std::unique_ptr<LlvmReader> open(const std::string& path);
  ~LlvmReader();

  std::size_t units() const;
  // The entry addresses of the functions of a unit that have code.
  std::vector<std::uint64_t> entries(std::size_t unit);
  Lines describe(std::size_t unit, std::uint64_t entry);

  // A statement of a line table.
  struct Statement {
    std::uint64_t address = 0;
    std::string file = {};
    unsigned line = 0;
    auto operator<=>(const Statement&) const = default;
  };
  std::vector<Statement> statements(std::size_t unit);
  // The statements that begin at the address, in the unit that has it.
  std::vector<Statement> statements_at(std::uint64_t address);

 private:
  struct Parts;
  explicit LlvmReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace dtp::readers
