#include "record/file_path.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace dtp::record {
namespace {

constexpr std::string_view root = "/";

// The letter of "path__m0", also of "path__m0_2", which another field of that name made of it.
char letter_of(std::string_view name) {
  const std::size_t at = name.rfind("__");
  return at == std::string_view::npos || at + 2 >= name.size() ? '\0' : name[at + 2];
}

// Names from the inside to the outside.
struct Chain {
  std::vector<std::string_view> names = {};

  bool reaches_root() const { return std::ranges::find(names, root) != names.end(); }
  // "/a/b"; "" for the root itself
  std::string text() const {
    std::string text;
    for (const std::string_view name : names) {
      if (name == root) break;
      text = "/" + std::string(name) + text;
    }
    return text;
  }
};

struct Parts {
  Chain inner = {};  // within the file system
  Chain root = {};
  Chain mount = {};
  Chain outer_root = {};
  Chain outer = {};
  Chain top = {};
  bool has_mount = false;  // fields of the mount stand in the record, read or not
};

Chain* chain_of(Parts& parts, char letter) {
  switch (letter) {
    case 'd': return &parts.inner;
    case 'r': return &parts.root;
    case 'm': return &parts.mount;
    case 'q': return &parts.outer_root;
    case 'p': return &parts.outer;
    case 't': return &parts.top;
    default: return nullptr;
  }
}

bool is_root(const Chain& chain) { return !chain.names.empty() && chain.names.front() == root; }

std::string cut(const std::string& text) { return "..." + text; }

std::string join(const Parts& parts) {
  const std::string inner = parts.inner.text();
  if (!parts.inner.reaches_root()) {
    // What is no file system's has a name and is its own parent: pipes, sockets, eventfd.
    const bool is_alone =
        parts.inner.names.size() > 1 &&
        std::ranges::all_of(parts.inner.names, [&](std::string_view name) { return name == parts.inner.names[0]; });
    return is_alone ? std::string(parts.inner.names[0]) : cut(inner);
  }
  // Of a dentry nothing more is known.
  if (!parts.has_mount) return inner.empty() ? std::string(root) : inner;
  if (!is_root(parts.root)) return cut(inner);
  const std::string mount = parts.mount.text() + inner;
  if (is_root(parts.mount)) return mount.empty() ? std::string(root) : mount;
  if (!parts.mount.reaches_root() || !is_root(parts.outer_root)) return cut(mount);
  const std::string outer = parts.outer.text() + mount;
  if (is_root(parts.outer)) return outer;
  return parts.outer.reaches_root() && is_root(parts.top) ? outer : cut(outer);
}

}  // namespace

value::Value join_path(const FieldSchema& field, std::span<const value::Value> names) {
  Parts parts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto* name = std::get_if<std::string>(&names[i].of);
    if (name == nullptr && i == 0) return names[0];
    if (i > 0 && letter_of(field.parts[i - 1].name) == 'r') parts.has_mount = true;
    Chain* chain = i == 0 ? &parts.inner : chain_of(parts, letter_of(field.parts[i - 1].name));
    // What could not be read is not there, and neither is what would be behind it.
    if (chain != nullptr && name != nullptr) chain->names.push_back(*name);
  }
  return {join(parts)};
}

}  // namespace dtp::record
