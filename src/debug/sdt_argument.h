// The arguments of a static probe: what the assembler wrote down of the operands of <sys/sdt.h>.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/arch.h"
#include "debug/info.h"
#include "dtracepp/path.h"

namespace dtp::debug {

struct SdtArgument {
  std::string text = {};                // "-4@%edi"
  std::optional<path::Read> read = {};  // none: the note does not tell the size
  Whereabouts where = Unavailable{};
};

// The link-time address of a symbol, for operands that name one.
using FindSymbol = std::function<std::optional<std::uint64_t>(std::string_view name)>;

// All of them, in order; the reason of those that a probe cannot fetch.
std::vector<SdtArgument> parse_sdt_arguments(std::string_view text, const arch::Arch& arch, const FindSymbol& symbol);

}  // namespace dtp::debug
