// Instructions of x86_64 have no fixed length, so one is found only from the end of the one before it. Go's compiler
// puts no data between instructions; hand-written code may, and then what follows is not to be trusted.
#include "arch/returns.h"

#include <Zydis/Zydis.h>

namespace dtp::arch {

std::optional<std::vector<std::uint64_t>> find_returns(std::span<const std::byte> code) {
  ZydisDecoder decoder;
  if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64))) return std::nullopt;
  std::vector<std::uint64_t> returns;
  for (std::size_t at = 0; at < code.size();) {
    ZydisDecodedInstruction instruction;
    if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, nullptr, code.data() + at, code.size() - at, &instruction)))
      return std::nullopt;
    if (instruction.meta.category == ZYDIS_CATEGORY_RET) returns.push_back(at);
    at += instruction.length;
  }
  return returns;
}

}  // namespace dtp::arch
