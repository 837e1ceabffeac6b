// DWARF as LLVM reads it, behind the door that src/debug has: independent of libdw and of all else of src/debug.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "debug/info.h"

namespace dtp::readers {

// Knows functions out of line, their parameters at the entry, and types. A place that it does not understand is
// Unavailable with the text `somewhere`.
class LlvmInfo : public debug::Info {
 public:
  // Null: LLVM cannot read it.
  static std::unique_ptr<LlvmInfo> open(const std::string& path);
  ~LlvmInfo() override;

  Result<std::vector<debug::Instance>> find_functions(const std::string& name) override;
  Result<std::vector<debug::Instance>> find_matching(const debug::FunctionQuery& query) override;
  Result<std::vector<debug::Instance>> find_function_at(std::uint64_t entry) override;
  std::vector<debug::Variable> find_variables(const debug::Instance& instance, std::uint64_t entry) override;
  debug::Whereabouts locate(const debug::Instance& instance, std::uint64_t entry,
                            const debug::Variable& variable) override;
  type::Id find_result_type(const debug::Instance& instance) override;
  bool returns_void(const debug::Instance& instance) override { return find_result_type(instance).key == 0; }
  std::vector<std::string> function_names() override;
  std::string source() const override;
  type::Type load_type(type::Id id) override;

  // What there is to ask for.
  std::size_t units() const;
  // The entry addresses of the functions of a unit that have code.
  std::vector<std::uint64_t> entries(std::size_t unit);

  // A statement of a line table.
  struct Statement {
    std::uint64_t address = 0;
    std::string file = {};
    unsigned line = 0;
    auto operator<=>(const Statement&) const = default;
  };
  std::vector<Statement> statements(std::size_t unit);
  // The statements that begin at the address, in the unit that has it; and the line of a function that does, or of the
  // call whose inlined copy does.
  std::vector<Statement> statements_at(std::uint64_t address);

 private:
  struct Parts;
  explicit LlvmInfo(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace dtp::readers
