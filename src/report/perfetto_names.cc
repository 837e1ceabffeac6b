#include "report/perfetto_names.h"

#include <algorithm>
#include <protozero/pbf_builder.hpp>
#include <vector>

#include "base/escape.h"
#include "base/hex.h"
#include "report/profile.h"

namespace dtp::report {
namespace {

using perfetto::Interned;

template <class Fields>
using Message = protozero::pbf_builder<Fields>;

template <typename T>
void put(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::pair<std::uint64_t, bool> PerfettoNames::find(Interned kind, std::string_view key) {
  key_.assign(1, static_cast<char>(kind));
  key_ += key;
  const auto [at, is_new] = ids_.try_emplace(key_, last_id_ + 1);
  if (is_new) {
    ++last_id_;
    bytes_ += key_.size();
  }
  return {at->second, is_new};
}

std::uint64_t PerfettoNames::text(Interned kind, std::string_view key, std::string_view bytes) {
  const auto [id, is_new] = find(kind, key);
  if (!is_new) return id;
  Message<Interned> interned(new_);
  Message<perfetto::InternedName> name(interned, kind);
  name.add_uint64(perfetto::InternedName::iid, id);
  name.add_bytes(perfetto::InternedName::name, bytes.data(), bytes.size());
  return id;
}

std::uint64_t PerfettoNames::name(Interned kind, std::string_view name) { return text(kind, name, base::escape(name)); }

std::uint64_t PerfettoNames::mapping(const record::Module& module) {
  std::uint64_t build_id = 0;
  if (!module.build_id.empty()) {
    const std::vector<std::byte> bytes = base::from_hex(module.build_id);
    build_id = text(Interned::build_ids, module.build_id, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  // The reader puts a '/' before each part of a path.
  const std::string path = module.path.starts_with('/') ? module.path.substr(1) : module.path;
  const std::uint64_t path_id = name(Interned::mapping_paths, path);
  const auto [id, is_new] = find(Interned::mappings, module.build_id + '\0' + module.path);
  if (!is_new) return id;
  Message<Interned> interned(new_);
  Message<perfetto::Mapping> mapping(interned, Interned::mappings);
  mapping.add_uint64(perfetto::Mapping::iid, id);
  if (build_id != 0) mapping.add_uint64(perfetto::Mapping::build_id, build_id);
  mapping.add_uint64(perfetto::Mapping::path_string_ids, path_id);
  return id;
}

// `depth` tells the functions apart that were inlined at one address.
std::uint64_t PerfettoNames::frame(const record::Frame& frame, std::size_t depth, const std::string& function) {
  const std::uint64_t mapping_id = frame.module == nullptr ? 0 : mapping(*frame.module);
  const std::uint64_t function_id = name(Interned::function_names, function);
  std::string key;
  put(key, mapping_id);
  put(key, frame.offset);
  put(key, depth);
  const auto [id, is_new] = find(Interned::frames, key);
  if (!is_new) return id;
  Message<Interned> interned(new_);
  Message<perfetto::Frame> message(interned, Interned::frames);
  message.add_uint64(perfetto::Frame::iid, id);
  message.add_uint64(perfetto::Frame::function_name_id, function_id);
  if (mapping_id != 0) {
    message.add_uint64(perfetto::Frame::mapping_id, mapping_id);
    message.add_uint64(perfetto::Frame::rel_pc, frame.offset);
  }
  return id;
}

std::uint64_t PerfettoNames::stack(const record::Stack& stack) {
  if (!stack.is_recorded()) return 0;
  // Copies of a stack differ in more than its functions.
  if (!stack.registers.empty()) return new_stack(stack);
  std::string key;
  symbol::append_walked(key, stack);
  const auto [at, is_new] = stack_of_.try_emplace(std::move(key), 0);
  if (!is_new) return at->second;
  bytes_ += at->first.size();
  return at->second = new_stack(stack);
}

std::uint64_t PerfettoNames::new_stack(const record::Stack& stack) {
  std::vector<std::uint64_t> frames;
  for (const record::Frame& one : stacks_.resolve(stack)) {
    const auto& names = symbols_.names(one);
    for (std::size_t i = 0; i < names.size(); ++i) frames.push_back(frame(one, i, function_name(one, names[i])));
  }
  std::ranges::reverse(frames);
  const auto bytes = std::as_bytes(std::span(frames));
  const auto [id, is_new] = find(Interned::callstacks, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!is_new) return id;
  Message<Interned> interned(new_);
  Message<perfetto::Callstack> callstack(interned, Interned::callstacks);
  callstack.add_uint64(perfetto::Callstack::iid, id);
  for (const std::uint64_t frame_id : frames) callstack.add_uint64(perfetto::Callstack::frame_ids, frame_id);
  return id;
}

}  // namespace dtp::report
