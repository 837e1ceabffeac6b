#include "report/profile.h"

#include <algorithm>

#include "base/escape.h"

namespace dtp::report {
namespace {

// What is thrown away is found again, more slowly.
constexpr std::size_t most_raw = 200'000;

template <typename T>
void put(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::string function_name(const record::Frame& frame, const symbol::Name& name) {
  if (!name.function.empty()) return name.function;
  if (frame.module == nullptr) return "[unknown]";
  const std::string& path = frame.module->path;
  return path.starts_with('[') ? path : "[" + file_name(path) + "]";
}

std::size_t most_hit_event(const Profile& profile) {
  return static_cast<std::size_t>(std::ranges::max_element(profile.events, {}, &ProfiledEvent::hits) -
                                  profile.events.begin());
}

bool has_stacks(const Profile& profile) {
  return std::ranges::any_of(profile.stacks, [](const StackHits& stack) { return !stack.functions.empty(); });
}

Profiler::Profiler(std::vector<Key> keys, symbol::Symbolizer& symbols) : symbols_(symbols) {
  profile_.keys = std::move(keys);
}

std::size_t Profiler::find_event(const record::EventSchema& schema) {
  const auto [at, is_new] = event_of_.try_emplace(&schema, profile_.events.size());
  if (is_new) profile_.events.push_back({base::escape(schema.group + ":" + schema.event), 0});
  return at->second;
}

FunctionId Profiler::find_function(Function function) {
  std::string key = function.name;
  key += '\0';
  key += function.module;
  key += function.is_inlined ? '\1' : '\0';
  const auto [at, is_new] =
      function_of_.try_emplace(std::move(key), static_cast<FunctionId>(profile_.functions.size()));
  if (is_new) profile_.functions.push_back(std::move(function));
  return at->second;
}

// Innermost first.
void Profiler::append_names(const record::Frame& frame, std::vector<FunctionId>& functions) {
  for (const symbol::Name& name : symbols_.names(frame)) {
    functions.push_back(find_function({.name = function_name(frame, name),
                                       .module = frame.module == nullptr ? "" : frame.module->path,
                                       .is_kernel = frame.is_kernel,
                                       .is_inlined = name.is_inlined}));
  }
}

std::vector<FunctionId> Profiler::functions_of(const record::Stack& stack) {
  std::vector<FunctionId> functions;
  if (!stack.is_recorded()) return functions;
  for (const record::Frame& frame : stacks_.resolve(stack)) append_names(frame, functions);
  std::ranges::reverse(functions);
  return functions;
}

Hit Profiler::hit_of(const std::vector<FunctionId>& functions) const {
  if (functions.empty()) return {};
  const Function& function = profile_.functions[functions.back()];
  return {function.name, function.module};
}

std::size_t Profiler::find_group(std::size_t event, std::vector<std::string> keys) {
  std::string name;
  put(name, event);
  for (const std::string& key : keys) (name += key) += '\0';
  const auto [at, is_new] = group_of_.try_emplace(std::move(name), profile_.groups.size());
  if (is_new) profile_.groups.push_back({event, std::move(keys), 0});
  return at->second;
}

std::size_t Profiler::find_stack(const record::Record& record) {
  std::vector<FunctionId> functions = functions_of(record.stack);
  std::vector<std::string> keys;
  for (const Key& key : profile_.keys) keys.push_back(key_text(key, record, hit_of(functions)));
  const std::size_t group = find_group(find_event(*record.schema), std::move(keys));
  std::string name;
  put(name, group);
  for (const FunctionId function : functions) put(name, function);
  const auto [at, is_new] = stack_of_.try_emplace(std::move(name), profile_.stacks.size());
  if (is_new) profile_.stacks.push_back({group, std::move(functions), 0});
  return at->second;
}

// Equal bytes mean the same event, keys and stack.
void Profiler::put_raw(const record::Record& record) {
  raw_.clear();
  put(raw_, record.schema);
  for (const Key& key : profile_.keys) {
    if (key.kind == Key::Kind::symbol || key.kind == Key::Kind::object) continue;  // the stack tells
    if (key.kind == Key::Kind::comm)
      raw_ += record.comm;
    else
      raw_ += key_text(key, record, {});
    raw_ += '\0';
  }
  symbol::append_walked(raw_, record.stack);
}

void Profiler::add(const record::Record& record) {
  std::size_t place = 0;
  // Copies of a stack differ in more than its functions.
  if (!record.stack.registers.empty()) {
    place = find_stack(record);
  } else {
    put_raw(record);
    if (const auto known = by_raw_.find(raw_); known != by_raw_.end()) {
      place = known->second;
    } else {
      if (by_raw_.size() >= most_raw) by_raw_.clear();
      by_raw_.emplace(raw_, place = find_stack(record));
    }
  }
  StackHits& stack = profile_.stacks[place];
  Group& group = profile_.groups[stack.group];
  ++stack.hits;
  ++group.hits;
  ++profile_.events[group.event].hits;
  if (profile_.first_ns == 0) profile_.first_ns = record.time_ns;
  profile_.last_ns = record.time_ns;
}

Profile Profiler::finish() && { return std::move(profile_); }

}  // namespace dtp::report
