// What Go functions return, which is several values.
#include <fmt/format.h>

#include "lower/walk.h"

namespace dtp::lower {

Result<Place> Walker::returned(const debug::Returned& value, std::string name, Span span) {
  if (const auto* missing = std::get_if<debug::Unavailable>(&value.at))
    return fail(error(fmt::format("'{}' cannot be read: {}", text_of(span), missing->text), span));
  Place place{.user = argument_.user, .type = value.type, .name = std::move(name)};
  DTP_CHECK(put(place, std::get<debug::Location>(value.at), span));
  note(span, place, "return value");
  return place;
}

Result<Place> Walker::go_return_value(const expr::Node& whole) {
  std::vector<debug::Returned> values;
  if (target_.info != nullptr && spot_.has_instance) values = target_.info->find_returned(spot_.instance);
  const std::string& function = spot_.instance.function;
  if (values.empty())
    return fail(error(spot_.has_instance
                          ? fmt::format("'{}' returns nothing that the debug information tells of", function)
                          : "what it returns is not known without debug information",
                      whole.span));
  if (values.size() == 1) return returned(values[0], "retval", whole.span);
  const std::string& first = values[0].name;
  return fail(error(fmt::format("'{}' returns {} values", function, values.size()), whole.span,
                    fmt::format("write $retval[0] to $retval[{}]{}", values.size() - 1,
                                first.empty() ? "" : fmt::format(", or $retval.{}", first))));
}

Result<std::optional<Place>> Walker::one_of_returned(const expr::Node& whole) {
  const auto* member = std::get_if<expr::Member>(&whole.of);
  const auto* index = std::get_if<expr::Index>(&whole.of);
  const expr::NodeId base = member != nullptr ? member->base : index->base;
  const bool is_of_go = spot_.is_return_instruction && spot_.has_instance && target_.info != nullptr &&
                        std::holds_alternative<expr::ReturnValue>(argument_.tree.at(base).of);
  if (!is_of_go || (member != nullptr && member->arrow)) return std::nullopt;
  const std::vector<debug::Returned> values = target_.info->find_returned(spot_.instance);
  if (values.size() < 2) return std::nullopt;
  const Span span{whole.span.begin, whole.tail.end};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (member != nullptr ? values[i].name != member->name : static_cast<std::int64_t>(i) != index->index) continue;
    DTP_TRY(Place place,
            returned(values[i], values[i].name.empty() ? fmt::format("retval_{}", i) : values[i].name, span));
    return place;
  }
  if (index != nullptr)
    return fail(
        error(fmt::format("'{}' returns {} values, 0 to {}", spot_.instance.function, values.size(), values.size() - 1),
              whole.tail));
  std::string names;
  for (const debug::Returned& value : values)
    if (!value.name.empty()) names += (names.empty() ? "" : ", ") + value.name;
  return fail(error(fmt::format("'{}' returns nothing called '{}'", spot_.instance.function, member->name), whole.tail,
                    names.empty() ? fmt::format("write $retval[0] to $retval[{}]", values.size() - 1)
                                  : fmt::format("it returns: {}", names)));
}

}  // namespace dtp::lower
