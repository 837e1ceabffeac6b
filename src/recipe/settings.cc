#include "recipe/settings.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/suggest.h"

namespace dtp::recipe {
namespace {

std::optional<std::uint64_t> plain_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

// "1.25" are 125 hundredths.
std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string part(text.substr(std::min(point + 1, text.size())));
  if (part.size() > 2 || text.ends_with('.')) return std::nullopt;
  part.resize(2, '0');
  const auto whole = plain_number(text.substr(0, point));
  const auto hundredths = plain_number(part);
  constexpr std::uint64_t most = 1'000'000'000'000;
  if (!whole || !hundredths || *whole > most) return std::nullopt;
  return *whole * 100 + *hundredths;
}

// As far as the type is a number.
std::optional<std::uint64_t> number_of(Type type, std::string_view text) {
  const auto plain = plain_number(text);
  switch (type) {
    case Type::decimal: return parse_decimal(text);
    case Type::bytes: return plain ? plain : base::parse_size(text);
    case Type::duration: return plain == 0 ? plain : base::parse_duration_ns(text);
    case Type::port: return plain && *plain <= 65535 ? plain : std::nullopt;
    case Type::pid: return plain && *plain > 0 && *plain <= 4194304 ? plain : std::nullopt;
    default: return plain;
  }
}

std::string_view wanted_of(Type type) {
  switch (type) {
    case Type::boolean: return "yes or no";
    case Type::number: return "a number";
    case Type::decimal: return "a number such as 2, 1.25";
    case Type::bytes: return "a size such as 100, 64K, 10M";
    case Type::duration: return "a time such as 10ms, 2s";
    case Type::text: return "a text";
    case Type::probe: return "what is probed, as on the command line";
    case Type::glob: return "a pattern";
    case Type::ip: return "an address such as 10.0.0.1 or ::1";
    case Type::port: return "a port from 0 to 65535";
    case Type::pid: return "the number of a process";
    case Type::function: return "the name of a function";
    case Type::file: return "the path of a file";
    case Type::word: return "one of its words";
  }
  return "";
}

// A string of a filter.
std::optional<std::string> quoted(const std::string& text) {
  if (text.find_first_of("\"\\\n") != std::string::npos) return std::nullopt;
  return "\"" + text + "\"";
}

// An address as the kernel and we print it.
std::optional<std::string> address_of(const std::string& text) {
  for (const int family : {AF_INET, AF_INET6}) {
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> plain{};
    if (::inet_pton(family, text.c_str(), &address) == 1)
      return std::string(::inet_ntop(family, &address, plain.data(), plain.size()));
  }
  return std::nullopt;
}

bool is_ip6(const std::string& address) { return address.find(':') != std::string::npos; }

// What is put in; none: it is not of the type.
std::optional<std::string> to_value(const Parameter& parameter, const std::string& text) {
  switch (parameter.type) {
    case Type::boolean:
      if (text == "yes" || text == "true" || text == "1") return "1";
      return text == "no" || text == "false" || text == "0" ? std::optional<std::string>("0") : std::nullopt;
    case Type::text:
    case Type::glob: return quoted(text);
    case Type::ip: return address_of(text);
    case Type::function:
      return text.empty() || text.find_first_of(" \t\n\"'\\=") != std::string::npos ? std::nullopt
                                                                                    : std::optional(text);
    case Type::probe:
      return text.empty() || text.find_first_of("\n\t") != std::string::npos ? std::nullopt : std::optional(text);
    case Type::file: return text.empty() ? std::nullopt : std::optional(text);
    case Type::word:
      return std::ranges::find(parameter.choices, text) != parameter.choices.end() ? std::optional(text) : std::nullopt;
    case Type::number:
    case Type::decimal:
    case Type::bytes:
    case Type::duration:
    case Type::port:
    case Type::pid: break;
  }
  const auto number = number_of(parameter.type, text);
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

Error wrong_value(const Parameter& parameter, const std::string& word, std::size_t begin, std::string what) {
  Error error{.what = std::move(what),
              .where = Where{"parameter", word, {begin, word.size()}},
              .status = Status::wrong_request};
  if (parameter.type == Type::word) error.hint = fmt::format("there are: {}", fmt::join(parameter.choices, ", "));
  return error;
}

// `word` is what was typed, and the value begins at `begin`.
Result<std::string> check_value(const Parameter& parameter, const std::string& word, std::size_t begin) {
  const std::string text = word.substr(begin);
  const auto value = to_value(parameter, text);
  if (!value)
    return fail(
        wrong_value(parameter, word, begin, fmt::format("'{}' takes {}", parameter.name, wanted_of(parameter.type))));
  const auto number = number_of(parameter.type, text);
  const auto least = number_of(parameter.type, parameter.least);
  const auto most = number_of(parameter.type, parameter.most);
  if (number && least && *number < *least)
    return fail(
        wrong_value(parameter, word, begin, fmt::format("'{}' is at least {}", parameter.name, parameter.least)));
  if (number && most && *number > *most)
    return fail(wrong_value(parameter, word, begin, fmt::format("'{}' is at most {}", parameter.name, parameter.most)));
  return *value;
}

Error no_such_parameter(const Recipe& recipe, const std::string& word, const std::string& name) {
  std::vector<std::string_view> names;
  for (const Parameter& parameter : recipe.parameters) names.push_back(parameter.name);
  std::string hint = base::did_you_mean(base::nearest(name, names));
  if (hint.empty() && !names.empty()) hint = fmt::format("there are: {}", fmt::join(names, ", "));
  return {.what = fmt::format("'{}' has no parameter '{}'", recipe.name, name),
          .where = Where{"parameter", word, {0, name.size()}},
          .hint = std::move(hint),
          .status = Status::wrong_request};
}

// The parts of a filter that && joins, outside of parentheses and strings.
std::vector<std::string_view> split_conjunction(std::string_view filter) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] == '"') in_string = !in_string;
    if (in_string) continue;
    if (filter[i] == '(') ++depth;
    if (filter[i] == ')') --depth;
    if (depth != 0 || !filter.substr(i).starts_with("&&")) continue;
    parts.push_back(filter.substr(begin, i - begin));
    begin = i + 2;
    ++i;
  }
  parts.push_back(filter.substr(begin));
  return parts;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Calls `use(name)` for each `${name}` and appends what is between them; an unknown one is left as it is.
template <class Use>
std::string replace(std::string_view text, Use use) {
  std::string filled;
  for (;;) {
    const std::size_t begin = text.find("${");
    const std::size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) return filled += text;
    filled += text.substr(0, begin);
    filled += use(text.substr(begin + 2, end - begin - 2));
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Settings> Settings::create(const Recipe& recipe, const std::vector<std::string>& words) {
  Settings settings;
  std::optional<Error> wrong;
  const auto set = [&](const Parameter& parameter, const std::string& word, std::size_t begin) {
    auto value = check_value(parameter, word, begin);
    if (value)
      settings.values_.insert_or_assign(parameter.name, std::move(*value));
    else
      base::add_error(wrong, std::move(value.error()));
  };
  for (const Parameter& parameter : recipe.parameters) {
    if (parameter.type == Type::ip) settings.addresses_.insert(parameter.name);
    if (parameter.value) set(parameter, *parameter.value, 0);
  }
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      base::add_error(wrong, {.what = "a parameter is NAME=VALUE",
                              .where = Where{"parameter", word, {0, word.size()}},
                              .hint = "a command to run follows after '--'",
                              .status = Status::wrong_request});
      continue;
    }
    const std::string name = word.substr(0, equals);
    const auto known = std::ranges::find(recipe.parameters, name, &Parameter::name);
    if (known == recipe.parameters.end())
      base::add_error(wrong, no_such_parameter(recipe, word, name));
    else
      set(*known, word, equals + 1);
  }
  for (const Parameter& parameter : recipe.parameters) {
    if (!parameter.is_required || settings.values_.contains(parameter.name)) continue;
    base::add_error(wrong,
                    {.what = fmt::format("'{}' needs to know '{}': {}", recipe.name, parameter.name, parameter.help),
                     .hint = fmt::format("say {}={}", parameter.name, wanted_of(parameter.type)),
                     .status = Status::wrong_request});
  }
  if (wrong) return fail(std::move(*wrong));
  return settings;
}

std::string Settings::fill(std::string_view text) const {
  return replace(text, [&](std::string_view name) {
    const auto value = values_.find(name);
    return value == values_.end() ? "" : value->second;
  });
}

std::string Settings::fill_condition(std::string_view condition, bool is_for_kernel) const {
  std::string kept;
  for (const std::string_view part : split_conjunction(condition)) {
    bool is_kept = !trim(part).empty();
    const std::string filled = replace(trim(part), [&](std::string_view name) {
      const auto value = values_.find(name);
      // The kernel compares addresses of IPv4, as numbers; we compare all of them, as texts.
      const bool is_address = value != values_.end() && addresses_.contains(name);
      if (value == values_.end() || (is_for_kernel && is_address && is_ip6(value->second))) is_kept = false;
      if (!is_kept) return std::string();
      return is_address && !is_for_kernel ? '"' + value->second + '"' : value->second;
    });
    if (is_kept) kept += (kept.empty() ? "" : " && ") + filled;
  }
  return kept;
}

std::optional<Error> Settings::missing_in(std::string_view text) const {
  for (const auto& [parameter, why] : missing_)
    if (text.contains("${" + parameter + "}")) return why;
  return std::nullopt;
}

std::string Settings::fill_any(const std::vector<std::string>& filters) const {
  std::string any;
  for (const std::string& filter : filters)
    if (const std::string filled = fill_where(filter); !filled.empty()) any += (any.empty() ? "" : " || ") + filled;
  return any;
}

bool Settings::is_set(std::string_view parameter) const {
  const auto value = values_.find(parameter);
  return value != values_.end() && value->second != "0" && value->second != "\"\"";
}

}  // namespace dtp::recipe
