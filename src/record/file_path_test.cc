#include "record/file_path.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace dtp::record {
namespace {

// "d:c b a / r:/ m:mnt /": the parts and their names.
std::string join(std::string_view text) {
  FieldSchema field{.name = "path", .kind = FieldKind::string, .display = path::Display::path};
  std::vector<value::Value> names;
  char letter = 'd';
  int count = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.size() > 1 && word[1] == ':') {
      letter = word[0];
      count = 0;
      word.remove_prefix(2);
    }
    if (!names.empty()) field.parts.push_back({.name = std::string("path__") + letter + std::to_string(count)});
    ++count;
    if (word == "?")
      names.push_back({value::Absent{"fault"}});
    else
      names.push_back({std::string(word == "-" ? "" : word)});
  }
  const value::Value joined = join_path(field, names);
  const auto* path = std::get_if<std::string>(&joined.of);
  return path != nullptr ? *path : "none";
}

}  // namespace

TEST_CASE("the parts of a path are joined, and what is not known is marked") {
  static constexpr std::array<std::array<std::string_view, 2>, 18> table{{
      {"d:c b a / / / r:/ m:/ / q:/ p:/ / t:/", "/a/b/c"},
      {"d:/ / / r:/ m:/ / q:/ p:/ / t:/", "/"},
      {"d:c b a r:/ m:/ q:/ p:/ t:/", ".../a/b/c"},  // more directories than were read
      {"d:c b /", "/b/c"},                           // a dentry alone
      {"d:/ /", "/"},
      {"d:stat self / r:/ m:proc / q:/ p:/ / t:/", "/proc/self/stat"},
      {"d:/ / r:/ m:proc / q:/ p:/ / t:/", "/proc"},
      {"d:x / r:/ m:shm / q:/ p:dev / t:/", "/dev/shm/x"},        // a mount on a mount
      {"d:x / r:/ m:shm / q:/ p:dev / t:else", ".../dev/shm/x"},  // on a third
      {"d:x / r:/ m:c b a q:/ p:/ t:/", ".../a/b/c/x"},
      {"d:x / r:/ m:shm / q:/ p:b a t:/", ".../a/b/shm/x"},
      {"d:x sub / r:sub m:mnt / q:/ p:/ t:/", ".../sub/x"},  // a directory mounted elsewhere
      {"d:x / r:/ m:mnt / q:sub p:/ t:/", ".../mnt/x"},
      {"d:- - - -", ""},  // a pipe
      {"d:anon anon anon", "anon"},
      {"d:?", "none"},
      {"d:c b ? ? r:/ m:/", ".../b/c"},
      {"d:c b / r:? m:? q:? p:? t:?", ".../b/c"},
  }};
  for (const auto& [text, expected] : table) CHECK_MESSAGE(join(text) == expected, text);
}

}  // namespace dtp::record
