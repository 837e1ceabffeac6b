// Static probes (USDT). At such a place stands a nop, and a note tells where the arguments are just there; nobody needs
// debug information for them. Where there is some, the variables at that address can be asked for as well.
//
// A program may have a probe in several places (inlined code, a macro used twice): all of them are one event. Some
// probes have a semaphore, a counter that says how many listen; the program does not come by the probe while it is 0.
// The kernel counts it up and down when the definition names its offset in the file: PATH:OFFSET(COUNTER).
#include "lower/usdt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/pattern.h"
#include "base/suggest.h"
#include "expr/lexer.h"
#include "expr/parse.h"
#include "lower/lower.h"
#include "lower/walk.h"

namespace dtp::lower {
namespace {

constexpr std::string_view perf_prefix = "sdt_";

class UsdtFinder {
 public:
  UsdtFinder(const expr::ProbePoint& point, const Target& target, const Options& options)
      : point_(point), target_(target), options_(options) {}

  Result<std::vector<Spot>> find() {
    notes_ = debug::read_sdt_notes(*target_.file);
    if (notes_.empty())
      return fail(error(fmt::format("'{}' has no USDT probes", target_.object), whole(),
                        point_.is_usdt ? "" : "a line of a file has a number: FILE:LINE"));
    std::vector<Spot> spots;
    for (const debug::SdtNote& note : notes_) {
      if (!is_provider(note.provider) || !is_wanted(point_.function, note.name)) continue;
      DTP_TRY(Spot spot, spot_of(note));
      spots.push_back(std::move(spot));
    }
    if (spots.empty()) return fail(unknown());
    if (spots.size() > options_.max_probes)
      return fail(
          error(fmt::format("'{}' is at {} places, {} are allowed", point_.function, spots.size(), options_.max_probes),
                whole(), fmt::format("allow them with --max-probes={}", spots.size())));
    return spots;
  }

 private:
  Error error(std::string what, Span span, std::string hint = {}) const {
    return {.what = std::move(what),
            .where = Where{"probe point", point_.text, span},
            .hint = std::move(hint),
            .status = Status::wrong_request};
  }

  Span whole() const {
    return {point_.provider.empty() ? point_.function_span.begin : point_.provider_span.begin,
            point_.function_span.end};
  }

  bool is_wanted(const std::string& wanted, const std::string& name) const {
    return wanted == name || (point_.is_pattern && base::matches_pattern(wanted, name));
  }

  // perf writes sdt_ before every provider.
  bool is_provider(const std::string& provider) const {
    if (point_.provider.empty() || is_wanted(point_.provider, provider)) return true;
    return point_.provider.starts_with(perf_prefix) && is_wanted(point_.provider.substr(perf_prefix.size()), provider);
  }

  Result<Spot> spot_of(const debug::SdtNote& note) {
    const auto offset = target_.file->file_offset(note.address);
    if (!offset) return fail(error(fmt::format("the probe's address {:#x} is not in the file", note.address), whole()));
    Spot spot{.site = {.object = target_.object, .address = *offset, .user = true}, .address = note.address};
    if (note.semaphore != 0) {
      const auto counter = target_.file->file_offset(note.semaphore);
      if (!counter)
        return fail(error(fmt::format("the probe's semaphore {:#x} is not in the file", note.semaphore), whole(),
                          "the program cannot be told that somebody listens"));
      spot.site.counter = *counter;
    }
    const auto symbol = [this](std::string_view name) -> std::optional<std::uint64_t> {
      const auto found = target_.symbols().find(name);
      if (found.size() != 1) return std::nullopt;
      return found.front()->address;
    };
    spot.usdt =
        std::make_shared<const Usdt>(Usdt{note, debug::parse_sdt_arguments(note.arguments, *target_.arch, symbol)});
    if (target_.info == nullptr) return spot;
    DTP_TRY(std::vector<debug::Instance> around, target_.info->find_function_at(note.address));
    if (around.empty()) return spot;
    spot.instance = std::move(around.front());
    spot.has_instance = true;
    return spot;
  }

  Error unknown() const {
    std::vector<std::string_view> providers, names;
    for (const debug::SdtNote& note : notes_) {
      providers.push_back(note.provider);
      if (is_provider(note.provider)) names.push_back(note.name);
    }
    if (!names.empty()) {
      const std::string provider = point_.provider.empty() ? "" : fmt::format(" of '{}'", point_.provider);
      return error(fmt::format("there is no USDT probe '{}'{} in '{}'", point_.function, provider, target_.object),
                   point_.function_span, suggestion(point_.function, std::move(names)));
    }
    return error(fmt::format("there is no USDT provider '{}' in '{}'", point_.provider, target_.object),
                 point_.provider_span, suggestion(point_.provider, std::move(providers)));
  }

  static std::string suggestion(std::string_view text, std::vector<std::string_view> names) {
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    if (const std::string near = base::did_you_mean(base::nearest(text, names)); !near.empty()) return near;
    constexpr std::size_t most_listed = 12;
    const std::string more = names.size() > most_listed ? ", ..." : "";
    names.resize(std::min(names.size(), most_listed));
    return fmt::format("it has: {}{}", fmt::join(names, ", "), more);
  }

  const expr::ProbePoint& point_;
  const Target& target_;
  const Options& options_;
  std::vector<debug::SdtNote> notes_ = {};
};

std::string c_name(std::string_view text) {
  std::string name(text);
  std::ranges::replace_if(
      name, [](char c) { return !expr::is_name_part(c); }, '_');
  return name;
}

// "arg2" -> 2
std::optional<std::size_t> number_of(std::string_view name) {
  if (!name.starts_with("arg")) return std::nullopt;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + 3, name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace

Result<std::vector<Spot>> find_usdt(const expr::ProbePoint& point, const Target& target, const Options& options) {
  return UsdtFinder(point, target, options).find();
}

std::string usdt_group(const Usdt& usdt) { return std::string(perf_prefix) + c_name(usdt.note.provider); }

std::string usdt_event(const Usdt& usdt) { return c_name(usdt.note.name); }

std::optional<std::size_t> usdt_argument_of(const expr::ProbeArgument& argument) {
  const expr::Node& root = argument.tree.at(argument.tree.root);
  if (const auto* name = std::get_if<expr::Name>(&root.of)) return number_of(name->name);
  if (const auto* numbered = std::get_if<expr::Argument>(&root.of)) return numbered->number;
  return std::nullopt;
}

std::optional<std::size_t> Walker::usdt_number(const expr::Node& whole) const {
  if (spot_.usdt == nullptr) return std::nullopt;
  if (const auto* name = std::get_if<expr::Name>(&whole.of)) return number_of(name->name);
  if (const auto* numbered = std::get_if<expr::Argument>(&whole.of)) return numbered->number;
  return std::nullopt;
}

Result<Place> Walker::usdt_argument(std::size_t number, Span span) {
  const Usdt& usdt = *spot_.usdt;
  const std::string probe = fmt::format("{}:{}", usdt.note.provider, usdt.note.name);
  const std::size_t count = usdt.arguments.size();
  if (number > count)
    return fail(error(fmt::format("'{}' has no argument {}", probe, number), span,
                      count == 0   ? "it has none"
                      : count == 1 ? "it has one: arg1"
                                   : fmt::format("it has {}: arg1 to arg{}", count, count)));
  const debug::SdtArgument& argument = usdt.arguments[number - 1];
  if (const auto* missing = std::get_if<debug::Unavailable>(&argument.where))
    return fail(error(fmt::format("argument {} of '{}' cannot be read: {}", number, probe, missing->text), span));
  const auto& location = std::get<debug::Location>(argument.where);
  Place place{.base = location.base,
              .offset = location.offset,
              .in_memory = location.kind == debug::Location::Kind::memory,
              .user = argument_.user,
              .name = fmt::format("arg{}", number),
              .is_usdt = true,
              .default_read = argument.read};
  if (const auto* address = std::get_if<path::Address>(&place.base)) {
    place.base = static_memory(address->address);
    place.base_is_address = true;
  }
  note(span, place, fmt::format("the probe's note: {}", argument.text));
  return place;
}

Result<void> add_usdt_arguments(const expr::Request& request, const Spot& spot, const Target& target,
                                path::Point& point, std::vector<Error>& warnings) {
  const std::size_t count = spot.usdt->arguments.size();
  std::vector<std::optional<path::Field>> own(count);
  std::vector<path::Field> others;
  for (path::Field& field : point.fields) {
    const auto number = usdt_argument_of(request.arguments[field.argument]);
    if (number && *number <= count && !own[*number - 1])
      own[*number - 1] = std::move(field);
    else
      others.push_back(std::move(field));
  }
  point.fields.clear();
  for (std::size_t number = 1; number <= count; ++number) {
    if (auto& field = own[number - 1]; field) {
      point.fields.push_back(std::move(*field));
      continue;
    }
    DTP_TRY(const expr::ProbeArgument argument, expr::parse_argument(fmt::format("arg{}", number), number));
    auto lowered = lower_argument(argument, number, spot, target);
    if (!lowered) {
      Error warning = std::move(lowered.error());
      warning.where = Where{"probe point", request.point.text, {0, request.point.text.size()}};
      if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(std::move(warning));
      continue;
    }
    for (path::Field& field : lowered->fields) {
      field.argument = request.arguments.size();
      point.fields.push_back(std::move(field));
    }
  }
  std::ranges::move(others, std::back_inserter(point.fields));
  return {};
}

}  // namespace dtp::lower
