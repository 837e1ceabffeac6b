// An argument is SIZE@OPERAND. SIZE counts bytes, negative for a signed number, with an 'f' behind it for a floating
// one (8f@%xmm0); notes of before 2011 have no SIZE@. OPERAND is whatever the compiler chose, as the GNU assembler for
// AT&T writes it:
//
//   $5  $-1  $name         a constant; the address of a symbol
//   %edi  %al  %ah         a register or a part of it
//   -8(%rbp)  (%rax)       memory at a register and an offset
//   name(%rip)  name+8     memory at a symbol and an offset
//   8(%rax,%rbx,4)         memory at two registers, which no fetch-arg adds
//   %fs:0x28               memory at a segment, whose base no fetch-arg knows
#include "debug/sdt_argument.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dtp::debug {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  int open = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const bool is_end = at == text.size();
    if (!is_end && text[at] == '(') ++open;
    if (!is_end && text[at] == ')') --open;
    if (!is_end && (!is_blank(text[at]) || open > 0)) continue;
    if (at > begin) words.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  return words;
}

class OperandParser {
 public:
  OperandParser(std::string_view text, const arch::Arch& arch, const FindSymbol& symbol)
      : text_(text), arch_(arch), symbol_(symbol) {}

  SdtArgument parse() {
    SdtArgument argument{.text = std::string(text_)};
    const std::size_t at = text_.find('@');
    if (at != std::string_view::npos && !take_size(text_.substr(0, at)))
      argument.where = unavailable(Reason::computed, "its size makes no sense");
    else
      argument.where = where(at == std::string_view::npos ? text_ : text_.substr(at + 1));
    argument.read = read_;
    return argument;
  }

 private:
  Unavailable unavailable(Reason reason, std::string why) const {
    return {reason, fmt::format("the probe's note says {}, {}", text_, why)};
  }

  bool take_size(std::string_view text) {
    is_float_ = text.ends_with('f');
    if (is_float_) text.remove_suffix(1);
    int bytes = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    bytes_ = bytes;
    const int size = bytes < 0 ? -bytes : bytes;
    if (size != 1 && size != 2 && size != 4 && size != 8) return false;
    read_ = path::Read{.form = is_float_   ? path::Form::hex
                               : bytes < 0 ? path::Form::signed_
                                           : path::Form::unsigned_,
                       .bits = size * 8};
    return true;
  }

  Whereabouts where(std::string_view operand) {
    if (operand.starts_with('$')) return constant(operand.substr(1));
    if (operand.starts_with('%')) return of_register(operand.substr(1));
    if (operand.find(':') != std::string_view::npos)
      return unavailable(Reason::computed, "which is in a segment that a probe cannot read");
    return memory(operand);
  }

  Whereabouts constant(std::string_view text) {
    const auto sum = add_up(text);
    if (!sum) return unavailable(Reason::computed, "a symbol's address that a probe cannot tell");
    if (!sum->symbol) return Location{.base = path::Constant{sum->number}};
    return unavailable(Reason::computed, "the address of a symbol, which is known only when the program runs");
  }

  Whereabouts of_register(std::string_view name) {
    if (name.find(':') != std::string_view::npos)
      return unavailable(Reason::computed, "which is in a segment that a probe cannot read");
    if (name.starts_with("xmm") || name.starts_with("ymm") || name.starts_with("zmm") || name.starts_with("st"))
      return unavailable(Reason::float_register, "a floating-point register, which a probe cannot read");
    const auto part = arch::register_part(arch_, name);
    if (!part) return unavailable(Reason::computed, "a register that a probe cannot read");
    if (part->shift > 0) {
      if (bytes_ < 0) return unavailable(Reason::computed, "a signed part of a register, which a probe cannot read");
      read_ = path::Read{
          .form = path::Form::bitfield, .bits = 64, .bitfield_width = part->bits, .bitfield_offset = part->shift};
    } else if (read_) {
      // What lies above the part that is named is something else.
      read_->bits = std::min(read_->bits, part->bits);
    }
    return Location{.base = path::Register{part->dwarf}};
  }

  Whereabouts memory(std::string_view operand) {
    const std::size_t open = operand.find('(');
    const auto sum = add_up(operand.substr(0, open));
    if (!sum) return unavailable(Reason::computed, "which names a symbol that the file does not have");
    std::string_view name = open == std::string_view::npos ? "" : operand.substr(open + 1);
    if (open != std::string_view::npos) {
      if (!name.ends_with(')') || name.empty()) return unavailable(Reason::computed, "which is not complete");
      name.remove_suffix(1);
    }
    if (name.find(',') != std::string_view::npos)
      return unavailable(Reason::computed, "an address made of two registers, which a probe cannot add");
    if (name.empty() || name == "%rip") {
      if (!sum->symbol) return unavailable(Reason::computed, "an address without a register or a symbol");
      return Location{.kind = Location::Kind::memory,
                      .base = path::Address{*sum->symbol + static_cast<std::uint64_t>(sum->number)}};
    }
    const auto part = name.starts_with('%') ? arch::register_part(arch_, name.substr(1)) : std::nullopt;
    if (!part || part->shift > 0 || part->bits != arch_.pointer_bytes * 8)
      return unavailable(Reason::computed, "an address that a probe cannot compute");
    if (sum->symbol) return unavailable(Reason::computed, "an address that is known only when the program runs");
    return Location{.kind = Location::Kind::memory, .base = path::Register{part->dwarf}, .offset = sum->number};
  }

  struct Sum {
    std::optional<std::uint64_t> symbol = {};
    std::int64_t number = 0;
  };

  // "", "-8", "0x10+8", "name", "name+8", "8+name". None: a symbol that nobody knows, or two.
  std::optional<Sum> add_up(std::string_view text) const {
    Sum sum;
    while (!text.empty()) {
      const bool is_minus = text.front() == '-';
      if (is_minus || text.front() == '+') text.remove_prefix(1);
      const std::size_t end = std::min(text.find_first_of("+-"), text.size());
      const std::string_view term = text.substr(0, end);
      text.remove_prefix(end);
      if (const auto number = number_of(term)) {
        sum.number = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum.number) +
                                               (is_minus ? std::uint64_t{0} - *number : *number));
        continue;
      }
      if (is_minus || sum.symbol || term.empty()) return std::nullopt;
      sum.symbol = symbol_(term);
      if (!sum.symbol) return std::nullopt;
    }
    return sum;
  }

  static std::optional<std::uint64_t> number_of(std::string_view text) {
    const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
    if (is_hex) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
  }

  std::string_view text_;
  const arch::Arch& arch_;
  const FindSymbol& symbol_;
  int bytes_ = 0;  // 0: not told
  bool is_float_ = false;
  std::optional<path::Read> read_ = {};
};

}  // namespace

std::vector<SdtArgument> parse_sdt_arguments(std::string_view text, const arch::Arch& arch, const FindSymbol& symbol) {
  std::vector<SdtArgument> arguments;
  for (const std::string_view word : split(text)) arguments.push_back(OperandParser(word, arch, symbol).parse());
  return arguments;
}

}  // namespace dtp::debug
