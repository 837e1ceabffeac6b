// A demangled name is read from left to right: scopes end in "::", template arguments stand in <>, parameters in (),
// lambdas in {}. A template function also has its result type in front, which ends at a blank. An operator's own
// characters are none of these (Itanium C++ ABI, 5.1.3).
//
// In Rust a function of an implementation is <TYPE>::method or <TYPE as TRAIT>::method, where people may say
// TYPE::method; the arguments of a generic stand behind another "::", as in largest::<u32> (rustc book, "v0 symbol
// format").
#include "debug/qualified_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <utility>

#include "base/pattern.h"
#include "debug/demangle.h"

namespace dtp::debug {
namespace {

constexpr std::string_view operator_word = "operator";
constexpr std::string_view anonymous = "(anonymous namespace)";

struct Parts {
  std::vector<std::string> scopes = {};  // the function's own name is the last one
  std::optional<std::string> parameters = {};
  std::string trait = {};  // of Rust: that it is an implementation of
};

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// One past the bracket that closes the one at `at`; the end of the text where none does.
std::size_t close(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    const bool is_arrow = c == '>' && at > 0 && text[at - 1] == '-';
    if ((c == ')' || c == '>' || c == '}' || c == ']') && !is_arrow && --depth == 0) return at + 1;
  }
  return at;
}

bool begins_operator(std::string_view text, std::size_t at) {
  return text.substr(at).starts_with(operator_word) && (at == 0 || !is_identifier(text[at - 1])) &&
         at + operator_word.size() < text.size() && !is_identifier(text[at + operator_word.size()]);
}

// One past the operator's own characters.
std::size_t end_of_operator(std::string_view text, std::size_t at) {
  at += operator_word.size();
  if (text.substr(at).starts_with("()")) return at + 2;
  return std::min(text.find('(', at), text.size());
}

// More implementations within each other than anybody writes.
constexpr int deepest_type = 16;

Parts split(std::string_view text, int depth = 0);

// The blank before "as" in "<TYPE as TRAIT"; npos: there is none.
std::size_t find_as(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (std::string_view("<([{").contains(text[at])) at = close(text, at);
    if (text.substr(std::min(at, text.size())).starts_with(" as ")) return at;
  }
  return std::string_view::npos;
}

// "<TYPE as TRAIT>" at the beginning: the scopes are those of the type.
std::size_t take_implementation(std::string_view text, Parts& parts, std::string& scope, int depth) {
  const std::size_t end = close(text, 0);
  const std::string_view inner = text.substr(0, std::max<std::size_t>(end - 1, 1));
  const std::size_t as = find_as(inner);
  if (as != std::string_view::npos) parts.trait = std::string(inner.substr(as + 4));
  parts.scopes = split(inner.substr(1, std::min(as, inner.size()) - 1), depth + 1).scopes;
  scope = std::move(parts.scopes.back());
  parts.scopes.pop_back();
  return end;
}

Parts split(std::string_view text, int depth) {
  Parts parts;
  std::string scope;
  std::size_t at = 0;
  if (text.starts_with('<') && depth < deepest_type) at = take_implementation(text, parts, scope, depth);
  while (at < text.size()) {
    if (text.substr(at).starts_with("::<")) {  // the arguments of a generic of Rust
      at += 2;
    } else if (text.substr(at).starts_with("::")) {
      parts.scopes.push_back(std::exchange(scope, ""));
      at += 2;
    } else if (text.substr(at).starts_with(anonymous)) {
      scope += anonymous;
      at += anonymous.size();
    } else if (begins_operator(text, at)) {
      const std::size_t end = end_of_operator(text, at);
      scope += text.substr(at, end - at);
      at = end;
    } else if (text[at] == '(') {
      const std::size_t end = close(text, at);
      parts.parameters = std::string(text.substr(at + 1, std::max(end, at + 2) - at - 2));
      break;
    } else if (text[at] == '<' || text[at] == '{' || text[at] == '[') {
      const std::size_t end = close(text, at);
      scope += text.substr(at, end - at);
      at = end;
    } else if (text[at] == ' ') {  // what stood before was the type of the result
      parts.scopes.clear();
      scope.clear();
      ++at;
    } else {
      scope += text[at++];
    }
  }
  parts.scopes.push_back(scope);
  return parts;
}

std::string_view without_template(std::string_view scope) {
  if (scope.starts_with(operator_word)) return scope;
  return scope.substr(0, scope.find('<'));
}

std::string without_blanks(std::string_view text) {
  std::string result(text);
  std::erase(result, ' ');
  return result;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// "const char *, int" and "char const*, int" are one: "charconst*,int".
std::string normal_parameters(std::string_view text) {
  std::string result;
  std::size_t begin = 0;
  int depth = 0;
  const auto add = [&](std::string_view parameter) {
    parameter.remove_prefix(std::min(parameter.find_first_not_of(' '), parameter.size()));
    std::string type(parameter);
    if (type.starts_with("const ")) {
      type.erase(0, 6);
      type.insert(std::min(type.find_first_of("*&"), type.size()), "const");
    }
    result += (result.empty() ? "" : ",") + without_blanks(type);
  };
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ',';
    if (c == '<' || c == '(') ++depth;
    if (c == '>' || c == ')') --depth;
    if (c != ',' || (depth > 0 && at < text.size())) continue;
    add(text.substr(begin, at - begin));
    begin = at + 1;
  }
  replace_all(result, "std::__cxx11::basic_string<char,std::char_traits<char>,std::allocator<char>>", "std::string");
  return result == "void" ? "" : result;
}

// "operator int": what it converts to; empty: it is another function.
std::string converted_type(std::string_view scope) {
  const std::string_view type = scope.substr(std::min(operator_word.size(), scope.size()));
  return begins_operator(scope, 0) && type.starts_with(' ') ? normal_parameters(type) : "";
}

bool is_same_scope(std::string_view whole, std::string_view asked) {
  if (const std::string type = converted_type(asked); !type.empty()) return converted_type(whole) == type;
  const bool has_template = without_template(asked).size() != asked.size();
  return has_template ? without_blanks(whole) == without_blanks(asked)
                      : without_blanks(without_template(whole)) == without_blanks(asked);
}

// The last ones are equal; the others of `asked` are among those of `whole`, in order.
bool has_scopes(const std::vector<std::string>& whole, const std::vector<std::string>& asked) {
  if (!is_same_scope(whole.back(), asked.back())) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i + 1 < asked.size(); ++i, ++at) {
    while (at + 1 < whole.size() && !is_same_scope(whole[at], asked[i])) ++at;
    if (at + 1 >= whole.size()) return false;
  }
  return true;
}

bool is_of_trait(const Parts& whole, const Parts& asked) {
  return asked.trait.empty() ||
         (!whole.trait.empty() && has_scopes(split(whole.trait).scopes, split(asked.trait).scopes));
}

// What a mangled name of this function must have in it, as Itanium mangling writes identifiers: "4grow".
std::string mangled_piece(const Parts& parts) {
  for (std::size_t i = parts.scopes.size(); i-- > 0;) {
    std::string_view scope = without_template(parts.scopes[i]);
    if (scope.starts_with('~')) scope.remove_prefix(1);
    const bool is_plain = !scope.empty() && std::ranges::all_of(scope, is_identifier) && scope != "std";
    if (is_plain && !begins_operator(parts.scopes[i], 0)) return std::to_string(scope.size()) + std::string(scope);
  }
  return "";
}

// main.(*Server).Serve; a star in C++'s parameters has no dot before it.
bool is_go_method(std::string_view name) { return name.contains(".(*"); }

// A part of a function that stands apart.
bool is_part(std::string_view demangled) {
  return demangled.contains("[clone .cold") || demangled.contains("[clone .part");
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 29> operator_names{{
    {"==", "eq"},   {"!=", "ne"},    {"<", "lt"},    {">", "gt"},       {"<=", "le"},      {">=", "ge"},
    {"<=>", "cmp"}, {"+", "plus"},   {"-", "minus"}, {"*", "mul"},      {"/", "div"},      {"%", "mod"},
    {"=", "set"},   {"+=", "add"},   {"-=", "sub"},  {"*=", "mul_set"}, {"/=", "div_set"}, {"<<", "shl"},
    {">>", "shr"},  {"->", "arrow"}, {"()", "call"}, {"[]", "index"},   {"!", "not"},      {"&&", "and"},
    {"||", "or"},   {"++", "inc"},   {"--", "dec"},  {"&", "bit_and"},  {"|", "bit_or"},
}};

}  // namespace

bool is_qualified(std::string_view name) {
  if (is_go_method(name)) return false;
  return name.find("::") != std::string_view::npos || name.find_first_of("<(~") != std::string_view::npos ||
         begins_operator(name, 0);
}

bool goes_by(std::string_view demangled, std::string_view name) {
  if (is_part(demangled)) return false;
  const Parts whole = split(demangled);
  const Parts asked = split(name);
  if (!has_scopes(whole.scopes, asked.scopes) || !is_of_trait(whole, asked)) return false;
  return !asked.parameters || normal_parameters(*asked.parameters) == normal_parameters(whole.parameters.value_or(""));
}

std::string plain_name(std::string_view name) {
  const Parts parts = split(name);
  std::string_view last = without_template(parts.scopes.back());
  std::string result;
  if (begins_operator(last, 0)) {
    const std::string_view symbol = last.substr(operator_word.size());
    const auto known = std::ranges::find(operator_names, symbol, &std::pair<std::string_view, std::string_view>::first);
    result = "operator_";
    last = known == operator_names.end() ? symbol : known->second;
  } else if (last.starts_with('~')) {
    last.remove_prefix(1);
    result = "destroy_";
  }
  for (const char c : last)
    if (is_identifier(c) || c == '.') result += c;
  return result;
}

std::string plain_go_name(std::string_view name) {
  std::string result;
  for (const char c : name.substr(name.find_last_of('/') + 1))
    if (is_identifier(c))
      result += c;
    else if (!result.empty() && result.back() != '_')
      result += '_';
  if (result.ends_with('_')) result.pop_back();
  return result;
}

std::vector<std::string> matching_names(const Symbols& symbols, const std::string& pattern) {
  std::set<std::string> found;
  for (const Symbol& symbol : symbols.all()) {
    if (!symbol.is_function || !symbol.name.starts_with("_Z")) continue;
    const std::string demangled = demangle(symbol.name);
    if (is_part(demangled)) continue;
    const Parts parts = split(demangled);
    std::string name;  // grows by a scope at a time
    for (std::size_t i = parts.scopes.size(); i-- > 0;) {
      name.insert(0, std::string(without_template(parts.scopes[i])) + (name.empty() ? "" : "::"));
      if (base::matches_pattern(pattern, name)) found.emplace(symbol.name);
    }
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> mangled_names(const Symbols& symbols, std::string_view debug_strings, std::string_view name) {
  const std::string piece = mangled_piece(split(name));
  std::set<std::string> found;
  const auto consider = [&](std::string_view mangled) {
    if ((mangled.starts_with("_Z") || mangled.starts_with("_R")) && mangled.contains(piece) &&
        goes_by(demangle(mangled), name))
      found.insert(std::string(mangled));
  };
  for (const Symbol& symbol : symbols.all())
    if (symbol.is_function) consider(symbol.name);
  if (piece.empty()) return {found.begin(), found.end()};
  for (std::size_t at = 0; (at = debug_strings.find(piece, at)) != std::string_view::npos; ++at) {
    const std::size_t begin = at == 0 ? 0 : debug_strings.rfind('\0', at) + 1;
    const std::size_t end = std::min(debug_strings.find('\0', at), debug_strings.size());
    consider(debug_strings.substr(begin, end - begin));
    at = end;
  }
  return {found.begin(), found.end()};
}

}  // namespace dtp::debug
