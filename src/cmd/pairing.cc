#include "cmd/pairing.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "record/format.h"

namespace dtp::cmd {
namespace {

using record::EventSchema;
using record::FieldKind;
using record::FieldSchema;

Error not_so(std::string what) { return {.what = std::move(what), .status = Status::not_possible}; }

bool is_number(const FieldSchema& field) {
  const bool has_size = field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8;
  return has_size && !field.dynamic && !field.relative && field.parts.empty() && field.kind != FieldKind::string &&
         field.kind != FieldKind::bytes && field.kind != FieldKind::array;
}

bool is_text(const FieldSchema& field) {
  return field.kind == FieldKind::string && field.parts.empty() && !field.relative &&
         field.display == path::Display::none;
}

// One of the two events.
struct Side {
  const WatchedEvent& watched;
  EventSchema raw = {};  // under the kernel's names
  kernel::PairedEvent event = {};

  static Result<Side> of(const WatchedEvent& watched) {
    Side side{.watched = watched, .event = {.name = watched.name, .filter = watched.filter}};
    DTP_TRY(side.raw, record::parse_format(watched.format, watched.name.group));
    return side;
  }

  const FieldSchema* find(std::string_view name) const {
    const auto& fields = watched.schema.fields;
    const auto field = std::ranges::find(fields, name, &FieldSchema::name);
    return field == fields.end() ? nullptr : &*field;
  }

  // It may be shown under another name.
  std::string kernel_name(const FieldSchema& field) const {
    const auto known = std::ranges::find(raw.fields, field.offset, &FieldSchema::offset);
    return known == raw.fields.end() ? field.name : known->name;
  }

  // There must be few values of a key: the table never loses one.
  Result<void> add_key(const std::string& name) {
    const FieldSchema* field = find(name);
    if (field == nullptr && (name == "tid" || name == "cpu")) {
      event.keys.push_back(name == "tid" ? "common_pid" : "common_cpu");
      return {};
    }
    if (field == nullptr || !is_number(*field)) return fail(not_so("'" + name + "' is not a number of the event"));
    const bool is_thread = field->c_type == "pid_t";
    if (!is_thread && field->size > 2)
      return fail(not_so("'" + name + "' may have more values than the kernel's table has room for"));
    event.keys.push_back(kernel_name(*field));
    return {};
  }

  // As its format says: "field:pid_t pid;	offset:24;	size:4;	signed:1;"
  bool is_signed(const FieldSchema& field) const {
    const std::size_t place = watched.format.find("\toffset:" + std::to_string(field.offset) + ";");
    const std::size_t sign = watched.format.find("\tsigned:", place);
    return place != std::string::npos && sign != std::string::npos &&
           watched.format.substr(sign).starts_with("\tsigned:1");
  }

  void add(kernel::PairedField field) { event.fields.push_back(std::move(field)); }
};

// What the values of the answer are in the pair's event.
class PairMaker {
 public:
  PairMaker(Side from, Side to) : from_(std::move(from)), to_(std::move(to)) {}

  Result<void> add_keys(const std::vector<report::Match>& by) {
    for (const report::Match& match : by) {
      DTP_CHECK(from_.add_key(match.first));
      DTP_CHECK(to_.add_key(match.second));
    }
    if (by.empty()) from_.event.keys = to_.event.keys = {"common_pid"};
    return {};
  }

  Result<void> add_values(const std::vector<std::string>& names) {
    const bool is_same_thread = std::ranges::find(from_.event.keys, "common_pid") != from_.event.keys.end() &&
                                std::ranges::find(to_.event.keys, "common_pid") != to_.event.keys.end();
    // First of all, so that its place is known.
    if (!is_same_thread) add_word(thread, "common_pid", true);
    for (const std::string& name : names) {
      if (name == kernel::pair_latency) continue;
      const FieldSchema* of_end = is_word(name) ? nullptr : to_.find(name);
      if (const FieldSchema* field = from_.find(name)) {
        DTP_CHECK(add_field(from_, *field));
      } else if (name == "cpu") {
        add_word("cpu", "common_cpu", false);
      } else if (of_end != nullptr) {
        DTP_CHECK(add_field(to_, *of_end));
      }
    }
    return {};
  }

  kernel::Pairing pairing() const { return {from_.event, to_.event}; }

  // `raw`: the event as the kernel made it.
  Result<WatchedEvent> watch(const EventSchema& raw, const std::string& format) const {
    WatchedEvent watched{.name = {raw.group, raw.event}, .format = format, .schema = from_.watched.schema};
    watched.schema.id = raw.id;
    watched.schema.ip_offset = watched.schema.return_ip_offset = -1;
    watched.schema.fields.clear();
    std::vector<Value> wanted = values_;
    for (const char* name : {kernel::pair_time, kernel::pair_latency}) wanted.push_back({name, {.name = name}});
    for (auto& [name, field] : wanted) {
      const auto place = std::ranges::find(raw.fields, name, &FieldSchema::name);
      if (place == raw.fields.end()) return fail(not_so("the pairs' event is not as it was made"));
      field.offset = place->offset;
      field.size = place->size;
      field.dynamic = place->dynamic;
      if (field.name == thread) watched.thread_offset = static_cast<std::size_t>(field.offset);
      if (field.name == kernel::pair_time) watched.schema.since_offset = field.offset;
      if (field.name != thread) watched.schema.fields.push_back(std::move(field));
    }
    return watched;
  }

 private:
  struct Value {
    std::string name = {};  // in the pair's event
    FieldSchema field = {};
  };
  static constexpr const char* thread = "\nthread";  // no name of a field

  static bool is_word(const std::string& name) {
    return std::ranges::find(report::row_words, name) != std::end(report::row_words);
  }

  std::string name_of_next(const Side& side) const {
    return kernel::name_in_pair(&side == &to_, side.event.fields.size());
  }

  void add_word(const char* name, const char* field, bool is_signed) {
    values_.push_back({name_of_next(from_), {.name = name}});
    from_.add({.field = field, .size = sizeof(std::uint32_t), .is_signed = is_signed});
  }

  Result<void> add_field(Side& side, const FieldSchema& field) {
    if (!is_number(field) && !is_text(field))
      return fail(not_so("'" + field.name + "' is neither a number nor a plain string"));
    values_.push_back({name_of_next(side), field});
    kernel::PairedField paired{.field = side.kernel_name(field)};
    if (is_number(field)) {
      paired.size = static_cast<std::size_t>(field.size);
      paired.is_signed = side.is_signed(field);
    } else if (!field.dynamic) {
      paired.room = static_cast<std::size_t>(field.size);
    }
    side.add(std::move(paired));
    return {};
  }

  Side from_;
  Side to_;
  std::vector<Value> values_ = {};
};

// A thread is in one system call at a time, and comes out of it before it goes into another.
bool are_of_system_calls(const std::vector<WatchedEvent>& events) {
  return std::ranges::all_of(events, [](const WatchedEvent& event) {
    return event.name.group == "syscalls" || event.name.group == "raw_syscalls";
  });
}

Result<void> check(kernel::TraceFs& tracefs, const recipe::Recipe& recipe, const AnswerOptions& options,
                   const std::vector<WatchedEvent>& events) {
  const recipe::Pairing& pairing = *recipe.pairing;
  if (options.from_stream) return fail(not_so("so it was asked for"));
  if (!kernel::PairEvent::are_there(tracefs)) return fail(not_so("this kernel has no synthetic events"));
  if (recipe.with_stacks) return fail(not_so("it has stacks"));
  if (pairing.stays || pairing.shows_open || !pairing.end.empty()) return fail(not_so("its pairs are of another kind"));
  if (recipe.probes.size() != 2 || events.size() != 2) return fail(not_so("it is of more than two events"));
  if (!events.front().members.empty() || !events.back().members.empty())
    return fail(not_so("many functions share an event of the kernel"));
  if (pairing.by.empty() && !are_of_system_calls(events))
    return fail(not_so("calls of a thread may nest; --by tid says that they do not"));
  if (!options.watched.cgroup.empty()) return fail(not_so("it is of a control group"));
  if (!options.watched.cpus.empty()) return fail(not_so("it is of some CPUs only"));
  return {};
}

}  // namespace

Result<Paired> pair_in_kernel(kernel::TraceFs& tracefs, const recipe::Recipe& recipe, const AnswerOptions& options,
                              const std::vector<WatchedEvent>& events, const std::vector<std::string>& values,
                              std::uint64_t least_ns) {
  DTP_CHECK(check(tracefs, recipe, options, events));
  // Two hits in tables cost who is traced twice as much as two records, which saves the tool less (bench/latency).
  if (least_ns == 0) return fail(not_so("all pairs are wanted: two records cost the traced system less"));
  const bool is_swapped = recipe.pairing->from.front() != recipe.probes.front().name;
  DTP_TRY(Side from, Side::of(events[is_swapped ? 1 : 0]));
  DTP_TRY(Side to, Side::of(events[is_swapped ? 0 : 1]));
  PairMaker maker(std::move(from), std::move(to));
  DTP_CHECK(maker.add_keys(recipe.pairing->by));
  DTP_CHECK(maker.add_values(values));
  const kernel::Pairing pairing = maker.pairing();
  DTP_TRY(kernel::PairEvent event, kernel::PairEvent::create(tracefs, pairing));
  DTP_TRY(const WatchedEvent made, watch_event(tracefs, event.name(), {}, ""));
  DTP_TRY(WatchedEvent watched, maker.watch(made.schema, made.format));
  watched.filter = fmt::format("{} >= {}", kernel::pair_latency, least_ns);
  watched.pairing = pairing;
  return Paired{std::move(event), std::move(watched)};
}

void print_pairing(const Paired& paired) {
  const kernel::Pairing& pairing = *paired.watched.pairing;
  fmt::print(stderr, "put together in the kernel:\n  {}\n", kernel::definition_of(pairing, paired.event.name().event));
  fmt::print(stderr, "  {} of {}\n", kernel::first_trigger(pairing), kernel::spell(pairing.from.name));
  fmt::print(stderr, "  {} of {}\n", kernel::second_trigger(pairing, paired.event.name().event),
             kernel::spell(pairing.to.name));
  if (!paired.watched.filter.empty()) fmt::print(stderr, "  only if {}\n", paired.watched.filter);
}

}  // namespace dtp::cmd
