// "Did you mean": the names nearest to what was typed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dtp::base {

// Edits (insert, delete, replace, swap of neighbours) between two names; gives up above `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// At most `most` candidates that are near enough to be a slip, nearest first, then by name.
std::vector<std::string> nearest(std::string_view typed, std::span<const std::string_view> candidates,
                                 std::size_t most = 3);

// "did you mean 'a'?", "did you mean 'a', 'b' or 'c'?"; empty without names.
std::string did_you_mean(const std::vector<std::string>& names);

// "a, b", and of more than `most` names "a, b and 12 more".
std::string list_some(std::span<const std::string> names, std::size_t most);

}  // namespace dtp::base
