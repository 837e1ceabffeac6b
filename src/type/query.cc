// The types come from files that nobody vouches for: a typedef may lead to itself, a struct may
// contain itself. Every walk here is bounded, by steps or by visiting each aggregate once.
#include "type/query.h"

#include <fmt/core.h>

#include <limits>
#include <unordered_set>

namespace dtp::type {
namespace {

// More typedefs, qualifiers, pointers or array dimensions in a row than any compiler emits.
constexpr int longest_chain = 64;
// More anonymous structs and unions within each other than anybody writes.
constexpr int deepest_nesting = 64;

bool is_wrapper(const Type& type) { return type.kind == Kind::typedef_ || type.kind == Kind::qualifier; }

bool is_aggregate(const Type& type) {
  return type.kind == Kind::structure || type.kind == Kind::union_ || type.kind == Kind::class_;
}

// Walks the members of an aggregate as if its anonymous members, which its base classes are, were its own. `visit` gets
// the member, the bit offset of what holds it, and how deep within the others that is; it returns true to stop.
template <class Visit>
class MemberWalk {
 public:
  MemberWalk(Table& types, Visit visit, bool into_virtual = false)
      : types_(types), visit_(std::move(visit)), into_virtual_(into_virtual) {}

  bool walk(Id id, std::uint64_t outer_bits, int depth = 0) {
    id = strip(types_, id);
    if (depth > deepest_nesting || !seen_.insert(id.key).second) return false;
    const Type& aggregate = types_.at(id);
    if (!is_aggregate(aggregate)) return false;
    for (const Member& member : aggregate.members) {
      if (member.is_virtual && !into_virtual_) continue;
      const bool stop = member.name.empty() ? walk(member.type, outer_bits + member.bit_offset, depth + 1)
                                            : visit_(member, outer_bits, depth);
      if (stop) return true;
    }
    return false;
  }

 private:
  Table& types_;
  Visit visit_;
  bool into_virtual_;
  std::unordered_set<std::uint64_t> seen_ = {};
};

std::string plain_name(const Type& type) {
  const auto tagged = [&](const char* tag) {
    if (!type.has_tag && !type.name.empty()) return type.name;
    return fmt::format("{} {}", tag, type.name.empty() ? "{...}" : type.name);
  };
  switch (type.kind) {
    case Kind::void_: return "void";
    case Kind::structure: return tagged("struct");
    case Kind::union_: return tagged("union");
    case Kind::class_: return tagged("class");
    case Kind::enumeration: return tagged("enum");
    case Kind::function: return "function";
    case Kind::integer:
    case Kind::boolean:
    case Kind::character:
    case Kind::floating:
    case Kind::pointer:
    case Kind::reference:
    case Kind::array:
    case Kind::typedef_:
    case Kind::qualifier:
    case Kind::unknown: break;
  }
  return type.name.empty() ? "unknown type" : type.name;
}

}  // namespace

Id strip(Table& types, Id id) {
  for (int step = 0; step < longest_chain; ++step) {
    const Type& type = types.at(id);
    if (!is_wrapper(type)) return id;
    id = type.target;
  }
  return Id{};
}

// A class's own member hides that of its base, although the bases come first.
std::optional<FoundMember> find_member(Table& types, Id id, std::string_view name) {
  std::optional<FoundMember> found;
  int found_depth = 0;
  const auto visit = [&](const Member& member, std::uint64_t outer_bits, int depth) {
    if (member.name != name || (found && depth >= found_depth)) return false;
    found = FoundMember{member.type, outer_bits + member.bit_offset, member.bit_size};
    found_depth = depth;
    return depth == 0;
  };
  MemberWalk(types, visit).walk(id, 0);
  return found;
}

std::optional<std::int64_t> base_offset(Table& types, Id derived, Id base) {
  const Type& wanted = types.at(strip(types, base));
  if (!is_aggregate(wanted) || wanted.name.empty()) return std::nullopt;
  std::optional<std::int64_t> found;
  const auto search = [&](const auto& self, Id id, std::uint64_t outer_bits, int depth) -> void {
    for (const Member& member : types.at(strip(types, id)).members) {
      if (found || !member.name.empty() || member.is_virtual || depth > deepest_nesting) continue;
      // The two may be known from different units, where they are different types.
      const Type& inner = types.at(strip(types, member.type));
      const std::uint64_t bits = outer_bits + member.bit_offset;
      if (inner.name == wanted.name && inner.kind == wanted.kind)
        found = static_cast<std::int64_t>(bits / 8);
      else if (is_aggregate(inner))
        self(self, member.type, bits, depth + 1);
    }
  };
  search(search, derived, 0, 0);
  return found;
}

bool is_in_virtual_base(Table& types, Id id, std::string_view name) {
  const auto visit = [&](const Member& member, std::uint64_t, int) { return member.name == name; };
  return MemberWalk(types, visit, true).walk(id, 0);
}

std::vector<std::string> member_names(Table& types, Id id) {
  std::vector<std::string> names;
  const auto visit = [&](const Member& member, std::uint64_t, int) {
    names.push_back(member.name);
    return false;
  };
  MemberWalk(types, visit).walk(id, 0);
  return names;
}

std::uint64_t size_of(Table& types, Id id) {
  std::uint64_t elements = 1;
  for (int dimension = 0; dimension < longest_chain; ++dimension) {
    const Type& type = types.at(strip(types, id));
    const bool counted = type.kind == Kind::array && type.count.has_value();
    const std::uint64_t factor = counted ? *type.count : type.size;
    if (factor != 0 && elements > std::numeric_limits<std::uint64_t>::max() / factor) return 0;
    elements *= factor;
    if (!counted) return elements;
    id = type.target;
  }
  return 0;
}

// C's declarations read inside out: the pointers and dimensions met on the way inwards gather in
// `declarator` around the name that is not there.
std::string declare(Table& types, Id id) {
  std::string qualifiers;
  std::string declarator;
  for (int step = 0; step < longest_chain; ++step) {
    const Type& type = types.at(id);
    switch (type.kind) {
      case Kind::pointer:
      case Kind::reference:
        // Go and Rust name their pointers: "*main.Server".
        if (!type.name.empty()) return fmt::format("{}{}{}", type.name, declarator.empty() ? "" : " ", declarator);
        declarator = fmt::format("{}{}", type.kind == Kind::pointer ? "*" : "&", declarator);
        if (types.at(type.target).kind == Kind::array) declarator = fmt::format("({})", declarator);
        break;
      case Kind::array: declarator += type.count ? fmt::format("[{}]", *type.count) : "[]"; break;
      case Kind::qualifier:
        if (type.name.empty()) break;
        if (types.at(type.target).kind == Kind::pointer) {
          declarator = fmt::format("{}{}{}", type.name, declarator.empty() ? "" : " ", declarator);
        } else {
          qualifiers += type.name + " ";
        }
        break;
      case Kind::void_:
      case Kind::integer:
      case Kind::boolean:
      case Kind::character:
      case Kind::floating:
      case Kind::enumeration:
      case Kind::structure:
      case Kind::union_:
      case Kind::class_:
      case Kind::function:
      case Kind::typedef_:
      case Kind::unknown:
        return fmt::format("{}{}{}{}", qualifiers, plain_name(type), declarator.empty() ? "" : " ", declarator);
    }
    id = type.target;
  }
  return "unknown type";
}

TaggedName split_tag(std::string_view c_name) {
  for (const std::string_view tag : {"struct", "union", "enum", "class"})
    if (c_name.starts_with(tag) && c_name.substr(tag.size()).starts_with(' '))
      return {tag, c_name.substr(tag.size() + 1)};
  return {{}, c_name};
}

std::string typedef_name(Table& types, Id id) {
  for (int step = 0; step < longest_chain; ++step) {
    const Type& type = types.at(id);
    if (type.kind == Kind::typedef_) return type.name;
    if (type.kind != Kind::qualifier) break;
    id = type.target;
  }
  return {};
}

bool is_called(Table& types, Id id, std::string_view name) {
  for (int step = 0; step < longest_chain; ++step) {
    const Type& type = types.at(id);
    if (!is_wrapper(type)) break;
    if (type.kind == Kind::typedef_ && type.name == name) return true;
    id = type.target;
  }
  return false;
}

}  // namespace dtp::type
