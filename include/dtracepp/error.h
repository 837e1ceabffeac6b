// What went wrong, where in the user's own text, and what to do about it.
//
// An Error is a value. Functions return it in a Result; only the command line prints it.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dtp {

// A piece of a text, in bytes: [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Span&) const = default;
};

// The place in the user's text: "argument 2: skb->lenn" with a caret under `span`.
struct Where {
  std::string label;  // "argument 2", "probe point", "filter", a file name
  std::string text;   // what the user wrote
  Span span = {};     // into `text`
  bool operator==(const Where&) const = default;
};

// The exit status of the program, and so the kind of an error.
enum class Status {
  done = 0,
  failed = 1,         // the machine did not do what was asked
  wrong_request = 2,  // the request itself cannot be right
  not_possible = 3,   // not possible or not permitted on this machine
};

struct Error {
  std::string what;                 // one clause, lower case, no full stop
  std::optional<Where> where = {};  // the smallest piece of the user's text
  std::string hint = {};            // something to type or to do; empty: none
  std::string detail = {};          // shown with -v only: the raw line, errno
  Status status = Status::failed;
  std::vector<Error> also = {};  // further errors of the same request, in the order of the text
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace dtp

#define DTP_CONCAT_(a, b) a##b
#define DTP_CONCAT(a, b) DTP_CONCAT_(a, b)
#define DTP_TRY_(temporary, declaration, expression)                    \
  auto temporary = (expression);                                        \
  if (!temporary) return std::unexpected(std::move(temporary.error())); \
  declaration = std::move(*temporary)

// DTP_TRY(auto x, f()): x is the value of f(), or the function returns its error.
#define DTP_TRY(declaration, expression) DTP_TRY_(DTP_CONCAT(try_, __LINE__), declaration, expression)

// DTP_CHECK(f()): returns the error of f(), if any.
#define DTP_CHECK(expression)                                                          \
  if (auto DTP_CONCAT(check_, __LINE__) = (expression); !DTP_CONCAT(check_, __LINE__)) \
  return std::unexpected(std::move(DTP_CONCAT(check_, __LINE__).error()))
