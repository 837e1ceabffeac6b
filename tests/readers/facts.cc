#include "readers/facts.h"

#include <fmt/format.h>

namespace dtp::readers {

std::string in_register(int number) { return value_at(number, 0); }

std::string value_at(int number, std::int64_t offset) { return fmt::format("in %{}{:+}", number, offset); }

std::string memory_at(int number, std::int64_t offset) { return fmt::format("memory %{}{:+}", number, offset); }

std::string memory_at(std::uint64_t address) { return fmt::format("memory {:#x}", address); }

std::string constant(std::int64_t value) { return fmt::format("constant {}", value); }

}  // namespace dtp::readers
