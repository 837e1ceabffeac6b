#include "report/numbers.h"

#include <algorithm>
#include <variant>

#include "base/escape.h"
#include "report/profile.h"

namespace dtp::report {
namespace {

std::vector<std::string> split(const std::string& keys) {
  std::vector<std::string> texts;
  for (std::size_t at = 0, end = 0; (end = keys.find('\0', at)) != std::string::npos; at = end + 1)
    texts.push_back(keys.substr(at, end - at));
  return texts;
}

std::string event_name(const record::EventSchema& schema) { return base::escape(schema.group + ":" + schema.event); }

}  // namespace

std::size_t NumberTable::add_event(std::string name) {
  numbers_.events.push_back({.event = std::move(name)});
  group_of_.emplace_back();
  return numbers_.events.size() - 1;
}

void NumberTable::add(std::size_t place, const std::string& keys, Wide number) {
  EventNumbers& event = numbers_.events[place];
  event.all.add(number);
  if (keys.empty()) return;
  auto& group_of = group_of_[place];
  auto group = group_of.find(keys);
  if (group == group_of.end()) {
    if (event.groups.size() >= most_groups) {
      ++event.ungrouped;
      return;
    }
    group = group_of.emplace(keys, event.groups.size()).first;
    event.groups.push_back({.keys = split(keys)});
  }
  event.groups[group->second].values.add(number);
}

Numbers NumberTable::finish() && {
  for (EventNumbers& event : numbers_.events)
    std::ranges::stable_sort(event.groups, std::ranges::greater{},
                             [](const NumberGroup& group) { return group.values.count(); });
  return std::move(numbers_);
}

void KeyTexts::append(std::string& out, const Key& key, const record::Record& record) {
  std::string symbol;
  Hit hit;
  const bool is_code = key.kind == Key::Kind::symbol || key.kind == Key::Kind::object;
  if (is_code && record.stack.is_recorded()) {
    if (const auto& frames = stacks_.resolve(record.stack); !frames.empty() && frames.front().module != nullptr) {
      symbol = function_name(frames.front(), symbols_.names(frames.front()).front());
      hit = {symbol, frames.front().module->path};
    }
  }
  out += key_text(key, record, hit);
  out += '\0';
}

bool is_number(const record::FieldSchema& field) {
  using record::FieldKind;
  const bool is_address =
      field.display == path::Display::ip4 || field.display == path::Display::ip6 || field.display == path::Display::mac;
  const bool is_plain = field.kind == FieldKind::unsigned_ || field.kind == FieldKind::signed_ ||
                        field.kind == FieldKind::hex || field.kind == FieldKind::character;
  return is_plain && !is_address;
}

void FieldNumbers::add(const record::Record& record) {
  const auto [at, is_new] = places_.try_emplace(record.schema);
  Place& place = at->second;
  if (is_new) {
    place.field = find_field(*record.schema, field_);
    if (place.field != nullptr && !is_number(*place.field)) place.field = nullptr;
    if (place.field != nullptr) place.event = table_.add_event(event_name(*record.schema));
  }
  if (place.field == nullptr) return;
  const value::Value& value = value_of(record, *place.field);
  const auto* plain = std::get_if<std::uint64_t>(&value.of);
  const auto* with_sign = std::get_if<std::int64_t>(&value.of);
  if (plain == nullptr && with_sign == nullptr) return table_.add_unreadable(place.event);
  key_.clear();
  for (const Key& key : table_.keys()) texts_.append(key_, key, record);
  table_.add(place.event, key_, plain != nullptr ? Wide{*plain} : Wide{*with_sign});
}

Latency::Latency(const record::EventSchema& entry, const record::EventSchema& leave, std::vector<Key> keys,
                 symbol::Symbolizer& symbols)
    : table_("latency", Unit::nanoseconds, std::move(keys)), texts_(symbols), entry_(&entry), leave_(&leave) {
  table_.add_event(event_name(entry) + " -> " + event_name(leave));
}

bool Latency::has(const record::EventSchema& schema, const Key& key) const {
  return key.kind != Key::Kind::field || find_field(schema, key.name) != nullptr;
}

void Latency::add(const record::Record& record) {
  const std::vector<Key>& keys = table_.keys();
  if (record.schema == entry_) {
    Call call{.time_ns = record.time_ns, .keys = std::vector<std::string>(keys.size())};
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (has(*entry_, keys[i])) texts_.append(call.keys[i], keys[i], record);
    return calls_.enter(record.tid, std::move(call));
  }
  if (record.schema != leave_) return;
  const auto left = calls_.leave(record.tid);
  if (!left) {
    ++lone_returns_;
    return;
  }
  const Call& call = left->call;
  key_.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (call.keys[i].empty())
      texts_.append(key_, keys[i], record);
    else
      key_ += call.keys[i];
  }
  table_.add(0, key_, Wide{record.time_ns} - Wide{call.time_ns});
}

Numbers Latency::finish() && {
  Numbers numbers = std::move(table_).finish();
  numbers.open_calls = calls_.unfinished();
  numbers.lone_returns = lone_returns_;
  return numbers;
}

}  // namespace dtp::report
