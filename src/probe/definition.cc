// The form of the lines: Documentation/trace/kprobetrace.rst and uprobetracer.rst of the kernel.
#include "probe/definition.h"

#include <fmt/format.h>

#include <type_traits>

namespace dtp::probe {
namespace {

Result<std::string> render_base(const path::Base& base, const arch::Arch& arch) {
  return std::visit(
      [&](const auto& of) -> Result<std::string> {
        using T = std::decay_t<decltype(of)>;
        if constexpr (std::is_same_v<T, path::Register>) {
          const auto name = arch::fetch_name(arch, of.number);
          if (!name) return fail({.what = fmt::format("register {} cannot be read by a probe", of.number)});
          return fmt::format("%{}", *name);
        } else if constexpr (std::is_same_v<T, path::NamedRegister>)
          return "%" + of.name;
        else if constexpr (std::is_same_v<T, path::Argument>)
          return fmt::format("$arg{}", of.number);
        else if constexpr (std::is_same_v<T, path::ReturnValue>)
          return "$retval";
        else if constexpr (std::is_same_v<T, path::StackPointer>)
          return "$stack";
        else if constexpr (std::is_same_v<T, path::StackSlot>)
          return fmt::format("$stack{}", of.number);
        else if constexpr (std::is_same_v<T, path::Comm>)
          return "$comm";
        else if constexpr (std::is_same_v<T, path::Constant>)
          return fmt::format("\\{}", of.value);
        else if constexpr (std::is_same_v<T, path::Text>)
          return fmt::format("\\\"{}\"", of.text);
        else if constexpr (std::is_same_v<T, path::Symbol>)
          return of.offset == 0 && !of.with_offset ? "@" + of.name : fmt::format("@{}{:+}", of.name, of.offset);
        else if constexpr (std::is_same_v<T, path::Address>)
          return fmt::format("@{:#x}", of.address);
        else if constexpr (std::is_same_v<T, path::EventField>)
          return "$" + of.name;
        else
          return fmt::format("@+{:#x}", of.offset);
      },
      base);
}

constexpr std::string_view form_letter(path::Form form) {
  switch (form) {
    case path::Form::unsigned_: return "u";
    case path::Form::signed_: return "s";
    case path::Form::hex: return "x";
    case path::Form::string: return "string";
    case path::Form::ustring: return "ustring";
    case path::Form::symbol: return "symbol";
    case path::Form::symstr: return "symstr";
    case path::Form::character: return "char";
    case path::Form::bitfield: return "b";
    case path::Form::dentry_name: return "%pd";
    case path::Form::file_name: return "%pD";
  }
  return "";
}

}  // namespace

Result<std::string> render_path(const path::Path& path, const arch::Arch& arch) {
  DTP_TRY(std::string text, render_base(path.base, arch));
  for (const path::Deref& deref : path.derefs)
    text = fmt::format("{}{}{}({})", deref.offset < 0 ? "-" : "+", deref.user ? "u" : "",
                       deref.offset < 0 ? -deref.offset : deref.offset, text);
  return text;
}

std::string render_read(const path::Read& read) {
  std::string text(form_letter(read.form));
  switch (read.form) {
    case path::Form::unsigned_:
    case path::Form::signed_:
    case path::Form::hex: text += fmt::to_string(read.bits); break;
    case path::Form::bitfield:
      text += fmt::format("{}@{}/{}", read.bitfield_width, read.bitfield_offset, read.bits);
      break;
    case path::Form::string:
    case path::Form::ustring:
    case path::Form::symbol:
    case path::Form::symstr:
    case path::Form::dentry_name:
    case path::Form::file_name:
    case path::Form::character: break;
  }
  return read.count ? fmt::format("{}[{}]", text, *read.count) : text;
}

Result<std::string> render_field(const path::Field& field, const arch::Arch& arch) {
  DTP_TRY(std::string text, render_path(field.path, arch));
  if (!field.name.empty()) text = field.name + "=" + text;
  if (field.read) text += ":" + render_read(*field.read);
  return text;
}

std::string render_site(const path::Site& site) {
  if (site.user) {
    const std::string counter = site.counter == 0 ? "" : fmt::format("({:#x})", site.counter);
    return fmt::format("{}:{:#x}{}", site.object, site.address, counter);
  }
  if (site.way == path::Way::event) return site.object + "." + site.symbol;
  if (site.way == path::Way::tracepoint) return site.symbol;
  if (site.way == path::Way::function) return site.symbol + (site.is_return ? "%return" : "");
  const std::string module = site.object.empty() ? "" : site.object + ":";
  if (site.symbol.empty()) return fmt::format("{:#x}", site.address);
  return fmt::format("{}{}+{}", module, site.symbol, site.offset);
}

namespace {

char letter_of(const path::Site& site) {
  switch (site.way) {
    case path::Way::breakpoint: return site.is_return ? 'r' : 'p';
    case path::Way::event: return 'e';
    case path::Way::tracepoint: return 't';
    case path::Way::function: return 'f';
  }
  return 'p';
}

}  // namespace

Result<std::vector<std::string>> render(const path::Plan& plan, const arch::Arch& arch) {
  std::vector<std::string> lines;
  for (const path::Point& point : plan.points) {
    std::string line =
        fmt::format("{}:{}/{} {}", letter_of(point.site), plan.group, plan.event, render_site(point.site));
    for (const path::Field& field : point.fields) {
      DTP_TRY(const std::string text, render_field(field, arch));
      line += " " + text;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

namespace {

// "name=fetch:type": a type follows the last colon that is not within a string.
DefinitionArgument parse_argument(std::string_view text) {
  DefinitionArgument argument;
  const std::size_t equals = text.find('=');
  const std::size_t quote = text.find('"');
  if (equals != std::string_view::npos && equals < quote) {
    argument.name = std::string(text.substr(0, equals));
    text.remove_prefix(equals + 1);
  }
  const std::size_t colon = text.rfind(':');
  const std::size_t last_quote = text.rfind('"');
  if (colon != std::string_view::npos && (last_quote == std::string_view::npos || colon > last_quote)) {
    argument.type = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  argument.fetch = std::string(text);
  return argument;
}

}  // namespace

std::optional<Definition> parse_definition(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (line.size() < 3 || std::string_view("preft").find(line[0]) == std::string_view::npos) return std::nullopt;
  Definition definition{.kind = line[0]};
  const std::size_t colon = line.find(':');
  const std::size_t blank = line.find(' ');
  const std::size_t slash = line.find('/');
  if (colon == std::string_view::npos || blank == std::string_view::npos || slash == std::string_view::npos ||
      colon > slash || slash > blank)
    return std::nullopt;
  definition.group = std::string(line.substr(colon + 1, slash - colon - 1));
  definition.event = std::string(line.substr(slash + 1, blank - slash - 1));
  std::string_view rest = line.substr(blank + 1);
  bool is_first = true;
  while (!rest.empty()) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != ' '); ++end)
      if (rest[end] == '"') quoted = !quoted;
    if (const std::string_view word = rest.substr(0, end); !word.empty()) {
      if (is_first)
        definition.place = std::string(word);
      else
        definition.arguments.push_back(parse_argument(word));
      is_first = false;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (definition.place.empty()) return std::nullopt;
  return definition;
}

}  // namespace dtp::probe
