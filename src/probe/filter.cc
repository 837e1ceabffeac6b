// The kernel's filter language is that of Documentation/trace/events.rst, section 5, as parse_pred() in
// kernel/trace/trace_events_filter.c reads it:
//
//   filter    = and { "||" and }        and  = unary { "&&" unary }
//   unary     = "!" unary | "(" filter ")" | predicate
//   predicate = FIELD OPERATOR VALUE    the field always on the left, a number or a quoted text on the right
//
// It knows no byte order, no addresses and no words without quotes, it cuts a number that is too large for
// its field, and it refuses a negative number for an unsigned one. Those are the differences made up for here.
// A plain number for an address field is taken as it is, since that is how perf's users write it.
#include "probe/filter.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/suggest.h"

namespace dtp::probe {
namespace {

using path::Display;

constexpr std::size_t longest_filter = 4095;  // a page with its NUL
constexpr std::size_t longest_text = 255;     // MAX_FILTER_STR_VAL
constexpr int deepest_nesting = 50;

// Longer ones first, so that "<=" is not read as "<".
constexpr std::array<std::string_view, 8> operators{"==", "!=", "<=", ">=", "<", ">", "&", "~"};

// trace_define_generic_fields() and trace_define_common_fields(), kernel/trace/trace_events.c
const std::array<FilterField, 9> common_fields{{
    {.name = "common_type", .bytes = 2},
    {.name = "common_flags", .bytes = 1},
    {.name = "common_preempt_count", .bytes = 1},
    {.name = "common_pid", .is_signed = true, .bytes = 4},
    {.name = "common_cpu", .is_signed = true, .bytes = 4},
    {.name = "CPU", .is_signed = true, .bytes = 4},
    {.name = "cpu", .is_signed = true, .bytes = 4},
    {.name = "COMM", .is_string = true},
    {.name = "comm", .is_string = true},
}};

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_ordering(std::string_view op) { return op.front() == '<' || op.front() == '>'; }

// A piece of the filter and where it stands.
struct Piece {
  std::string_view text = {};
  Span span = {};
};

struct Number {
  std::uint64_t magnitude = 0;
  bool negative = false;
  bool hex = false;
};

// As the kernel's kstrtoull(..., 0) reads it: 0x is hex, a leading 0 octal.
std::optional<Number> read_number(std::string_view text) {
  Number number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    number.hex = true;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
  }
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number.magnitude, base);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The four bytes in network order, as the machine reads them from memory: little-endian.
std::optional<std::uint32_t> read_ip4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || value > 255) return std::nullopt;
    address |= value << (8 * part);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (part == 3) break;
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
  }
  return text.empty() ? std::optional(address) : std::nullopt;
}

// Bytes to turn around; 0: the field is in the machine's order or a plain number is meant raw.
int swapped_bytes(Display display) {
  switch (display) {
    case Display::port:
    case Display::be16: return 2;
    case Display::be32: return 4;
    case Display::be64: return 8;
    case Display::none:
    case Display::ip4:
    case Display::ip6:
    case Display::mac:
    case Display::boolean:
    case Display::path:
    case Display::path_part:
    case Display::text:
    case Display::length:
    case Display::decimal:
    case Display::signed_bits: return 0;
  }
  return 0;
}

std::uint64_t swap_bytes(std::uint64_t value, int bytes) { return __builtin_bswap64(value) >> (64 - 8 * bytes); }

std::uint64_t largest(int bytes) {
  return bytes >= 8 || bytes <= 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
}

class Translator {
 public:
  Translator(std::string_view text, std::span<const FilterField> fields) : text_(text), fields_(fields) {}

  Result<std::string> translate() {
    if (skip_space(); at_ == text_.size()) return fail(error({}, "the filter is empty"));
    DTP_CHECK(any_of(0));
    skip_space();
    if (at_ < text_.size()) return fail(unexpected());
    if (out_.size() > longest_filter)
      return fail(
          error({0, text_.size()},
                fmt::format("the filter is longer than the {} characters that the kernel takes", longest_filter)));
    return out_;
  }

 private:
  Error error(Span span, std::string what, std::string hint = {}) const {
    return {.what = std::move(what),
            .where = Where{.label = "filter", .text = std::string(text_), .span = span},
            .hint = std::move(hint),
            .status = Status::wrong_request};
  }

  Error masked(Span span) const {
    return error(span, "the kernel cannot compare a masked value",
                 "'FIELD & BITS' alone asks whether any of the bits is set");
  }

  // What stands here fits nowhere.
  Error unexpected() const {
    if (at_ >= text_.size()) return error({at_, at_}, "the filter ends early");
    const std::string_view rest = text_.substr(at_);
    if (rest.front() == ')') return error({at_, at_ + 1}, "a ')' without its '('");
    const std::string_view op = peek_operator();
    if (last_operator_ == "&" && !op.empty()) return masked({last_predicate_, at_ + op.size()});
    if ((rest.front() == '&' || rest.front() == '|') && !rest.starts_with("&&") && !rest.starts_with("||"))
      return error({at_, at_ + 1}, fmt::format("'{}' does not join two comparisons", rest.front()),
                   fmt::format("write '{}{}'", rest.front(), rest.front()));
    std::size_t end = 1;
    while (end < rest.size() && is_name(rest.front()) && is_name(rest[end])) ++end;
    return error({at_, at_ + end}, fmt::format("'{}' is not expected here", rest.substr(0, end)),
                 "join comparisons with && or ||");
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  std::string_view peek_operator() const {
    const std::string_view rest = text_.substr(std::min(at_, text_.size()));
    if (rest.starts_with("&&")) return {};
    for (const std::string_view op : operators)
      if (rest.starts_with(op)) return op;
    return {};
  }

  Result<void> any_of(int depth) {
    DTP_CHECK(all_of(depth));
    while (take("||")) {
      out_ += " || ";
      DTP_CHECK(all_of(depth));
    }
    return {};
  }

  Result<void> all_of(int depth) {
    DTP_CHECK(unary(depth));
    while (take("&&")) {
      out_ += " && ";
      DTP_CHECK(unary(depth));
    }
    return {};
  }

  Result<void> unary(int depth) {
    skip_space();
    const std::size_t begin = at_;
    if (depth > deepest_nesting) return fail(error({begin - 1, begin}, "the parentheses are nested too deeply"));
    if (take("!")) {
      out_ += "!";
      return unary(depth + 1);
    }
    if (!take("(")) return predicate();
    out_ += "(";
    DTP_CHECK(any_of(depth + 1));
    if (!take(")")) {
      if (at_ < text_.size()) return fail(unexpected());
      return fail(error({begin, begin + 1}, "a '(' without its ')'"));
    }
    out_ += ")";
    skip_space();
    if (const auto op = peek_operator(); !op.empty())
      return fail(last_operator_ == "&" ? masked({begin, at_ + op.size()})
                                        : error({at_, at_ + op.size()}, fmt::format("'{}' cannot follow a ')'", op)));
    return {};
  }

  Result<void> predicate() {
    last_predicate_ = at_;
    DTP_TRY(const Piece name, field_name());
    const bool function = take(".function");
    const bool user_text = !function && take(".ustring");
    DTP_TRY(FilterField field, find_field(name));
    if (user_text) field.is_string = true;
    DTP_TRY(const Piece op, comparison(field));
    last_operator_ = op.text;
    DTP_TRY(const Piece value, operand(field));
    out_ += fmt::format("{}{} {} ", name.text, function ? ".function" : user_text ? ".ustring" : "", op.text);
    if (function) {
      out_ += value.text;  // a function's name or an address: the kernel looks it up
      return {};
    }
    DTP_TRY(const std::string translated, field.is_string ? text_value(value) : number_value(field, op, value));
    out_ += translated;
    return {};
  }

  Result<Piece> field_name() {
    const std::size_t begin = at_;
    if (begin < text_.size() &&
        (is_digit(text_[begin]) || text_[begin] == '-' || text_[begin] == '"' || text_[begin] == '\'')) {
      std::size_t end = begin + 1;
      while (end < text_.size() && is_name(text_[end])) ++end;
      return fail(error({begin, end}, "a comparison begins with the field",
                        "write the field on the left, the value on the right"));
    }
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    if (at_ == begin) return fail(unexpected());
    return Piece{text_.substr(begin, at_ - begin), {begin, at_}};
  }

  const FilterField* find_known(std::string_view name) const {
    const auto named = [&](const FilterField& field) { return field.name == name; };
    if (const auto own = std::ranges::find_if(fields_, named); own != fields_.end()) return &*own;
    const auto common = std::ranges::find_if(common_fields, named);
    return common != common_fields.end() ? &*common : nullptr;
  }

  Result<FilterField> find_field(const Piece& name) const {
    if (const FilterField* field = find_known(name.text)) return *field;
    std::vector<std::string_view> names;
    for (const FilterField& field : fields_) names.push_back(field.name);
    for (const FilterField& field : common_fields) names.push_back(field.name);
    std::string hint = base::did_you_mean(base::nearest(name.text, names));
    if (hint.empty() && !fields_.empty()) {
      hint = "it has";
      for (const FilterField& field : fields_)
        hint += fmt::format("{} {}", &field == &fields_.front() ? "" : ",", field.name);
    }
    return fail(error(name.span, fmt::format("the event has no field '{}'", name.text), hint));
  }

  // The operator, and whether this kind of field takes it.
  Result<Piece> comparison(const FilterField& field) {
    skip_space();
    const std::string_view op = peek_operator();
    const Span span{at_, at_ + std::max<std::size_t>(op.size(), at_ < text_.size() ? 1 : 0)};
    if (op.empty() && text_.substr(at_).starts_with('='))
      return fail(error(span, "'=' does not compare", "write '=='"));
    if (op.empty())
      return fail(error(span, fmt::format("'{}' is not compared with anything", field.name),
                        "use ==, !=, <, <=, >, >=, & or ~"));
    if (field.display == Display::path)
      return fail(error({last_predicate_, last_predicate_ + field.name.size()},
                        fmt::format("the kernel cannot filter the path '{}': it is put together later", field.name),
                        "fetch and filter the last name too: ...->d_name.name:string"));
    if (field.display == Display::text)
      return fail(error({last_predicate_, last_predicate_ + field.name.size()},
                        fmt::format("the kernel cannot filter the text '{}': no NUL ends it", field.name),
                        fmt::format("filter its length: {}__len", field.name)));
    if (field.is_array && !field.is_string)
      return fail(error({last_predicate_, last_predicate_ + field.name.size()},
                        fmt::format("the kernel cannot filter the array '{}'", field.name),
                        "filter what comes out instead"));
    if (field.is_string && op != "==" && op != "!=" && op != "~")
      return fail(error(span, fmt::format("'{}' is a string and knows ==, != and ~ only", field.name)));
    if (!field.is_string && op == "~")
      return fail(error(span, fmt::format("'~' is for strings, '{}' is a number", field.name)));
    if (is_ordering(op) && (swapped_bytes(field.display) != 0 || field.display == Display::ip4))
      return fail(error(span, fmt::format("the kernel cannot order '{}', which is in network byte order", field.name),
                        "== and != work"));
    if (is_ordering(op) && path::signed_width(field.display) != 0)
      return fail(error(span, fmt::format("the kernel cannot order '{}', a bitfield with a sign", field.name),
                        "== and != work"));
    at_ += op.size();
    return Piece{op, span};
  }

  // A quoted text with its quotes, or everything up to a blank, a parenthesis or a connective.
  Result<Piece> operand(const FilterField& field) {
    skip_space();
    const std::size_t begin = at_;
    if (begin == text_.size())
      return fail(error({begin, begin}, fmt::format("'{}' is compared with nothing", field.name)));
    if (const char quote = text_[begin]; quote == '"' || quote == '\'') {
      const std::size_t end = text_.find(quote, begin + 1);
      if (end == std::string_view::npos) return fail(error({begin, text_.size()}, "a text without its closing quote"));
      at_ = end + 1;
    } else {
      const auto ends = [&] {
        const std::string_view rest = text_.substr(at_);
        return is_space(rest.front()) || rest.front() == ')' || rest.front() == '(' || rest.starts_with("&&") ||
               rest.starts_with("||");
      };
      // Numbers are over where another operator begins: flags & 4==4.
      while (at_ < text_.size() && !ends() && (field.is_string || peek_operator().empty())) ++at_;
    }
    if (at_ == begin) return fail(error({begin, begin + 1}, fmt::format("'{}' is compared with nothing", field.name)));
    return Piece{text_.substr(begin, at_ - begin), {begin, at_}};
  }

  Result<std::string> text_value(const Piece& value) const {
    std::string_view content = value.text;
    if (content.front() == '"' || content.front() == '\'') content = content.substr(1, content.size() - 2);
    if (content.size() > longest_text)
      return fail(error(value.span, fmt::format("the kernel compares with at most {} characters", longest_text)));
    const bool has_double = content.find('"') != std::string_view::npos;
    if (has_double && content.find('\'') != std::string_view::npos)
      return fail(
          error(value.span, "the kernel takes no text with both kinds of quotes", "leave one out with ~ and '?'"));
    const char quote = has_double ? '\'' : '"';
    return fmt::format("{}{}{}", quote, content, quote);
  }

  Result<std::string> number_value(const FilterField& field, const Piece& op, const Piece& value) const {
    if (const auto address = read_ip4(value.text)) return address_value(field, *address, value);
    if (field.display == Display::boolean && (value.text == "true" || value.text == "false"))
      return std::string(value.text == "true" ? "1" : "0");
    const auto number = read_number(value.text);
    if (!number) return fail(not_a_number(field, value));
    if (const int bytes = swapped_bytes(field.display); bytes != 0) {
      if (number->negative || number->magnitude > largest(bytes)) return fail(does_not_fit(field, value, bytes));
      return fmt::format("{}", swap_bytes(number->magnitude, bytes));
    }
    if (const int width = path::signed_width(field.display); width != 0)
      return bits_value(field, *number, value, width);
    return plain_value(field, *number, op, value);
  }

  // The kernel has the bits without their sign.
  Result<std::string> bits_value(const FilterField& field, const Number& number, const Piece& value, int width) const {
    const std::uint64_t all_bits = ~std::uint64_t{0} >> (64 - width);
    const std::uint64_t most = number.negative ? all_bits / 2 + 1 : number.hex ? all_bits : all_bits / 2;
    if (number.magnitude > most)
      return fail(error(value.span, fmt::format("{} does not fit into '{}', a signed number of {} bit{}", value.text,
                                                field.name, width, width == 1 ? "" : "s")));
    return fmt::format("{}", (number.negative ? 0 - number.magnitude : number.magnitude) & all_bits);
  }

  Error not_a_number(const FilterField& field, const Piece& value) const {
    if (find_known(value.text) != nullptr)
      return error(value.span, fmt::format("the kernel cannot compare '{}' with another field", field.name));
    if (const auto slash = value.text.find('/');
        slash != std::string_view::npos && read_ip4(value.text.substr(0, slash)))
      return error(value.span, "the kernel cannot compare a masked value",
                   "compare with whole addresses, joined by ||");
    const bool address = field.display == Display::ip4;
    return error(value.span, fmt::format("'{}' is not {}", value.text, address ? "an IPv4 address" : "a number"));
  }

  Error does_not_fit(const FilterField& field, const Piece& value, int bytes) const {
    return error(value.span,
                 fmt::format("{} does not fit into '{}', {} of {} byte{}", value.text, field.name,
                             field.is_signed ? "a signed number" : "a number", bytes, bytes == 1 ? "" : "s"));
  }

  // A field that is not known to be an address may hold it in either order, so neither is guessed.
  Result<std::string> address_value(const FilterField& field, std::uint32_t address, const Piece& value) const {
    if (field.display == Display::ip4 || field.display == Display::be32) return fmt::format("{}", address);
    const std::string hint =
        field.bytes < 4
            ? ""
            : fmt::format("give it the type :ip4 in the probe, or write {} if it is in network byte order", address);
    return fail(error(value.span, fmt::format("'{}' is not known to be an IPv4 address", field.name), hint));
  }

  // The kernel would cut what is too large, and refuse a sign on an unsigned field.
  Result<std::string> plain_value(const FilterField& field, const Number& number, const Piece& op,
                                  const Piece& value) const {
    const std::uint64_t all_bits = largest(field.bytes);
    const std::uint64_t half = all_bits / 2;
    if (number.negative) {
      if (number.magnitude > half + 1) return fail(does_not_fit(field, value, field.bytes));
      if (field.is_signed) return std::string(value.text);
      if (is_ordering(op.text))
        return fail(error(value.span, fmt::format("'{}' is unsigned and never below zero", field.name),
                          "give it a signed type in the probe: :s64"));
      return fmt::format("{}", (0 - number.magnitude) & all_bits);
    }
    if (number.magnitude > all_bits || (field.is_signed && !number.hex && number.magnitude > half))
      return fail(does_not_fit(field, value, field.bytes));
    if (field.is_signed && number.magnitude > half) return fmt::format("-{}", all_bits - number.magnitude + 1);
    return std::string(value.text);
  }

  std::string_view text_;
  std::span<const FilterField> fields_;
  std::size_t at_ = 0;
  std::string out_ = {};
  std::string_view last_operator_ = {};
  std::size_t last_predicate_ = 0;
};

}  // namespace

Result<std::string> translate_filter(std::string_view text, std::span<const FilterField> fields) {
  return Translator(text, fields).translate();
}

}  // namespace dtp::probe
