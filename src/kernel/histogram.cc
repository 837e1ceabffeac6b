#include "kernel/histogram.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/lines.h"

namespace dtp::kernel {
namespace {

std::string modifier_of(const HistogramKey& key) {
  switch (key.kind) {
    case HistogramKey::Kind::powers: return ".log2";
    case HistogramKey::Kind::steps: return ".buckets=" + std::to_string(key.width);
    case HistogramKey::Kind::number:
    case HistogramKey::Kind::text: break;
  }
  return "";
}

std::string with_filter(const std::string& trigger, const HistogramEvent& event) {
  return event.filter.empty() ? trigger : trigger + " if " + event.filter;
}

std::string file_of(const HistogramEvent& event, std::string_view file) {
  return "events/" + event.name.group + "/" + event.name.event + "/" + std::string(file);
}

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  skip_blanks(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// "hitcount:          3  size:         15", to the end.
bool parse_counts(std::string_view text, const HistogramEvent& event, HistogramEntry& entry) {
  if (!take(text, "hitcount:") || !take_number(text, entry.hits)) return false;
  entry.sums.clear();
  for (const std::string& field : event.sums) {
    skip_blanks(text);
    if (!take(text, field) || !take(text, ":") || !take_number(text, entry.sums.emplace_back())) return false;
  }
  return text.find_first_not_of(' ') == std::string_view::npos;
}

// "~ 2^5 ", "~ 20-29", "     1234"
bool take_key_number(std::string_view& text, const HistogramKey& key, std::uint64_t& number) {
  skip_blanks(text);
  switch (key.kind) {
    case HistogramKey::Kind::number: return take_number(text, number);
    case HistogramKey::Kind::powers: {
      std::uint64_t power = 0;
      if (!take(text, "~ 2^") || !take_number(text, power) || power > 63) return false;
      number = std::uint64_t{1} << power;
      return true;
    }
    case HistogramKey::Kind::steps:
      return take(text, "~ ") && take_number(text, number) && take(text, "-") && take_number(text, number);
    case HistogramKey::Kind::text: break;
  }
  return false;
}

// A string goes up to the name of the next key, or to the end; short ones are filled up with blanks. A string that has
// such a name within is not told from two keys.
bool take_key_text(std::string_view& text, const std::string& next, std::string& key) {
  const std::string separator = next.empty() ? "" : ", " + next + ": ";
  const std::size_t end = next.empty() ? text.size() : text.find(separator);
  if (end == std::string_view::npos) return false;
  if (!next.empty() && text.find(separator, end + 1) != std::string_view::npos) return false;
  const std::string_view whole = text.substr(0, end);
  key = whole.substr(0, whole.find_last_not_of(' ') + 1);
  text.remove_prefix(end);
  return true;
}

// "common_pid:       1234, name: bash      "
bool parse_keys(std::string_view text, const HistogramEvent& event, HistogramEntry& entry) {
  entry.keys.clear();
  for (std::size_t i = 0; i < event.keys.size(); ++i) {
    const HistogramKey& key = event.keys[i];
    if (i > 0) skip_blanks(text);
    if (i > 0 && !take(text, ", ")) return false;
    if (!take(text, key.field) || !take(text, ": ")) return false;
    if (key.kind == HistogramKey::Kind::text) {
      const std::string next = i + 1 < event.keys.size() ? event.keys[i + 1].field : "";
      if (!take_key_text(text, next, std::get<std::string>(entry.keys.emplace_back(std::string())))) return false;
    } else if (!take_key_number(text, key, std::get<std::uint64_t>(entry.keys.emplace_back(std::uint64_t{})))) {
      return false;
    }
  }
  return text.find_first_not_of(' ') == std::string_view::npos;
}

// Whether a line is the end of an entry; where in it the counts begin.
std::optional<std::size_t> end_of_entry(std::string_view line, const HistogramEvent& event) {
  constexpr std::string_view end = "} hitcount:";
  const std::size_t at = line.rfind(end);
  HistogramEntry counts;
  if (at == std::string_view::npos || !parse_counts(line.substr(at + 2), event, counts)) return std::nullopt;
  return at;
}

std::uint64_t count_in(std::string_view totals, std::string_view name) {
  const std::size_t at = totals.find(name);
  std::uint64_t count = 0;
  if (at == std::string_view::npos) return 0;
  std::string_view rest = totals.substr(at + name.size());
  return take_number(rest, count) ? count : 0;
}

Error unreadable(const HistogramEvent& event) {
  return {.what = "the histogram of '" + spell(event.name) + "' cannot be read: a string in it looks like a part of it",
          .hint = "count from the event stream: --stream"};
}

}  // namespace

std::string trigger_of(const HistogramEvent& event) {
  std::string keys;
  for (const HistogramKey& key : event.keys) keys += (keys.empty() ? "" : ",") + key.field + modifier_of(key);
  std::string sums;
  for (const std::string& field : event.sums) sums += (sums.empty() ? ":vals=" : ",") + field;
  return "hist:keys=" + keys + sums + ":size=" + std::to_string(Histograms::most_entries);
}

Result<Histogram> parse_histogram(std::string_view text, const HistogramEvent& event, bool is_still) {
  constexpr std::string_view totals_begin = "\nTotals:\n";
  const std::size_t totals_at = text.rfind(totals_begin);
  if (totals_at == std::string_view::npos) return fail(unreadable(event));
  const std::string_view totals = text.substr(totals_at);
  Histogram histogram{.hits = count_in(totals, "Hits:"), .dropped = count_in(totals, "Dropped:")};
  std::string_view rest = text.substr(0, totals_at + 1);
  while (!rest.empty() && (rest.starts_with('#') || rest.starts_with('\n'))) base::take_line(rest);
  std::uint64_t hits = 0;
  // A string may have ends of lines within.
  for (std::string_view begin = rest; !rest.empty();) {
    const std::string_view line = base::take_line(rest);
    const auto end = end_of_entry(line, event);
    if (!end) continue;
    std::string_view keys(begin.data(), static_cast<std::size_t>(line.data() - begin.data()) + *end);
    HistogramEntry& entry = histogram.entries.emplace_back();
    if (!take(keys, "{ ") || !parse_keys(keys, event, entry)) return fail(unreadable(event));
    (void)parse_counts(line.substr(*end + 2), event, entry);
    hits += entry.hits;
    begin = rest;
  }
  const bool adds_up =
      histogram.entries.size() == count_in(totals, "Entries:") && hits + histogram.dropped == histogram.hits;
  if (is_still && !adds_up) return fail(unreadable(event));
  return histogram;
}

bool Histograms::are_there(TraceFs& tracefs) { return tracefs.exists("events/sched/sched_process_exit/hist"); }

Result<Histograms> Histograms::create(TraceFs& tracefs, std::vector<HistogramEvent> events,
                                      std::span<const pid_t> tasks) {
  DTP_TRY(InstanceFolder folder, InstanceFolder::create(tracefs));
  Histograms histograms(tracefs, std::move(folder), std::move(events));
  if (!tasks.empty()) DTP_CHECK(histograms.folder_.watch_tasks(tasks));
  DTP_CHECK(histograms.control("pause"));
  return histograms;
}

// The first word makes the trigger, another one of the same kind changes it.
Result<void> Histograms::control(const std::string& word) const {
  for (const HistogramEvent& event : events_)
    DTP_CHECK(folder_.set(file_of(event, "trigger"), with_filter(trigger_of(event) + ":" + word, event)));
  return {};
}

Result<void> Histograms::stop() {
  DTP_CHECK(control("pause"));
  is_still_ = true;
  return {};
}

Result<Histogram> Histograms::read(std::size_t index) const {
  const HistogramEvent& event = events_[index];
  const std::string path = folder_.path() + "/" + file_of(event, "hist");
  const auto text = tracefs_->read(path);
  if (!text) return fail(tracefs_error("cannot read", path, text.error()));
  return parse_histogram(*text, event, is_still_);
}

}  // namespace dtp::kernel
