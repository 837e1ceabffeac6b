// Several errors as one.
#pragma once

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::base {

// The first one, with those that are added later riding along in their order.
inline void add_error(std::optional<Error>& first, Error next) {
  if (!first) {
    first = std::move(next);
    return;
  }
  std::vector<Error> further = std::exchange(next.also, {});
  first->also.push_back(std::move(next));
  first->also.insert(first->also.end(), std::make_move_iterator(further.begin()),
                     std::make_move_iterator(further.end()));
}

}  // namespace dtp::base
