// Parameters when the function returns: their registers have been used for other things by then, but some kernels keep
// what was in them at the entry, as $argN. What a pointer points to is read at the return all the same.
#include <fmt/format.h>

#include <algorithm>

#include "lower/lower.h"
#include "lower/walk.h"

namespace dtp::lower {

std::optional<path::Argument> argument_in(const path::Base& base, const arch::Arch& arch) {
  const auto* in = std::get_if<path::Register>(&base);
  if (in == nullptr) return std::nullopt;
  const auto found = std::ranges::find(arch.arguments, in->number);
  if (found == arch.arguments.end()) return std::nullopt;
  return path::Argument{static_cast<int>(found - arch.arguments.begin()) + 1};
}

Result<Place> Walker::parameter_at_return(const std::string& name, Span span) {
  if (target_.is_user() || !target_.ways || !target_.ways().arguments_at_return) {
    std::string hint = "use $retval, or probe the entry";
    if (!target_.is_user() && !target_.ways)
      hint += "; of a kernel that keeps the parameters until then: --kernel-has return-args";
    return fail(error(fmt::format("'{}' is not known when the function returns", name), span, std::move(hint)));
  }
  if (name == "$vars")
    return fail(error("variables are gone when the function returns", span, "its parameters are $params"));
  if (target_.info == nullptr) return fail(no_info(name, span));
  if (!spot_.has_instance) return fail(unknown_function(name, span));
  std::vector<debug::Variable> known = target_.info->find_variables(spot_.instance, spot_.address);
  std::erase_if(known, [](const debug::Variable& variable) { return variable.role != debug::Role::parameter; });
  const auto found = std::ranges::find(known, name, &debug::Variable::name);
  if (found == known.end()) return fail(no_variable(name, span, known));
  return located_at_return(*found, span);
}

Result<Place> Walker::located_at_return(const debug::Variable& variable, Span span) {
  const debug::Whereabouts where = target_.info->locate(spot_.instance, spot_.address, variable);
  if (const auto* missing = std::get_if<debug::Unavailable>(&where))
    return fail(error(fmt::format("'{}' cannot be read at {}: {}", variable.name, spot_name(), missing->text), span));
  const auto& location = std::get<debug::Location>(where);
  const auto argument = argument_in(location.base, *target_.arch);
  if (!argument || !location.derefs.empty() || location.kind != debug::Location::Kind::value || location.offset != 0)
    return fail(error(fmt::format("'{}' is not kept until the function returns: it was not passed in a register of its "
                                  "own",
                                  variable.name),
                      span, "probe the entry"));
  Place place{.base = *argument,
              .user = argument_.user,
              .type = variable.type,
              .name = variable.name,
              .is_plain_variable = true};
  note(span, place, "parameter, as it was at the entry");
  return place;
}

Result<void> use_function_probe(path::Point& point, const expr::Request& request, const arch::Arch& arch) {
  point.site.way = path::Way::function;
  point.site.offset = 0;
  for (path::Field& field : point.fields) {
    if (const auto argument = argument_in(field.path.base, arch)) {
      field.path.base = *argument;
      continue;
    }
    const bool is_register = std::holds_alternative<path::Register>(field.path.base) ||
                             std::holds_alternative<path::NamedRegister>(field.path.base);
    if (!is_register) continue;
    const std::string& text = request.arguments[field.argument].text;
    return fail({.what = "a function probe has no registers but those of the parameters",
                 .where = Where{fmt::format("argument {}", field.argument + 1), text, {0, text.size()}},
                 .hint = "leave out --fprobe",
                 .status = Status::wrong_request});
  }
  return {};
}

Result<void> check_function_probe(const expr::ProbePoint& point, const Spot& spot) {
  const bool is_whole =
      !spot.site.symbol.empty() && !spot.instance.is_inlined && (spot.is_entry || spot.site.is_return);
  if (is_whole && spot.site.symbol != "_text") return {};
  return fail({.what = spot.site.symbol == "_text" ? "a function probe needs a name that one function alone has"
                                                   : "a function probe is at the entry or the return of a function",
               .where = Where{"probe point", point.text, point.function_span},
               .hint = "leave out --fprobe",
               .status = Status::wrong_request});
}

}  // namespace dtp::lower
