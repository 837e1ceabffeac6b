// Where a Go function's results are when it returns.
#pragma once

#include <span>
#include <vector>

#include "arch/arch.h"
#include "debug/info.h"

namespace dtp::debug {

// How a Go program passes parameters and results.
enum class GoCalling { registers, stack };

// One place for each result, in order, as seen at a return instruction.
std::vector<Whereabouts> place_go_results(type::Table& types, const arch::Arch& arch, GoCalling calling,
                                          std::span<const type::Id> parameters, std::span<const type::Id> results);

}  // namespace dtp::debug
