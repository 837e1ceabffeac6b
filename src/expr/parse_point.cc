// [[GROUP:]EVENT=]FUNC[@FILE][+OFFSET|:LINE|;PATTERN|%return], FILE:LINE, FILE;PATTERN, SYSTEM:TRACEPOINT,
// %[PROVIDER:]PROBE and 0xADDRESS
#include <utility>

#include <algorithm>

#include "base/pattern.h"
#include "expr/lexer.h"
#include "expr/parse.h"
#include "expr/type_name.h"

namespace dtp::expr {
namespace {

constexpr std::string_view name_hint = "use letters, digits and '_', not a digit first";

bool ends_function(char c) { return c == '\0' || c == '@' || c == '+' || c == '%' || c == ':' || c == ';'; }

constexpr std::string_view operator_word = "operator";

// " unsigned long" behind "operator": what it converts to. Stars and ampersands belong to it.
std::size_t conversion_length(std::string_view text) {
  if (!text.starts_with(' ')) return 0;
  Lexer lexer(text.substr(1), "");
  if (!take_type_name(lexer)) return 0;
  std::size_t length = 1 + lexer.at();
  while (text[length - 1] == ' ') --length;
  while (length < text.size() && text[length] == '&') ++length;
  return length;
}

// "operator" and the characters or the type that make one: operator==, operator(), operator int.
std::size_t operator_length(std::string_view text) {
  if (!text.starts_with(operator_word)) return 0;
  std::size_t length = operator_word.size();
  if (text.substr(length).starts_with("()") || text.substr(length).starts_with("[]")) return length + 2;
  while (length < text.size() && std::string_view("=!<>+-*/%&|^~,").contains(text[length])) ++length;
  if (length > operator_word.size()) return length;
  const std::size_t conversion = conversion_length(text.substr(length));
  return conversion == 0 ? 0 : length + conversion;
}

// A bracket with what is in it; 0: nothing closes it.
std::size_t bracket_length(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    if ((c == ')' || c == '>' || c == '}' || c == ']') && --depth == 0) return at + 1;
  }
  return 0;
}

// The name of a function: an identifier, a pattern, or a name with scopes, template arguments and parameters.
struct FunctionName {
  std::size_t length = 0;
  bool is_pattern = false;
};

FunctionName read_function_name(std::string_view text) {
  FunctionName name;
  while (name.length < text.size()) {
    const std::string_view rest = text.substr(name.length);
    const bool starts_word = name.length == 0 || !is_name_part(text[name.length - 1]);
    if (const std::size_t length = starts_word ? operator_length(rest) : 0; length > 0) {
      name.length += length;
    } else if (rest.starts_with("::")) {
      name.length += 2;
    } else if (const std::size_t inner = std::string_view("(<{").contains(rest[0]) ? bracket_length(rest) : 0;
               inner > 0) {
      name.is_pattern = name.is_pattern || rest.substr(0, inner).contains("[...]");  // of a generic of Go
      name.length += inner;
    } else if (ends_function(rest[0])) {
      break;
    } else {
      name.is_pattern = name.is_pattern || base::is_pattern(rest.substr(0, 1));
      ++name.length;
    }
  }
  return name;
}

class PointParser {
 public:
  explicit PointParser(std::string_view text) : lexer_(text, "probe point") {}

  Result<ProbePoint> parse() {
    point_.text = std::string(lexer_.text());
    DTP_CHECK(parse_event());
    if (lexer_.peek() == '%' && lexer_.rest() != "%return") {
      DTP_CHECK(parse_usdt());
    } else if (is_digit(lexer_.peek())) {
      DTP_CHECK(parse_address());
    } else {
      DTP_CHECK(parse_function());
    }
    if (!lexer_.done()) return fail(unexpected_rest());
    return std::move(point_);
  }

 private:
  Result<void> check_name(std::string_view kind, std::string_view name, std::size_t begin) const {
    if (is_c_name(name)) return {};
    const Span span{begin, begin + std::max<std::size_t>(name.size(), 1)};
    if (name.empty()) return fail(lexer_.error("the " + std::string(kind) + " has no name", span));
    return fail(lexer_.error("'" + std::string(name) + "' is not a name for an " + std::string(kind), span,
                             std::string(name_hint)));
  }

  Result<void> parse_event() {
    const std::size_t equals = lexer_.text().substr(0, lexer_.text().find(';')).find('=');
    if (equals == std::string_view::npos || lexer_.text().substr(0, equals).contains(operator_word)) return {};
    std::string_view event = lexer_.text().substr(0, equals);
    std::size_t begin = 0;
    if (const std::size_t colon = event.find(':'); colon != std::string_view::npos) {
      DTP_CHECK(check_name("event group", event.substr(0, colon), 0));
      point_.group = std::string(event.substr(0, colon));
      begin = colon + 1;
      event.remove_prefix(begin);
    }
    DTP_CHECK(check_name("event", event, begin));
    point_.event = std::string(event);
    lexer_.skip(equals + 1);
    return {};
  }

  Result<void> parse_address() {
    const std::size_t begin = lexer_.at();
    const auto address = lexer_.take_unsigned();
    if (!address) return fail(lexer_.error_here("the address is not a 64-bit number"));
    point_.address = *address;
    point_.function_span = {begin, lexer_.at()};
    return parse_return();
  }

  Result<void> parse_function() {
    const std::size_t begin = lexer_.at();
    const FunctionName name = read_function_name(lexer_.rest());
    lexer_.skip(name.length);
    point_.function = std::string(lexer_.text().substr(begin, lexer_.at() - begin));
    point_.function_span = {begin, lexer_.at()};
    if (point_.function.empty()) return fail(no_function());
    // A file has a dot or a slash in its name, a function that is followed by a line has not.
    const bool may_be_file = lexer_.peek() == ':' || lexer_.peek() == ';';
    if (may_be_file && point_.function.find_first_of("./") != std::string::npos) {
      point_.file = std::exchange(point_.function, "");
      point_.file_span = point_.function_span;
      return lexer_.peek() == ':' ? parse_line() : parse_source_pattern();
    }
    if (is_provider()) return parse_tracepoint();
    point_.is_pattern = name.is_pattern;
    DTP_CHECK(parse_file());
    DTP_CHECK(parse_offset());
    DTP_CHECK(parse_line());
    if (lexer_.peek() == ';') return parse_source_pattern();
    if (point_.is_pattern && point_.line)
      return fail(lexer_.error("a pattern takes no line", point_.line_span, "name one function: FUNCTION:LINE"));
    return parse_return();
  }

  // Also of the pattern that a name may be.
  static bool is_probe_name(char c) { return is_name_start(c) || (c != '\0' && std::string_view("*?[").contains(c)); }

  // One colon and a name: two are C++'s, a number is a line.
  bool is_provider() const {
    return lexer_.peek() == ':' && is_probe_name(lexer_.peek(1)) && is_c_name(point_.function);
  }

  // SYSTEM:NAME
  Result<void> parse_tracepoint() {
    point_.provider = std::exchange(point_.function, "");
    point_.provider_span = point_.function_span;
    lexer_.skip(1);
    const std::size_t begin = lexer_.at();
    while (is_name_part(lexer_.peek()) || (!lexer_.done() && std::string_view("*?[]-!^").contains(lexer_.peek())))
      lexer_.skip(1);
    point_.function = std::string(lexer_.text().substr(begin, lexer_.at() - begin));
    point_.function_span = {begin, lexer_.at()};
    point_.is_pattern = base::is_pattern(point_.function);
    if (lexer_.done()) return {};
    return fail(lexer_.error("'" + std::string(lexer_.rest()) + "' is not understood",
                             {lexer_.at(), lexer_.text().size()},
                             "nothing may follow SYSTEM:TRACEPOINT or PROVIDER:PROBE"));
  }

  // %[PROVIDER:]NAME. Providers and names are whatever their authors thought of, "query-start" too.
  Result<void> parse_usdt() {
    point_.is_usdt = true;
    lexer_.skip(1);
    const auto take_part = [this](Span& span) {
      const std::size_t begin = lexer_.at();
      while (!lexer_.done() && std::string_view(":@;+%").find(lexer_.peek()) == std::string_view::npos) lexer_.skip(1);
      span = {begin, lexer_.at()};
      return std::string(lexer_.text().substr(begin, lexer_.at() - begin));
    };
    point_.function = take_part(point_.function_span);
    if (lexer_.take(":")) {
      point_.provider = std::exchange(point_.function, "");
      point_.provider_span = point_.function_span;
      if (point_.provider.empty()) return fail(lexer_.error("the provider has no name", {0, lexer_.at()}));
      point_.function = take_part(point_.function_span);
    }
    if (point_.function.empty())
      return fail(lexer_.error_here("the name of a USDT probe is missing", "write %PROVIDER:NAME"));
    point_.is_pattern = base::is_pattern(point_.function) || base::is_pattern(point_.provider);
    if (lexer_.done()) return {};
    return fail(lexer_.error("'" + std::string(lexer_.rest()) + "' is not understood",
                             {lexer_.at(), lexer_.text().size()},
                             "a USDT probe is %[PROVIDER:]NAME; its file is given with -x"));
  }

  Error no_function() const {
    if (lexer_.peek() == '@') return lexer_.error_here("a function is missing before '@'", "write FUNCTION@FILE");
    return lexer_.error_here("a function's name is missing");
  }

  Result<void> parse_file() {
    if (!lexer_.take("@")) return {};
    const std::size_t begin = lexer_.at();
    while (!lexer_.done() && std::string_view("+%:;").find(lexer_.peek()) == std::string_view::npos) lexer_.skip(1);
    point_.file_span = {begin, lexer_.at()};
    if (lexer_.at() > begin) point_.file = std::string(lexer_.text().substr(begin, lexer_.at() - begin));
    return {};
  }

  Result<void> parse_offset() {
    if (!lexer_.take("+")) return {};
    const std::size_t begin = lexer_.at();
    const auto offset = lexer_.take_unsigned();
    point_.offset_span = {begin, lexer_.at()};
    if (!offset)
      return fail(lexer_.error("the offset is not a number", {begin, lexer_.text().size()}, "write FUNCTION+BYTES"));
    point_.offset = *offset;
    return {};
  }

  Result<void> parse_line() {
    if (lexer_.peek() != ':' || !is_digit(lexer_.peek(1))) return {};
    lexer_.skip(1);
    const std::size_t begin = lexer_.at();
    const auto line = lexer_.take_unsigned();
    point_.line_span = {begin, lexer_.at()};
    if (!line || *line > UINT32_MAX) return fail(lexer_.error("the line is not a number", point_.line_span));
    if (point_.offset_span.begin != 0)
      return fail(lexer_.error("an offset and a line exclude each other", point_.line_span));
    // Line 0 is where the function begins.
    if (*line > 0 || point_.function.empty()) point_.line = static_cast<unsigned>(*line);
    return {};
  }

  // It goes to the end: anything may stand in a line of the source.
  Result<void> parse_source_pattern() {
    const Span what{lexer_.at(), lexer_.text().size()};
    const std::string_view others = point_.offset_span.begin != 0 ? "an offset"
                                    : point_.line_span.begin != 0 ? "a line"
                                    : point_.is_pattern           ? "a pattern of functions"
                                                                  : "";
    if (!others.empty())
      return fail(lexer_.error(std::string(others) + " and a pattern of lines exclude each other", what));
    lexer_.skip(1);
    point_.source_pattern = std::string(lexer_.rest());
    point_.line_span = {lexer_.at(), lexer_.text().size()};
    lexer_.skip(lexer_.rest().size());
    if (point_.source_pattern->find_first_not_of(" \t") == std::string::npos)
      return fail(lexer_.error("the pattern of lines is empty", what, "write FUNCTION;PATTERN: *return*"));
    return {};
  }

  Result<void> parse_return() {
    if (lexer_.peek() != '%') return {};
    const std::size_t begin = lexer_.at();
    if (!lexer_.take("%return")) {
      const Span span{begin, lexer_.text().size()};
      return fail(lexer_.error("'" + std::string(lexer_.rest()) + "' is not understood", span,
                               "only %return may follow a function"));
    }
    const Span span{begin, lexer_.at()};
    if (point_.offset_span.begin != 0 || lexer_.peek() == '+')
      return fail(lexer_.error("a return probe takes no offset", span, "write FUNCTION%return"));
    if (point_.line_span.begin != 0)
      return fail(lexer_.error("a return probe takes no line", span, "write FUNCTION%return"));
    point_.is_return = true;
    return {};
  }

  Error unexpected_rest() const {
    const Span span{lexer_.at(), lexer_.text().size()};
    if (lexer_.peek() == ':')
      return lexer_.error("'" + std::string(lexer_.rest()) + "' is not understood", span,
                          "write FUNCTION:LINE, FILE:LINE, or EVENT=FUNCTION to name an event");
    return lexer_.error(
        "'" + std::string(lexer_.rest()) + "' is not understood", span,
        "a probe point is [[GROUP:]EVENT=]FUNCTION[@FILE][+OFFSET|:LINE|%return], FILE:LINE or 0xADDRESS");
  }

  Lexer lexer_;
  ProbePoint point_ = {};
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Blanks within quotes, parentheses or the template arguments of the point belong to the word: ((struct sock
// *)sk)->sk_rcvbuf. A parenthesis that nothing closes keeps none, so that the words behind it are checked for
// themselves.
std::size_t end_of_word(std::string_view text, std::size_t at, bool is_point) {
  const auto opens = [&](char c) { return c == '(' || (is_point && c == '<'); };
  const auto closes = [&](char c) { return c == ')' || (is_point && c == '>'); };
  bool quoted = false;
  std::size_t open = 0;
  std::size_t first_blank = std::string_view::npos;
  const std::size_t begin = at;
  for (; at < text.size() && (quoted || open > 0 || !is_blank(text[at])); ++at) {
    if (is_point && open == 0 && (at == begin || !is_name_part(text[at - 1])))
      if (at += operator_length(text.substr(at)); at == text.size() || is_blank(text[at])) break;
    if (text[at] == '"') quoted = !quoted;
    if (quoted) continue;
    if (opens(text[at])) ++open;
    if (closes(text[at]) && open > 0) --open;
    if (is_blank(text[at])) first_blank = std::min(first_blank, at);
  }
  return open > 0 ? std::min(first_blank, at) : at;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const std::size_t end = end_of_word(text, at, words.empty());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

void collect(std::optional<Error>& first, Error next) {
  if (!first)
    first = std::move(next);
  else
    first->also.push_back(std::move(next));
}

}  // namespace

Result<ProbePoint> parse_point(std::string_view text) { return PointParser(text).parse(); }

Result<Request> parse_request(std::string_view text) {
  const std::vector<std::string_view> words = split_words(text);
  if (words.empty())
    return fail(
        {.what = "the probe is empty", .hint = "write FUNCTION [ARGUMENT...]", .status = Status::wrong_request});
  Request request;
  std::optional<Error> wrong;
  if (auto point = parse_point(words[0]))
    request.point = std::move(*point);
  else
    collect(wrong, std::move(point.error()));
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (auto argument = parse_argument(words[i], i))
      request.arguments.push_back(std::move(*argument));
    else
      collect(wrong, std::move(argument.error()));
  }
  if (wrong) return fail(std::move(*wrong));
  return request;
}

}  // namespace dtp::expr
