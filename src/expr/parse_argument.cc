// [NAME=]EXPR[:TYPE][@user]
//
// EXPR is what C would write (file->f_path.dentry, v[3].next, ((struct tcp_sock *)sk)->snd_cwnd) or one of the kernel's
// own fetch-args (Documentation/trace/kprobetrace.rst), which may be mixed: +0(regs->si).
//
//   unary   = '*' unary | '&' unary | '(' TYPE ')' unary | postfix
//   postfix = primary { '->' NAME | '.' NAME | '.' DIGITS | '.(' [ '*' ] TYPE ')' | '[' NUMBER [ '..' NUMBER ] ']' }
//   primary = '(' unary ')' | 'sizeof(' ( TYPE | unary ) ')' | 'container_of(' unary ',' TYPE ',' NAME ')'
//           | { SCOPE '::' } NAME [ '@' FILE ] | NUMBER | FETCH-ARG
//
// C knows from its declarations whether (name) is a type. Here it is one if something follows that it could be cast to
// the type, for there are no binary operators that it could be an operand of.
#include "base/suggest.h"
#include "expr/lexer.h"
#include "expr/parse.h"
#include "expr/type_name.h"

namespace dtp::expr {
namespace {

// The kernel's parser nests 14 at the most; this bound keeps ours from recursing on hostile text.
constexpr int deepest_nesting = 64;

class ArgumentParser {
 public:
  ArgumentParser(std::string_view text, std::size_t number) : lexer_(text, "argument " + std::to_string(number)) {}

  Result<ProbeArgument> parse() {
    argument_.text = std::string(lexer_.text());
    DTP_CHECK(parse_name());
    DTP_TRY(argument_.tree.root, parse_unary(0));
    DTP_CHECK(parse_type());
    if (lexer_.take("@user")) argument_.user = true;
    if (!lexer_.done()) return fail(unexpected_rest());
    return std::move(argument_);
  }

 private:
  Result<void> parse_name() {
    const std::string_view text = lexer_.text();
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.starts_with('\\')) return {};
    const std::string_view name = text.substr(0, equals);
    argument_.name_span = {0, equals};
    if (name.empty()) return fail(lexer_.error("the argument has no name before '='", {0, 1}, "write NAME=EXPRESSION"));
    if (!is_c_name(name))
      return fail(lexer_.error("'" + std::string(name) + "' is not a name for an argument", {0, equals},
                               "use letters, digits and '_', not a digit first"));
    argument_.name = std::string(name);
    lexer_.skip(equals + 1);
    return {};
  }

  Result<void> parse_type() {
    if (!lexer_.take(":")) return {};
    const std::size_t begin = lexer_.at();
    std::string_view type = lexer_.rest();
    if (type.ends_with("@user")) type.remove_suffix(5);
    if (type.empty()) return fail(lexer_.error_here("there is no type after ':'", "for example :u32, :x64, :string"));
    argument_.type = std::string(type);
    argument_.type_span = {begin, begin + type.size()};
    lexer_.skip(type.size());
    return {};
  }

  Error unexpected_rest() const {
    if (lexer_.peek() == '(') return lexer_.error_here("a call cannot be evaluated in a probe");
    if (lexer_.rest() == "-")
      return lexer_.error_here("the expression ends in '-'",
                               "put the probe in quotes: the shell takes the '>' of '->' for itself");
    return lexer_.error_here("'" + std::string(1, lexer_.peek()) + "' is not expected here",
                             "an argument is [NAME=]EXPRESSION[:TYPE][@user]");
  }

  NodeId add(decltype(Node::of) of, std::size_t begin, std::size_t tail) {
    return add(std::move(of), {begin, lexer_.at()}, {tail, lexer_.at()});
  }
  NodeId add(decltype(Node::of) of, Span span, Span tail) {
    argument_.tree.nodes.push_back({std::move(of), span, tail});
    return static_cast<NodeId>(argument_.tree.nodes.size() - 1);
  }
  std::size_t end_of(NodeId node) const { return argument_.tree.nodes[node].span.end; }

  Result<void> expect(std::string_view closing) {
    lexer_.skip_blanks();
    if (!lexer_.take(closing)) return fail(lexer_.error_here("'" + std::string(closing) + "' is missing"));
    return {};
  }

  Result<NodeId> parse_unary(int depth) {
    if (depth > deepest_nesting) return fail(lexer_.error_here("the expression is nested too deeply"));
    lexer_.skip_blanks();
    const std::size_t begin = lexer_.at();
    if (lexer_.take("*")) {
      DTP_TRY(const NodeId base, parse_unary(depth + 1));
      return add(Index{base, 0, {}}, {begin, end_of(base)}, {begin, begin + 1});
    }
    if (lexer_.take("&")) {
      DTP_TRY(const NodeId base, parse_unary(depth + 1));
      return add(AddressOf{base}, {begin, end_of(base)}, {begin, begin + 1});
    }
    if (!begins_cast()) return parse_postfix(depth);
    lexer_.skip(1);
    DTP_TRY(TypeName type, take_type_name(lexer_));
    DTP_CHECK(expect(")"));
    const std::size_t head = lexer_.at();
    lexer_.skip_blanks();
    if (lexer_.done())
      return fail(lexer_.error("there is nothing to cast to '" + type.name + "'", {begin, head},
                               "write (TYPE)VALUE without a blank between them"));
    DTP_TRY(const NodeId base, parse_unary(depth + 1));
    return add(Cast{std::move(type), base}, {begin, end_of(base)}, {begin, head});
  }

  // '(' and a type: a word that only types have, a star at the end, or a name before something to be cast.
  bool begins_cast() const {
    Lexer ahead = lexer_;
    if (!ahead.take("(")) return false;
    ahead.skip_blanks();
    if (is_type_word(ahead.peek_name())) return true;
    if (ahead.take_scoped_name(true).empty()) return false;
    ahead.skip_blanks();
    const bool has_stars = ahead.peek() == '*';
    while (ahead.take("*")) ahead.skip_blanks();
    if (!ahead.take(")")) return false;
    ahead.skip_blanks();
    if (has_stars) return true;
    if (ahead.rest() == "@user" || ahead.rest().starts_with("->")) return false;
    return is_name_part(ahead.peek()) || (!ahead.done() && std::string_view("(*&%$@\\+-").contains(ahead.peek()));
  }

  Result<NodeId> parse_postfix(int depth) {
    const std::size_t begin = lexer_.at();
    DTP_TRY(NodeId node, parse_primary(depth));
    for (;;) {
      lexer_.skip_blanks();
      const std::size_t step = lexer_.at();
      if (lexer_.take(".(")) {
        DTP_TRY(node, parse_assertion(node, begin, step));
        continue;
      }
      const bool arrow = lexer_.take("->");
      if (arrow || lexer_.take(".")) {
        lexer_.skip_blanks();
        const std::size_t name_at = lexer_.at();
        const std::string_view name = arrow || !is_digit(lexer_.peek()) ? lexer_.take_name() : lexer_.take_digits();
        if (name.empty())
          return fail(lexer_.error("a member's name is missing after '" + std::string(arrow ? "->" : ".") + "'",
                                   {step, lexer_.done() ? lexer_.at() : lexer_.at() + 1}));
        node = add(Member{node, std::string(name), arrow}, begin, name_at);
      } else if (lexer_.take("[")) {
        DTP_TRY(const Index index, parse_index(node, step));
        node = add(index, begin, step);
      } else {
        return node;
      }
    }
  }

  // Go: value.(*pkg.Type) is what the data of an interface points to.
  Result<NodeId> parse_assertion(NodeId value, std::size_t begin, std::size_t step) {
    const bool is_pointer = lexer_.take("*");
    TypeName type{.pointers = 1,
                  .span = {lexer_.at(), lexer_.at() + std::min(lexer_.rest().find(')'), lexer_.rest().size())}};
    type.name = std::string(lexer_.text().substr(lexer_.at(), type.span.end - lexer_.at()));
    lexer_.skip(type.name.size());
    if (type.name.empty() || type.name.find_first_of("*( ") != std::string::npos)
      return fail(lexer_.error("a type's name is missing", type.span, "for example value.(*main.Server)"));
    DTP_CHECK(expect(")"));
    const NodeId data = add(Member{value, "data"}, {begin, step}, {step, lexer_.at()});
    const NodeId pointer = add(Cast{std::move(type), data}, begin, step);
    return is_pointer ? pointer : add(Index{pointer, 0, {}}, begin, step);
  }

  Result<Index> parse_index(NodeId base, std::size_t begin) {
    const auto index = lexer_.take_signed();
    const bool is_slice = lexer_.take("..");
    const auto last = is_slice ? lexer_.take_signed() : std::nullopt;
    if (!index || (is_slice && !last) || !lexer_.take("]"))
      return fail(lexer_.error("the index is not a number", {begin, lexer_.done() ? lexer_.at() : lexer_.at() + 1},
                               "write [N] or [N..M] with decimal or 0x numbers"));
    if (is_slice && *last < *index)
      return fail(lexer_.error("the last element comes before the first one", {begin, lexer_.at()}));
    return Index{base, *index, last};
  }

  Result<NodeId> parse_primary(int depth) {
    const std::size_t begin = lexer_.at();
    switch (lexer_.peek()) {
      case '%': return parse_register(begin);
      case '$': return parse_variable(begin);
      case '@': return parse_memory(begin);
      case '\\': return parse_immediate(begin);
      case '+':
      case '-': return parse_deref(begin, depth);
      case '(': return parse_group(begin, depth);
      default: break;
    }
    if (is_digit(lexer_.peek())) return parse_number(begin);
    if (const std::string_view name = lexer_.take_scoped_name(false); !name.empty()) {
      if (lexer_.peek() == '(' && name == "sizeof") return parse_size(begin, depth);
      if (lexer_.peek() == '(' && name == "container_of") return parse_container(begin, depth);
      return parse_plain_name(begin, std::string(name));
    }
    if (lexer_.done()) return fail(lexer_.error_here("an expression is missing"));
    return fail(lexer_.error_here("'" + std::string(1, lexer_.peek()) + "' does not begin an expression"));
  }

  // NAME or NAME@FILE: the file's name has dots, so parentheses tell it from a member.
  Result<NodeId> parse_plain_name(std::size_t begin, std::string name) {
    std::string file;
    if (lexer_.peek() == '@' && lexer_.rest() != "@user") {
      lexer_.skip(1);
      const auto is_file_part = [&] {
        return is_name_part(lexer_.peek()) || (!lexer_.done() && std::string_view("./+").contains(lexer_.peek())) ||
               (lexer_.peek() == '-' && !lexer_.rest().starts_with("->"));
      };
      for (; is_file_part(); lexer_.skip(1)) file += lexer_.peek();
      if (file.empty()) return fail(lexer_.error_here("a file is missing after '@'", "write NAME@FILE"));
    }
    return add(Name{std::move(name), std::move(file)}, begin, begin);
  }

  // The node keeps its own tail; it reaches over its parentheses.
  Result<NodeId> parse_group(std::size_t begin, int depth) {
    lexer_.skip(1);
    DTP_TRY(const NodeId node, parse_unary(depth + 1));
    DTP_CHECK(expect(")"));
    argument_.tree.nodes[node].span = {begin, lexer_.at()};
    return node;
  }

  Result<NodeId> parse_number(std::size_t begin) {
    const auto value = lexer_.take_unsigned();
    if (!value || is_name_part(lexer_.peek())) {
      while (is_name_part(lexer_.peek())) lexer_.skip(1);
      return fail(lexer_.error("this is not a 64-bit number", {begin, lexer_.at()}));
    }
    return add(Number{static_cast<std::int64_t>(*value)}, begin, begin);
  }

  // A name alone is a value here: whether it is a type, only the debug information knows.
  Result<NodeId> parse_size(std::size_t begin, int depth) {
    lexer_.skip(1);
    lexer_.skip_blanks();
    Lexer ahead = lexer_;
    const bool has_template = ahead.take_scoped_name(true).ends_with('>');
    ahead.skip_blanks();
    if (has_template || is_type_word(lexer_.peek_name()) || (!lexer_.peek_name().empty() && ahead.peek() == '*')) {
      DTP_TRY(TypeName type, take_type_name(lexer_));
      DTP_CHECK(expect(")"));
      return add(SizeOfType{std::move(type)}, begin, begin);
    }
    DTP_TRY(const NodeId base, parse_unary(depth + 1));
    DTP_CHECK(expect(")"));
    return add(SizeOfValue{base}, begin, begin);
  }

  Result<NodeId> parse_container(std::size_t begin, int depth) {
    lexer_.skip(1);
    ContainerOf container;
    DTP_TRY(container.base, parse_unary(depth + 1));
    DTP_CHECK(expect(","));
    lexer_.skip_blanks();
    DTP_TRY(container.type, take_type_name(lexer_));
    DTP_CHECK(expect(","));
    lexer_.skip_blanks();
    container.member_span.begin = lexer_.at();
    do {
      const std::string_view name = lexer_.take_name();
      if (name.empty())
        return fail(lexer_.error_here("a member's name is missing", "write container_of(p, TYPE, MEMBER)"));
      container.member += (container.member.empty() ? "" : ".") + std::string(name);
    } while (lexer_.take("."));
    container.member_span.end = lexer_.at();
    DTP_CHECK(expect(")"));
    return add(std::move(container), begin, begin);
  }

  Result<NodeId> parse_register(std::size_t begin) {
    lexer_.skip(1);
    std::string name;
    while (is_name_part(lexer_.peek())) {
      name += lexer_.peek();
      lexer_.skip(1);
    }
    if (name.empty()) return fail(lexer_.error_here("a register's name is missing after '%'", "for example %di"));
    return add(Register{std::move(name)}, begin, begin);
  }

  Result<NodeId> parse_variable(std::size_t begin) {
    lexer_.skip(1);
    const std::string name(lexer_.take_name());
    const auto numbered = [&](std::string_view prefix) -> std::optional<int> {
      if (!name.starts_with(prefix) || name.size() == prefix.size() || name.size() > prefix.size() + 4)
        return std::nullopt;
      int value = 0;
      for (const char c : std::string_view(name).substr(prefix.size())) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
      }
      return value;
    };
    if (name == "retval") return add(ReturnValue{}, begin, begin);
    if (name == "comm" || name == "COMM") return add(Comm{}, begin, begin);
    if (name == "stack") return add(StackPointer{}, begin, begin);
    if (name == "params" || (name == "arg" && lexer_.take("*"))) return add(Parameters{}, begin, begin);
    if (name == "vars") return add(Variables{}, begin, begin);
    if (const auto number = numbered("stack")) return add(StackSlot{*number}, begin, begin);
    if (const auto number = numbered("arg")) {
      if (*number >= 1) return add(Argument{*number}, begin, begin);
      return fail(lexer_.error("arguments are counted from $arg1", {begin, lexer_.at()}));
    }
    static constexpr std::string_view known[] = {"retval", "comm", "stack", "stack0", "arg1", "params", "vars"};
    const std::string hint = base::did_you_mean(base::nearest(name, known));
    return fail(lexer_.error("there is no '$" + name + "'", {begin, lexer_.at()},
                             hint.empty() ? "known are $retval, $comm, $stack, $stackN, $argN, $params, $vars" : hint));
  }

  Result<NodeId> parse_memory(std::size_t begin) {
    lexer_.skip(1);
    if (lexer_.take("+")) {
      const auto offset = lexer_.take_unsigned();
      if (!offset) return fail(lexer_.error_here("a file offset is missing after '@+'"));
      return add(FileMemory{*offset}, begin, begin);
    }
    if (is_digit(lexer_.peek())) {
      const auto address = lexer_.take_unsigned();
      if (!address) return fail(lexer_.error_here("the address is not a 64-bit number"));
      return add(AddressMemory{*address}, begin, begin);
    }
    std::string symbol;
    while (is_name_part(lexer_.peek()) || (!symbol.empty() && lexer_.peek() == '.')) {
      symbol += lexer_.peek();
      lexer_.skip(1);
    }
    if (symbol.empty()) return fail(lexer_.error_here("a symbol or an address is missing after '@'"));
    std::int64_t offset = 0;
    if (lexer_.peek() == '+' || lexer_.peek() == '-') {
      const auto value = lexer_.take_signed();
      if (!value) return fail(lexer_.error_here("the offset is not a number"));
      offset = *value;
    }
    return add(SymbolMemory{std::move(symbol), offset}, begin, begin);
  }

  Result<NodeId> parse_immediate(std::size_t begin) {
    lexer_.skip(1);
    if (lexer_.take("\"")) {
      const std::size_t end = lexer_.rest().find('"');
      if (end == std::string_view::npos)
        return fail(lexer_.error("the string is not closed", {begin, lexer_.text().size()}));
      std::string text(lexer_.rest().substr(0, end));
      lexer_.skip(end + 1);
      return add(Text{std::move(text)}, begin, begin);
    }
    const auto value = lexer_.take_signed();
    if (!value) return fail(lexer_.error_here("a number or a string is missing after '\\'"));
    return add(Number{*value}, begin, begin);
  }

  Result<NodeId> parse_deref(std::size_t begin, int depth) {
    const bool minus = lexer_.peek() == '-';
    lexer_.skip(1);
    const bool user = lexer_.take("u");
    const auto offset = lexer_.take_unsigned();
    const auto limit = static_cast<std::uint64_t>(INT64_MAX);
    if (!offset || *offset > limit) return fail(lexer_.error_here("an offset is missing", "write +OFFSET(ADDRESS)"));
    const std::size_t head = lexer_.at();
    if (!lexer_.take("(")) return fail(lexer_.error_here("'(' is missing", "write +OFFSET(ADDRESS)"));
    DTP_TRY(const NodeId inner, parse_unary(depth + 1));
    DTP_CHECK(expect(")"));
    const auto value = static_cast<std::int64_t>(*offset);
    return add(Deref{minus ? -value : value, user, inner}, {begin, lexer_.at()}, {begin, head});
  }

  Lexer lexer_;
  ProbeArgument argument_ = {};
};

}  // namespace

Result<ProbeArgument> parse_argument(std::string_view text, std::size_t number) {
  return ArgumentParser(text, number).parse();
}

}  // namespace dtp::expr
