// What a recipe's parameters are set to, and its texts with them put in.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "recipe/recipe.h"

namespace dtp::recipe {

class Settings {
 public:
  // `words` are "NAME=VALUE", as typed. All of them are checked before stopping.
  static Result<Settings> create(const Recipe& recipe, const std::vector<std::string>& words);

  // `${name}` becomes the parameter's value: a number is digits, a text is quoted. What is joined by && and mentions a
  // parameter that is not set is left out of a condition.
  std::string fill(std::string_view text) const;
  // A filter of the kernel. It cannot compare addresses of IPv6: what mentions one is left out, too.
  std::string fill_filter(std::string_view filter) const { return fill_condition(filter, true); }
  // A condition of ours.
  std::string fill_where(std::string_view where) const { return fill_condition(where, false); }
  // Those that all parameters are set of, as one condition: any of them. Empty: none.
  std::string fill_any(const std::vector<std::string>& filters) const;
  bool is_set(std::string_view parameter) const;  // and not "no" or empty
  // "min=4096 comm="*"", for those who look.
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

  // What became of a parameter of Type::file when it was looked for.
  void set_file(const std::string& parameter, std::string path) { values_[parameter] = std::move(path); }
  void miss_file(const std::string& parameter, Error why) { missing_[parameter] = std::move(why); }
  // Why a file that the text mentions was not found; none: all were.
  std::optional<Error> missing_in(std::string_view text) const;

 private:
  std::string fill_condition(std::string_view condition, bool is_for_kernel) const;

  std::map<std::string, std::string, std::less<>> values_ = {};  // ready to be put in
  std::set<std::string, std::less<>> addresses_ = {};            // names of those that are of Type::ip
  std::map<std::string, Error> missing_ = {};                    // files that were not found
};

}  // namespace dtp::recipe
