#include <type_traits>

#include "expr/parse.h"

namespace dtp::expr {
namespace {

std::string print_type(const TypeName& type) {
  return type.pointers == 0 ? type.name : type.name + " " + std::string(static_cast<std::size_t>(type.pointers), '*');
}

std::string print_node(const Tree& tree, NodeId id) {
  const auto signed_text = [](std::int64_t value) { return (value < 0 ? "" : "+") + std::to_string(value); };
  return std::visit(
      [&](const auto& node) -> std::string {
        using T = std::decay_t<decltype(node)>;
        if constexpr (std::is_same_v<T, Name>)
          return "(name " + node.name + (node.file.empty() ? "" : "@" + node.file) + ")";
        else if constexpr (std::is_same_v<T, Member>)
          return std::string("(member ") + (node.arrow ? "->" : ".") + " " + print_node(tree, node.base) + " " +
                 node.name + ")";
        else if constexpr (std::is_same_v<T, Index>)
          return "(index " + print_node(tree, node.base) + " " + std::to_string(node.index) +
                 (node.last ? ".." + std::to_string(*node.last) : "") + ")";
        else if constexpr (std::is_same_v<T, Cast>)
          return "(cast " + print_node(tree, node.base) + " '" + print_type(node.type) + "')";
        else if constexpr (std::is_same_v<T, AddressOf>)
          return "(address-of " + print_node(tree, node.base) + ")";
        else if constexpr (std::is_same_v<T, SizeOfType>)
          return "(sizeof '" + print_type(node.type) + "')";
        else if constexpr (std::is_same_v<T, SizeOfValue>)
          return "(sizeof " + print_node(tree, node.base) + ")";
        else if constexpr (std::is_same_v<T, ContainerOf>)
          return "(container-of " + print_node(tree, node.base) + " '" + print_type(node.type) + "' " + node.member +
                 ")";
        else if constexpr (std::is_same_v<T, Register>)
          return "(register " + node.name + ")";
        else if constexpr (std::is_same_v<T, Deref>)
          return std::string("(deref") + (node.user ? "-user " : " ") + signed_text(node.offset) + " " +
                 print_node(tree, node.base) + ")";
        else if constexpr (std::is_same_v<T, SymbolMemory>)
          return "(symbol " + node.symbol + " " + signed_text(node.offset) + ")";
        else if constexpr (std::is_same_v<T, AddressMemory>)
          return "(address " + std::to_string(node.address) + ")";
        else if constexpr (std::is_same_v<T, FileMemory>)
          return "(file-offset " + std::to_string(node.offset) + ")";
        else if constexpr (std::is_same_v<T, ReturnValue>)
          return "(retval)";
        else if constexpr (std::is_same_v<T, Argument>)
          return "(arg " + std::to_string(node.number) + ")";
        else if constexpr (std::is_same_v<T, StackPointer>)
          return "(stack)";
        else if constexpr (std::is_same_v<T, StackSlot>)
          return "(stack " + std::to_string(node.number) + ")";
        else if constexpr (std::is_same_v<T, Comm>)
          return "(comm)";
        else if constexpr (std::is_same_v<T, Number>)
          return "(number " + std::to_string(node.value) + ")";
        else if constexpr (std::is_same_v<T, Text>)
          return "(text \"" + node.text + "\")";
        else if constexpr (std::is_same_v<T, Parameters>)
          return "(params)";
        else
          return "(vars)";
      },
      tree.at(id).of);
}

}  // namespace

std::string print(const Tree& tree) { return tree.nodes.empty() ? "()" : print_node(tree, tree.root); }

}  // namespace dtp::expr
