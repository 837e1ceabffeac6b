#include "probe/shared.h"

#include <algorithm>
#include <charconv>

#include "dtracepp/limits.h"
#include "probe/definition.h"

namespace dtp::probe {
namespace {

// " dtp_member=\7:u16"
constexpr std::string_view member_type = ":u16";
std::string member_start() { return " " + std::string(member_field) + "=\\"; }

std::string rename(const std::string& line, std::string_view event) {
  const std::size_t slash = line.find('/');
  return line.substr(0, slash + 1) + std::string(event) + line.substr(line.find(' ', slash));
}

// What the kernel takes for a type when none is said.
std::string_view type_of(const DefinitionArgument& argument) {
  if (!argument.type.empty()) return argument.type;
  return argument.fetch == "$comm" || argument.fetch.starts_with("\\\"") ? "string" : "x64";
}

}  // namespace

std::string signature_of(std::string_view line) {
  const auto definition = parse_definition(line);
  if (!definition || (definition->kind != 'p' && definition->kind != 'r')) return "";
  const auto& arguments = definition->arguments;
  const bool is_taken = std::ranges::find(arguments, member_field, &DefinitionArgument::name) != arguments.end();
  if (is_taken || arguments.size() >= limits::most_arguments) return "";
  std::string signature = std::string(1, definition->kind) + ":" + definition->group;
  signature += definition->place.starts_with('/') ? " user" : " kernel";
  for (const DefinitionArgument& argument : definition->arguments)
    signature.append(" ").append(argument.name).append(":").append(type_of(argument));
  return signature;
}

std::string as_member(const std::string& line, std::string_view shared, unsigned number) {
  return rename(line, shared) + member_start() + std::to_string(number) + std::string(member_type);
}

std::optional<unsigned> member_number(std::string_view line) {
  const std::string start = member_start();
  const std::size_t at = line.rfind(start);
  if (at == std::string_view::npos || !line.ends_with(member_type)) return std::nullopt;
  const char* const end = line.data() + line.size() - member_type.size();
  unsigned number = 0;
  const auto [last, error] = std::from_chars(line.data() + at + start.size(), end, number);
  if (error != std::errc{} || last != end || number == 0 || number > most_members) return std::nullopt;
  return number;
}

namespace {

// "dtp_member>=3&&dtp_member<=9||dtp_member==12": numbers that no member has may be in between.
std::string one_of(const std::set<unsigned>& numbers, const std::set<unsigned>& all) {
  const std::string field(member_field);
  std::string filter;
  for (auto at = all.begin(); at != all.end();) {
    if (!numbers.contains(*at)) {
      ++at;
      continue;
    }
    const unsigned first = *at;
    unsigned last = first;
    for (; at != all.end() && numbers.contains(*at); ++at) last = *at;
    if (!filter.empty()) filter += "||";
    if (first == last)
      filter += field + "==" + std::to_string(first);
    else
      filter += "(" + field + ">=" + std::to_string(first) + "&&" + field + "<=" + std::to_string(last) + ")";
  }
  return filter;
}

}  // namespace

std::string filter_of_members(const std::map<unsigned, std::string>& asked, const std::set<unsigned>& all) {
  std::map<std::string, std::set<unsigned>> numbers_of;
  for (const auto& [number, filter] : asked) numbers_of[filter].insert(number);
  if (numbers_of.size() == 1 && asked.size() == all.size()) return numbers_of.begin()->first;
  std::string whole;
  for (const auto& [filter, numbers] : numbers_of) {
    if (!whole.empty()) whole += "||";
    whole += filter.empty() ? "(" + one_of(numbers, all) + ")" : "((" + one_of(numbers, all) + ")&&(" + filter + "))";
  }
  return whole;
}

std::string alone(const std::string& line, std::string_view event) {
  return rename(line.substr(0, line.rfind(member_start())), event);
}

}  // namespace dtp::probe
