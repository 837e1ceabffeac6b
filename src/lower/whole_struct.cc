// Members of anonymous structs, of anonymous unions and of base classes count as the struct's own, as in an expression.
// All members of a union are shown: only the program knows which of them is meant.
#include "lower/whole_struct.h"

#include <algorithm>
#include <set>

#include "dtracepp/limits.h"
#include "expr/lexer.h"
#include "lower/library_class.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

using type::Kind;

// The types come from files that nobody vouches for.
constexpr int deepest_nesting = 16;
constexpr std::size_t most_members = 4096;

bool is_aggregate(Kind kind) { return kind == Kind::structure || kind == Kind::union_ || kind == Kind::class_; }

class Members {
 public:
  Members(Walker& walker, type::Table& types, Span span) : walker_(walker), types_(types), span_(span) {}

  WholeStruct of(const Place& place) {
    if (place.type && place.count == 0 && !is_one_value(*place.type)) add_all(place, "", 0);
    return std::move(found_);
  }

 private:
  // Structs that are shown as one value, and all that is no struct.
  bool is_one_value(type::Id id) const {
    const type::Type& type = types_.at(type::strip(types_, id));
    return !is_aggregate(type.kind) || type.name == "in_addr" || type.name == "in6_addr" ||
           is_string_class(types_, id) || find_stand_in(types_, id, Stands::text) ||
           find_stand_in(types_, id, Stands::pointer);
  }

  void add_all(const Place& place, const std::string& path, int depth) {
    std::set<std::string> seen;
    for (const std::string& name : type::member_names(types_, *place.type)) {
      // The compiler's own, such as _vptr.Shape, are nobody's to name.
      if (!expr::is_c_name(name) || !seen.insert(name).second) continue;
      Place member = place;
      enter(member, *type::find_member(types_, *place.type, name));
      member.name = name;
      member.is_plain_variable = false;
      add(std::move(member), path.empty() ? name : path + "." + name, depth);
    }
  }

  // One with a single member is what that is: atomic_t, kuid_t.
  void add_struct(const Place& place, const std::string& path, int depth) {
    if (depth == deepest_nesting || found_.members.size() >= most_members) return;
    const std::size_t members = found_.members.size(), others = found_.no_values.size();
    add_all(place, path, depth + 1);
    if (found_.members.size() == members + 1 && found_.no_values.size() == others) found_.members.back().path = path;
  }

  void add(Place place, std::string path, int depth) {
    if (const auto array = find_stand_in(types_, *place.type, Stands::elements);
        array && types_.at(type::strip(types_, array->type)).kind == Kind::array)
      enter(place, *array);
    const type::Type& type = types_.at(type::strip(types_, *place.type));
    if (!is_one_value(*place.type)) {
      add_struct(place, path, depth);
      return;
    }
    if (type.kind == Kind::array && !is_text(type) && !take_elements(place, path)) {
      found_.no_values.push_back(std::move(path));
      return;
    }
    found_.members.push_back({std::move(place), std::move(path)});
  }

  bool is_text(const type::Type& array) const {
    return array.count.value_or(0) > 0 && types_.at(type::strip(types_, array.target)).name == "char";
  }

  // Of several dimensions the elements are counted together.
  bool take_elements(Place& place, const std::string& path) {
    const std::uint64_t all = type::size_of(types_, *place.type);
    type::Id element = *place.type;
    for (int dimension = 0; dimension < deepest_nesting; ++dimension) {
      const type::Type& type = types_.at(type::strip(types_, element));
      if (type.kind != Kind::array) break;
      element = type.target;
    }
    const std::uint64_t size = type::size_of(types_, element);
    if (!walker_.settle(place, span_) || !place.in_memory || size == 0 || all == 0 || all % size != 0) return false;
    const Kind kind = types_.at(type::strip(types_, element)).kind;
    if (is_aggregate(kind) || kind == Kind::array || size > 8) return false;
    place.type = element;
    place.count = std::min<std::uint64_t>(all / size, limits::longest_array);
    if (place.count < all / size) found_.cut.push_back(path);
    return true;
  }

  Walker& walker_;
  type::Table& types_;
  Span span_;
  WholeStruct found_ = {};
};

}  // namespace

WholeStruct members_of(Walker& walker, const Target& target, const Place& place, Span span) {
  if (!place.type || target.info == nullptr) return {};
  return Members(walker, target.info->types(), span).of(place);
}

std::string member_field_name(const std::string& whole, const std::string& path) {
  std::string name = whole.empty() ? path : whole + "." + path;
  while (name.size() > limits::longest_name && name.contains('.')) name.erase(0, name.find('.') + 1);
  std::ranges::replace(name, '.', '_');
  return name;
}

}  // namespace dtp::lower
