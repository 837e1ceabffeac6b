// Where a function's parameters are when it is entered, told from their types alone.
#pragma once

#include <span>
#include <vector>

#include "arch/arch.h"
#include "debug/info.h"

namespace dtp::debug {

// One place for each parameter, in order. For readers that know types but no locations.
std::vector<Whereabouts> place_parameters(type::Table& types, const arch::Arch& arch, type::Id result,
                                          std::span<const type::Id> parameters);

}  // namespace dtp::debug
