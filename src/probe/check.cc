#include "probe/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "dtracepp/limits.h"
#include "probe/definition.h"

namespace dtp::probe {
namespace {

constexpr std::array<std::string_view, 8> reserved_names{"common_type",    "common_flags", "common_preempt_count",
                                                         "common_pid",     "common_tgid",  "__probe_ip",
                                                         "__probe_ret_ip", "__probe_func"};

bool is_memory(const path::Path& path) {
  return !path.derefs.empty() || std::holds_alternative<path::Symbol>(path.base) ||
         std::holds_alternative<path::Address>(path.base) || std::holds_alternative<path::FileOffset>(path.base);
}

bool needs_registers(const path::Base& base) {
  return std::holds_alternative<path::Register>(base) || std::holds_alternative<path::NamedRegister>(base) ||
         std::holds_alternative<path::Argument>(base) || std::holds_alternative<path::StackPointer>(base) ||
         std::holds_alternative<path::StackSlot>(base);
}

void check_path(const path::Field& field, const path::Site& site, std::vector<Violation>& found) {
  const auto add = [&](std::string what, std::string hint = {}) {
    found.push_back({field.argument, std::move(what), std::move(hint)});
  };
  if (site.way == path::Way::event && needs_registers(field.path.base)) {
    add("a tracepoint has fields, no registers and no arguments",
        "see its fields: dtrace++ show 'SYSTEM:TRACEPOINT $params'");
    return;
  }
  if (const std::size_t steps = path::fetch_steps(field.path, field.read); steps > limits::most_fetch_steps)
    add(fmt::format("the kernel follows {} pointers here at the most, this takes {}",
                    field.path.derefs.size() - (steps - limits::most_fetch_steps), field.path.derefs.size()));
  if (std::holds_alternative<path::Argument>(field.path.base)) {
    if (site.user)
      add("'$argN' is for kernel functions only", "use registers: %di, %si, %dx, %cx, %r8, %r9");
    else if (site.offset != 0 && site.symbol != "_text")
      add("'$argN' is known only at the entry of a function", "use registers, or leave the offset out");
  }
  if (site.user && std::holds_alternative<path::Symbol>(field.path.base))
    add("a probe in a process cannot read memory by its symbol", "use @+OFFSET with the offset into the file");
  if (!site.user && std::holds_alternative<path::FileOffset>(field.path.base))
    add("'@+OFFSET' is for probes in a process only", "use @SYMBOL or @ADDRESS");
}

void check_read(const path::Field& field, const path::Site& site, std::vector<Violation>& found) {
  if (!field.read) return;
  const auto add = [&](std::string what, std::string hint = {}) {
    found.push_back({field.argument, std::move(what), std::move(hint), true});
  };
  const path::Form form = field.read->form;
  const bool is_text = form == path::Form::string || form == path::Form::ustring;
  const bool is_own_text =
      std::holds_alternative<path::Comm>(field.path.base) || std::holds_alternative<path::Text>(field.path.base);
  const bool may_be_text = std::holds_alternative<path::EventField>(field.path.base);
  if (is_text && !is_own_text && !may_be_text && !is_memory(field.path))
    add("a string is read from memory, this is a plain value", "if it is the string's address, write +0(...)");
  if (!is_text && is_own_text) add("this is text", "leave the type out, or write :string");
  if (field.read->count && !is_memory(field.path))
    add("an array is read from memory, this is a plain value", "if it is the array's address, write +0(...)");
  if (field.read->count && (*field.read->count < 1 || *field.read->count > limits::longest_array))
    add(fmt::format("an array has 1 to {} elements", limits::longest_array));
  if (site.user && (form == path::Form::symbol || form == path::Form::symstr))
    add("the kernel knows no symbols of a process", "use :x64");
  const bool is_path_name = form == path::Form::dentry_name || form == path::Form::file_name;
  if (site.user && is_path_name) add("%pd and %pD are for the kernel's own files");
  if (is_path_name && field.read->count) add("%pd and %pD cannot be an array");
}

void check_point(const path::Point& point, const arch::Arch& arch, std::vector<Violation>& found) {
  std::set<std::string_view> names;
  for (const path::Field& field : point.fields) {
    check_path(field, point.site, found);
    check_read(field, point.site, found);
    if (field.name.size() > limits::longest_name)
      found.push_back(
          {field.argument,
           fmt::format("the name '{}' is longer than the kernel's {} bytes", field.name, limits::longest_name),
           "give a shorter one: NAME=EXPRESSION"});
    if (std::ranges::find(reserved_names, field.name) != reserved_names.end())
      found.push_back({field.argument, fmt::format("the kernel keeps the name '{}' for itself", field.name),
                       "give another one: NAME=EXPRESSION"});
    if (!field.name.empty() && !names.insert(field.name).second)
      found.push_back({field.argument, fmt::format("there are two arguments named '{}'", field.name),
                       "give one of them another name: NAME=EXPRESSION"});
    path::Field unnamed = field;
    unnamed.name.clear();
    if (const auto text = render_field(unnamed, arch); !text)
      found.push_back({field.argument, text.error().what, text.error().hint});
    else if (text->size() > limits::longest_argument)
      found.push_back(
          {field.argument,
           fmt::format("'{}' has {} bytes, the kernel takes {}", *text, text->size(), limits::longest_argument),
           {}});
  }
}

// Bytes of the field in a record; of a string only its locator, for its length is not known before.
std::size_t recorded_bytes(const path::Field& field) {
  if (!field.read) return 8;
  const path::Form form = field.read->form;
  const bool is_text = form == path::Form::string || form == path::Form::ustring || form == path::Form::symstr ||
                       form == path::Form::dentry_name || form == path::Form::file_name;
  const std::size_t one = is_text ? 4 : static_cast<std::size_t>(field.read->bits / 8);
  return one * static_cast<std::size_t>(field.read->count.value_or(1));
}

}  // namespace

std::vector<Violation> check_limits(const path::Plan& plan, const arch::Arch& arch) {
  std::vector<Violation> found;
  for (const auto& [kind, name] : {std::pair{"event", &plan.event}, std::pair{"event group", &plan.group}})
    if (name->size() > limits::longest_event)
      found.push_back({Violation::whole_event,
                       fmt::format("the name of the {} has {} bytes, the kernel takes {}", kind, name->size(),
                                   limits::longest_event),
                       "give a shorter one: [GROUP:]EVENT=FUNCTION"});
  if (std::ranges::find(limits::reserved_events, plan.event) != limits::reserved_events.end())
    found.push_back({Violation::whole_event, fmt::format("the kernel keeps the name '{}' for itself", plan.event),
                     "give another one: EVENT=FUNCTION"});
  for (const path::Point& point : plan.points) {
    if (point.fields.size() > limits::most_arguments)
      found.push_back(
          {limits::most_arguments,
           fmt::format("there are {} arguments, the kernel takes {}", point.fields.size(), limits::most_arguments),
           "make two probes of it"});
    std::size_t bytes = 0;
    for (const path::Field& field : point.fields) bytes += recorded_bytes(field);
    if (bytes > limits::longest_record)
      found.push_back({Violation::whole_event,
                       fmt::format("a record of it has {} bytes, the kernel takes {}", bytes, limits::longest_record),
                       "fetch less, or make two probes of it"});
    check_point(point, arch, found);
    if (const auto lines = render({.group = plan.group, .event = plan.event, .points = {point}}, arch);
        lines && lines->front().size() > limits::longest_line)
      found.push_back(
          {Violation::whole_event,
           fmt::format("its definition has {} bytes, the kernel takes {}", lines->front().size(), limits::longest_line),
           "fetch less, or make two probes of it"});
    // All points fetch the same arguments: what is wrong with one is wrong with all.
    if (!found.empty()) break;
  }
  return found;
}

std::vector<path::Field> leave_out_excess(path::Plan& plan, const arch::Arch& arch) {
  std::vector<path::Field> left_out;
  const path::Point& point = plan.points.front();
  std::size_t bytes = 0;
  std::size_t line = 0;
  if (const auto lines = render({.group = plan.group, .event = plan.event, .points = {point}}, arch))
    line = lines->front().size();
  for (const path::Field& field : point.fields) bytes += recorded_bytes(field);
  for (std::size_t i = point.fields.size(); i-- > 0;) {
    const bool fits = point.fields.size() <= limits::most_arguments && bytes <= limits::longest_record &&
                      line <= limits::longest_line;
    if (fits) break;
    const path::Field field = point.fields[i];
    if (!field.is_member_of_whole) continue;
    bytes -= recorded_bytes(field);
    line -= 1 + render_field(field, arch).value_or("").size();
    for (path::Point& one : plan.points)
      std::erase_if(one.fields, [&](const path::Field& other) {
        return other.name == field.name && other.argument == field.argument;
      });
    left_out.insert(left_out.begin(), field);
  }
  return left_out;
}

}  // namespace dtp::probe
