#include "kernel/pairing.h"

#include <cstdint>
#include <string_view>

#include "base/lines.h"
#include "kernel/owner.h"

namespace dtp::kernel {
namespace {

// Of keys: a thread has one. An entry takes some hundred bytes of the kernel's memory.
constexpr std::size_t most_keys = 16'384;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

// The kernel compares sizes and signs, and has forgotten the sign of 64 bits that were kept (seen on 6.1 and 6.12).
std::string declaration_of(const PairedField& field, const std::string& name, bool is_end) {
  const bool has_sign = field.is_signed && (is_end || field.size < sizeof(std::uint64_t));
  if (field.size != 0) return (has_sign ? "s" : "u") + std::to_string(8 * field.size) + " " + name;
  return "char " + name + "[" + (field.room == 0 ? "" : std::to_string(field.room)) + "]";
}

std::string variables_of(const PairedEvent& event, bool is_end) {
  std::string text;
  for (std::size_t i = 0; i < event.fields.size(); ++i)
    text += "," + name_in_pair(is_end, i) + "=" + event.fields[i].field;
  return text;
}

std::string options_of() { return ":size=" + std::to_string(most_keys) + ":clock=mono"; }

std::string with_filter(std::string trigger, const PairedEvent& event) {
  return event.filter.empty() ? trigger : trigger + " if " + event.filter;
}

// Variables of one instance have one name space.
constexpr const char* time_variable = "pair_time";

}  // namespace

std::string name_in_pair(bool is_of_end, std::size_t field) { return (is_of_end ? "b" : "a") + std::to_string(field); }

std::string definition_of(const Pairing& pairing, const std::string& event) {
  std::string text = event + " u64 " + pair_time + "; u64 " + pair_latency;
  for (const bool is_end : {false, true}) {
    const std::vector<PairedField>& fields = (is_end ? pairing.to : pairing.from).fields;
    for (std::size_t i = 0; i < fields.size(); ++i)
      text += "; " + declaration_of(fields[i], name_in_pair(is_end, i), is_end);
  }
  return text;
}

std::string first_trigger(const Pairing& pairing) {
  const PairedEvent& from = pairing.from;
  return with_filter("hist:keys=" + joined(from.keys) + ":" + time_variable + "=common_timestamp" +
                         variables_of(from, false) + options_of(),
                     from);
}

std::string second_trigger(const Pairing& pairing, const std::string& event) {
  const auto& [from, to] = pairing;
  std::string values = std::string("$") + time_variable + ",$" + pair_latency;
  for (std::size_t i = 0; i < from.fields.size(); ++i) values += ",$" + name_in_pair(false, i);
  for (std::size_t i = 0; i < to.fields.size(); ++i) values += ",$" + name_in_pair(true, i);
  return with_filter("hist:keys=" + joined(to.keys) + ":" + pair_latency + "=common_timestamp-$" + time_variable +
                         variables_of(to, true) + options_of() + ":onmatch(" + from.name.group + "." + from.name.event +
                         ").trace(" + event + "," + values + ")",
                     to);
}

Result<PairEvent> PairEvent::create(TraceFs& tracefs, const Pairing& pairing) {
  DTP_TRY(const Owner owner, this_process());
  const std::string event = group_of(owner);
  if (const auto made = tracefs.write(list, definition_of(pairing, event)); !made)
    return fail(tracefs_error("cannot write", list, made.error()));
  return PairEvent(tracefs, {"synthetic", event});
}

PairEvent::~PairEvent() {
  if (!name_.event.empty()) (void)tracefs_->write(list, removal_of(name_.event));
}

void remove_stale_pair_events(TraceFs& tracefs) {
  const auto events = tracefs.read(PairEvent::list);
  if (!events) return;
  for (std::string_view rest = *events; !rest.empty();) {
    const std::string_view line = base::take_line(rest);
    const std::string name(line.substr(0, line.find_first_of(" \t")));
    if (const auto owner = owner_of(name); owner && !is_alive(*owner))
      (void)tracefs.write(PairEvent::list, PairEvent::removal_of(name));
  }
}

}  // namespace dtp::kernel
