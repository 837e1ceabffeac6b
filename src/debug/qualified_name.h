// Names of functions as the source of C++ and Rust has them: geo::Shape::grow(int), detail::scale<int>, operator==.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "debug/symbols.h"

namespace dtp::debug {

// More than one identifier: it has a scope, template arguments, parameters, or is an operator. Names of Go are not: no
// mangled name stands behind them.
bool is_qualified(std::string_view name);

// Does the function, named as the demangler names it, go by this name? Leading scopes, template arguments and
// parameters may be left out of `name`, and scopes in the middle as well: inline namespaces are.
bool goes_by(std::string_view demangled, std::string_view name);

// The last identifier, for an event: "grow" of "geo::Shape::grow(int)", "operator_eq" of "Shape::operator==".
std::string plain_name(std::string_view name);

// The same of Go, with its package: "main_Server_Serve" of "main.(*Server).Serve", "http_Get" of "net/http.Get".
std::string plain_go_name(std::string_view name);

// The mangled names of the symbols whose names with scopes, from any scope on, match the glob. Template arguments and
// parameters do not count.
std::vector<std::string> matching_names(const Symbols& symbols, const std::string& pattern);

// The mangled names among the symbols and among the texts of .debug_str that go by the name. Inlined functions have no
// symbol.
std::vector<std::string> mangled_names(const Symbols& symbols, std::string_view debug_strings, std::string_view name);

}  // namespace dtp::debug
