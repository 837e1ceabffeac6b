// What the user wrote, as a tree. No types, no addresses: those come with a place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dtracepp/error.h"

namespace dtp::expr {

using NodeId = std::uint32_t;  // index into Tree::nodes

// A type as C names it: "struct sock" and its pointers. "const" and "volatile" are left out.
struct TypeName {
  std::string name = {};  // with its tag, words separated by one blank
  int pointers = 0;
  Span span = {};  // of `name`
  bool operator==(const TypeName&) const = default;
};

// A variable, parameter, global or enumerator by name, in C++ with scopes: Color::red. name@FILE is a static variable of a source file.
struct Name {
  std::string name = {};
  std::string file = {};  // the end of its path
  bool operator==(const Name&) const = default;
};
// base->name or base.name
struct Member {
  NodeId base = 0;
  std::string name = {};
  bool arrow = false;
  bool operator==(const Member&) const = default;
};
// base[index]; *base is base[0]; base[index..last] are several elements
struct Index {
  NodeId base = 0;
  std::int64_t index = 0;
  std::optional<std::int64_t> last = {};
  bool operator==(const Index&) const = default;
};
// (type)base
struct Cast {
  TypeName type = {};
  NodeId base = 0;
  bool operator==(const Cast&) const = default;
};
// &base
struct AddressOf {
  NodeId base = 0;
  bool operator==(const AddressOf&) const = default;
};
// sizeof(type)
struct SizeOfType {
  TypeName type = {};
  bool operator==(const SizeOfType&) const = default;
};
// sizeof(base); a name may turn out to be that of a type
struct SizeOfValue {
  NodeId base = 0;
  bool operator==(const SizeOfValue&) const = default;
};
// container_of(base, type, member); the member may be a path: a.b
struct ContainerOf {
  NodeId base = 0;
  TypeName type = {};
  std::string member = {};
  Span member_span = {};
  bool operator==(const ContainerOf&) const = default;
};

// The kernel's own fetch-args, written as they are.
struct Register {
  std::string name = {};
  bool operator==(const Register&) const = default;
};  // %di
struct Deref {
  std::int64_t offset = 0;
  bool user = false;
  NodeId base = 0;
  bool operator==(const Deref&) const = default;
};  // +u8(X)
struct SymbolMemory {
  std::string symbol = {};
  std::int64_t offset = 0;
  bool operator==(const SymbolMemory&) const = default;
};  // @SYM+8
struct AddressMemory {
  std::uint64_t address = 0;
  bool operator==(const AddressMemory&) const = default;
};  // @0xADDR
struct FileMemory {
  std::uint64_t offset = 0;
  bool operator==(const FileMemory&) const = default;
};  // @+OFF
struct ReturnValue {
  bool operator==(const ReturnValue&) const = default;
};  // $retval
struct Argument {
  int number = 1;
  bool operator==(const Argument&) const = default;
};  // $argN
struct StackPointer {
  bool operator==(const StackPointer&) const = default;
};  // $stack
struct StackSlot {
  int number = 0;
  bool operator==(const StackSlot&) const = default;
};  // $stackN
struct Comm {
  bool operator==(const Comm&) const = default;
};  // $comm
struct Number {
  std::int64_t value = 0;
  bool operator==(const Number&) const = default;
};  // \1, 1
struct Text {
  std::string text = {};
  bool operator==(const Text&) const = default;
};  // \"text"
struct Parameters {
  bool operator==(const Parameters&) const = default;
};  // $params
struct Variables {
  bool operator==(const Variables&) const = default;
};  // $vars

struct Node {
  std::variant<Name, Member, Index, Cast, AddressOf, SizeOfType, SizeOfValue, ContainerOf, Register, Deref,
               SymbolMemory, AddressMemory, FileMemory, ReturnValue, Argument, StackPointer, StackSlot, Comm, Number,
               Text, Parameters, Variables>
      of = {};
  Span span = {};  // into the argument's text, the whole of this node
  Span tail = {};  // the part this node adds: the member's name, the index, the register
  bool operator==(const Node&) const = default;
};

struct Tree {
  std::vector<Node> nodes = {};
  NodeId root = 0;
  const Node& at(NodeId id) const { return nodes[id]; }
  bool operator==(const Tree&) const = default;
};

// [NAME=]EXPR[:TYPE][@user]
struct ProbeArgument {
  std::string text = {};  // as written
  std::optional<std::string> name = {};
  Span name_span = {};
  Tree tree = {};
  std::optional<std::string> type = {};  // the text after the colon
  Span type_span = {};
  bool user = false;
  bool operator==(const ProbeArgument&) const = default;
};

// [[GROUP:]EVENT=]FUNC[@FILE][+OFF|:LINE|;PATTERN|%return], FILE:LINE, FILE;PATTERN, PROVIDER:NAME, %[PROVIDER:]NAME or 0xADDR. FUNC, and NAME
// and PROVIDER of a static probe, may be shell globs.
struct ProbePoint {
  std::string text = {};  // as written
  std::optional<std::string> group = {};
  std::optional<std::string> event = {};
  std::string provider = {};  // of a static probe, whose name is `function`; of a tracepoint: the system
  bool is_usdt = false;       // %: a static probe of a program, of any provider if none is named
  Span provider_span = {};
  std::string function = {};  // empty: `address` is meant
  bool is_pattern = false;    // `function` or `provider` is a glob
  Span function_span = {};
  std::optional<std::string> file = {};  // matched by the tail of the source file's path
  Span file_span = {};
  std::uint64_t offset = 0;
  Span offset_span = {};
  std::optional<unsigned> line = {};  // from the function's declaration, or from the start of the file
  std::optional<std::string> source_pattern = {};  // a glob for the text of whole lines of the function, or of the file
  Span line_span = {};                             // of either
  std::optional<std::uint64_t> address = {};
  bool is_return = false;
  bool operator==(const ProbePoint&) const = default;
};

// One probe as requested: POINT ARGUMENT...
struct Request {
  ProbePoint point = {};
  std::vector<ProbeArgument> arguments = {};
  bool operator==(const Request&) const = default;
};

}  // namespace dtp::expr
