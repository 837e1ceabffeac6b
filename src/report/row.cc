#include "report/row.h"

#include <algorithm>
#include <utility>

#include "report/profile.h"

namespace dtp::report {

const std::vector<RowMaker::Place>& RowMaker::places_of(const record::EventSchema& schema) {
  const auto [at, is_new] = places_.try_emplace(&schema);
  if (!is_new) return at->second;
  static constexpr std::pair<std::string_view, Source> words[] = {
      {"time", Source::time},   {"pid", Source::pid},           {"tid", Source::tid},    {"comm", Source::comm},
      {"cpu", Source::cpu},     {"event", Source::event},       {"ppid", Source::ppid},  {"parent", Source::parent},
      {"chain", Source::chain}, {"function", Source::function}, {"stack", Source::stack}};
  for (const std::string& name : names_) {
    Place place;
    const auto field = std::ranges::find(schema.fields, name, &record::FieldSchema::name);
    if (field != schema.fields.end()) {
      place = {Source::field, static_cast<std::size_t>(field - schema.fields.begin())};
    } else {
      for (const auto& [word, source] : words)
        if (name == word) place.source = source;
    }
    at->second.push_back(place);
  }
  return at->second;
}

Cell RowMaker::cell_of(const record::Record& record, Place place) {
  switch (place.source) {
    case Source::none: break;
    case Source::time: return {{record.time_ns}};
    case Source::pid: return {{std::uint64_t{record.pid}}};
    case Source::tid: return {{std::uint64_t{record.tid}}};
    case Source::comm: return {{record.comm}};
    case Source::cpu: return {{std::uint64_t{record.cpu}}};
    case Source::event: return {{record.schema->event}};
    case Source::function: {
      value::Array functions = functions_of(record);
      return functions.empty() ? Cell{} : Cell{std::move(functions.front())};
    }
    case Source::stack: {
      value::Array functions = functions_of(record);
      return functions.empty() ? Cell{} : Cell{{std::move(functions)}};
    }
    case Source::ppid:
      return {{std::uint64_t{sources_.processes == nullptr ? 0 : sources_.processes->parent(record.pid)}}};
    case Source::parent:
      if (sources_.processes == nullptr) return {};
      return {{sources_.processes->comm(sources_.processes->parent(record.pid))}};
    case Source::chain:
      if (sources_.processes == nullptr) return {};
      return {{sources_.processes->chain(record.pid)}};
    case Source::field: return {record.values[place.field], &record.schema->fields[place.field]};
  }
  return {};
}

value::Array RowMaker::functions_of(const record::Record& record) {
  value::Array functions;
  if (sources_.symbols == nullptr || !record.stack.is_recorded()) return functions;
  for (const record::Frame& frame : stacks_.resolve(record.stack))
    for (const symbol::Name& name : sources_.symbols->names(frame)) functions.push_back({function_name(frame, name)});
  // Of a stack that goes astray: names that say nothing, many times over.
  const auto rest = std::ranges::unique(functions, [](const value::Value& one, const value::Value& next) {
    const auto* text = std::get_if<std::string>(&one.of);
    return text != nullptr && text->starts_with('[') && one.of == next.of;
  });
  functions.erase(rest.begin(), rest.end());
  return functions;
}

Row RowMaker::make(const record::Record& record, Row room) {
  const std::vector<Place>& places = places_of(*record.schema);
  room.clear();
  room.reserve(places.size());
  for (const Place place : places) room.push_back(cell_of(record, place));
  return room;
}

}  // namespace dtp::report
