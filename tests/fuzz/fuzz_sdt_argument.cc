// The operands that a static probe's note tells of.
#include "debug/sdt_argument.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const debug::FindSymbol symbol = [](std::string_view name) -> std::optional<std::uint64_t> {
    return name == "counter" ? std::optional<std::uint64_t>(0x4040) : std::nullopt;
  };
  const auto arguments = debug::parse_sdt_arguments(fuzz::text_of(data, size), arch::x86_64(), symbol);
  for (const debug::SdtArgument& argument : arguments)
    if (const auto* missing = std::get_if<debug::Unavailable>(&argument.where)) DTP_REQUIRE(!missing->text.empty());
  return 0;
}
