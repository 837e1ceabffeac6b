// Debug information in memory: functions, variables and types as a test states them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/pattern.h"
#include "debug/info.h"

namespace dtp::debug {

class FakeInfo final : public Info {
 public:
  Result<std::vector<Instance>> find_functions(const std::string& name) override {
    std::vector<Instance> found;
    for (const Instance& instance : instances)
      if (instance.function == name) found.push_back(instance);
    return found;
  }
  Result<std::vector<Instance>> find_function_at(std::uint64_t address) override {
    std::vector<Instance> found;
    for (const Instance& instance : instances)
      if (!instance.is_inlined && address >= instance.address && address < instance.end) found.push_back(instance);
    return found;
  }
  std::vector<Variable> find_variables(const Instance&, std::uint64_t) override {
    std::vector<Variable> all;
    for (const auto& [variable, where] : variables) all.push_back(variable);
    return all;
  }
  Whereabouts locate(const Instance&, std::uint64_t, const Variable& variable) override {
    for (const auto& [known, where] : variables)
      if (known.name == variable.name) return where;
    return Unavailable{};
  }
  Result<std::vector<Instance>> find_matching(const FunctionQuery& query) override {
    std::vector<Instance> found;
    for (const Instance& instance : instances)
      if (base::matches_pattern(query.pattern, instance.function)) found.push_back(instance);
    return found;
  }
  type::Id find_result_type(const Instance&) override { return result; }
  bool returns_void(const Instance&) override { return is_void; }
  std::optional<type::Id> find_type(std::string_view c_name) override {
    const auto found = names.find(std::string(c_name));
    return found == names.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::int64_t> find_enumerator(std::string_view name) override {
    const auto found = enumerators.find(std::string(name));
    return found == enumerators.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> function_names() override { return {}; }
  std::string source() const override { return "a test"; }
  type::Type load_type(type::Id id) override { return type_list[id.key]; }

  type::Id add(type::Type type) {
    type_list.push_back(std::move(type));
    return {type_list.size() - 1};
  }
  type::Id add_pointer(type::Id target) { return add({.kind = type::Kind::pointer, .size = 8, .target = target}); }

  std::vector<Instance> instances = {};
  std::vector<std::pair<Variable, Whereabouts>> variables = {};
  std::vector<type::Type> type_list{{.kind = type::Kind::void_, .name = "void"}};
  std::map<std::string, type::Id> names = {};  // by their names in C
  std::map<std::string, std::int64_t> enumerators = {};
  type::Id result = {};
  bool is_void = false;  // what the functions return
};

}  // namespace dtp::debug
