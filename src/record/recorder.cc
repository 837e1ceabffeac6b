#include "record/recorder.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "kernel/perf_records.h"
#include "record/mapping_record.h"

namespace dtp::record {
namespace {

using Clock = std::chrono::steady_clock;

// What close() writes behind the records: names, versions, the events' descriptions.
std::uint64_t room_for_end(const Origin& origin, std::span<const kernel::OpenedEvent> events) {
  std::uint64_t bytes = 4096 + events.size() * 512;
  for (const kernel::OpenedEvent& event : events) bytes += event.ids.size() * sizeof(std::uint64_t);
  for (const std::string& word : origin.command_line) bytes += word.size() + 72;
  return bytes;
}

template <class Use>
void each_record(std::span<const std::byte> records, Use&& use) {
  for (auto record = kernel::take_record(records); !record.empty(); record = kernel::take_record(records))
    use(kernel::header_of(record), record);
}

}  // namespace

std::string name_of_time(const std::string& path, std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &local);
  const std::string name = fmt::format("{}.{}{:02}", path, std::string_view(text.data(), length), since % 1000 / 10);
  std::string free = name;
  for (int i = 2; ::access(free.c_str(), F_OK) == 0; ++i) free = name + "-" + std::to_string(i);
  return free;
}

Recorder::Recorder(RecorderOptions options, std::vector<kernel::OpenedEvent> events, TracingData formats)
    : options_(std::move(options)),
      events_(std::move(events)),
      formats_(std::move(formats)),
      sideband_(options_.most_ended),
      layout_(events_.empty() ? Layout{} : make_layout(events_.front().attr)),
      taken_(events_.size()),
      shares_(options_.shared.size()) {
  for (std::size_t i = 0; i < options_.shared.size(); ++i)
    for (const Member& member : options_.shared[i].members) shares_[i][member.number] = {};
  for (std::size_t i = 0; i < events_.size(); ++i)
    for (const std::uint64_t id : events_[i].ids) event_of_[id] = i;
}

Result<Recorder> Recorder::create(RecorderOptions options, std::vector<kernel::OpenedEvent> events,
                                  TracingData formats) {
  Recorder recorder(std::move(options), std::move(events), std::move(formats));
  DTP_CHECK(recorder.open());
  return recorder;
}

Result<void> Recorder::open() {
  DTP_TRY(PerfDataWriter writer, PerfDataWriter::create(options_.path, events_, formats_));
  writer_.emplace(std::move(writer));
  opened_at_ = Clock::now();
  first_sample_ = samples_;
  has_told_ = false;
  return options_.is_flight ? Result<void>{} : tell_known();
}

// What the file must have in front of the first record.
Result<void> Recorder::tell_known() {
  has_told_ = true;
  sideband_.each_task([&](const Task& task) { writer_->add_task(task); });
  sideband_.each_mapping([&](const NewMapping& mapping) { writer_->add_mapping(mapping); });
  Result<void> done;
  sideband_.each_waiting([&](std::span<const std::byte> record) {
    if (done) done = writer_->append(record);
  });
  return done;
}

// Another file will want to know it again.
void Recorder::add_task(const Task& task) {
  if (keeps_known()) sideband_.add_task(task);
  if (!options_.is_flight) writer_->add_task(task);
}

void Recorder::add_mapping(const NewMapping& mapping) {
  made_.note(mapping, true);
  if (keeps_known()) sideband_.add_mapping(mapping);
  if (!options_.is_flight) writer_->add_mapping(mapping);
}

// Of the identifier in front of a sample; of one that nobody knows it is the last, the dummy's.
std::size_t Recorder::event_of(std::uint64_t id) {
  if (id != last_id_ || id == 0) {
    const auto known = event_of_.find(id);
    last_id_ = id;
    last_event_ = known == event_of_.end() ? events_.size() - 1 : known->second;
  }
  return last_event_;
}

bool Recorder::is_shared(std::size_t event) const {
  return std::ranges::find(options_.shared, event, &SharedEvent::event) != options_.shared.end();
}

// What is counted of the member besides; none: the event is not shared, or it is a member that nobody asked for.
Recorder::Taken* Recorder::share_of(std::size_t event, std::span<const std::byte> record) {
  const auto shared = std::ranges::find(options_.shared, event, &SharedEvent::event);
  if (shared == options_.shared.end()) return nullptr;
  Sample sample;
  std::uint16_t number = 0;
  if (!parse_sample(layout_, record, sample) || sample.raw.size() < shared->member_offset + sizeof number)
    return nullptr;
  std::memcpy(&number, sample.raw.data() + shared->member_offset, sizeof number);
  auto& shares = shares_[static_cast<std::size_t>(shared - options_.shared.begin())];
  const auto share = shares.find(number);
  return share == shares.end() ? nullptr : &share->second;
}

void Recorder::note_mapping(const perf_event_header& header, std::span<const std::byte> record) {
  if (header.type != PERF_RECORD_MMAP && header.type != PERF_RECORD_MMAP2) return;
  if (const auto mapping = parse_mapping(record)) made_.note(*mapping, true);
}

// How many bytes of the records the limits let in; counts all of them.
std::size_t Recorder::admit(std::span<const std::byte> records) {
  const std::uint64_t end_room = options_.most_bytes == 0 ? 0 : room_for_end(options_.origin, events_);
  const std::uint64_t bytes_before = bytes();
  std::size_t admitted = 0;
  each_record(records, [&](const perf_event_header& header, std::span<const std::byte> record) {
    const std::uint64_t end = static_cast<std::uint64_t>(record.data() - records.data()) + header.size;
    if (options_.most_bytes > 0 && bytes_before + end + end_room > options_.most_bytes) is_full_ = true;
    const bool is_sample = header.type == PERF_RECORD_SAMPLE;
    const std::size_t event = is_sample ? event_of(kernel::id_of_sample(record)) : 0;
    Taken* const taken = is_sample ? &taken_[event] : nullptr;
    Taken* const share = is_sample ? share_of(event, record) : nullptr;
    if (is_sample) ++taken->all;
    if (share != nullptr) ++share->all;
    if (is_full_) return;
    if (is_sample || !options_.is_flight) admitted = end;
    if (is_sample) {
      ++taken->recorded;
      if (share != nullptr) ++share->recorded;
      if (share == nullptr && is_shared(event)) return;  // it is shown to nobody
      is_full_ = ++samples_ == options_.most_events;
    } else {
      note_mapping(header, record);
      if (keeps_known()) sideband_.note(trailer_time(layout_, record), record);
    }
  });
  return admitted;
}

// Then what did not get into the file is counted as left out.
bool Recorder::has_failed(Result<void> written) {
  if (written) return false;
  failure_ = std::move(written.error());
  is_full_ = true;
  each_record(writer_->dropped(), [&](const perf_event_header& header, std::span<const std::byte> record) {
    if (header.type != PERF_RECORD_SAMPLE) return;
    const std::size_t event = event_of(kernel::id_of_sample(record));
    --taken_[event].recorded;
    Taken* const share = share_of(event, record);
    if (share != nullptr) --share->recorded;
    if (share != nullptr || !is_shared(event)) --samples_;
  });
  return true;
}

Result<void> Recorder::take(std::span<const std::byte> records) {
  write(records.first(admit(records)));
  return {};
}

void Recorder::write(std::span<const std::byte> records) {
  if (!failure_ && !records.empty() && !has_told_) has_failed(tell_known());
  if (!failure_) has_failed(writer_->append(records));
}

// Where something may be left out, or samples of one event are counted apart, each is looked at.
bool Recorder::has_limits() const {
  return options_.most_events > 0 || options_.most_bytes > 0 || !options_.shared.empty() || is_full_;
}

Result<void> Recorder::take(const kernel::MadeSamples& samples) {
  if (has_limits()) return take(samples.bytes);
  for (const auto& [id, count] : samples.counts) {
    Taken& taken = taken_[event_of(id)];
    taken.all += count;
    taken.recorded += count;
    samples_ += count;
  }
  write(samples.bytes);
  return {};
}

Result<void> Recorder::end_round() {
  if (failure_ || has_failed(writer_->end_round())) return {};
  if (keeps_known()) sideband_.end_round();
  // A file without samples is not worth a name.
  if (!options_.switches || samples_ == first_sample_ || is_full_) return {};
  const bool is_long = options_.switch_bytes > 0 && writer_->bytes() >= options_.switch_bytes;
  const bool is_old = options_.switch_time.count() > 0 && Clock::now() - opened_at_ >= options_.switch_time;
  return is_long || is_old ? switch_file() : Result<void>{};
}

Ledger Recorder::settle_all(bool is_final) const {
  Ledger ledger;
  if (!options_.count) return ledger;
  const std::vector<kernel::Counted> counted = options_.count();
  for (std::size_t i = 0; i < counted.size() && i < events_.size(); ++i) {
    const bool may_be_long = i < options_.may_be_too_long.size() && options_.may_be_too_long[i];
    Account account = settle(counted[i], taken_[i].all, taken_[i].recorded,
                             {is_final, options_.watches_all, may_be_long, options_.is_flight});
    account.event = events_[i].name;
    const auto shared = std::ranges::find(options_.shared, i, &SharedEvent::event);
    if (shared == options_.shared.end())
      ledger.events.push_back(std::move(account));
    else
      std::ranges::move(share_out(account, shares_of(*shared, counted[i].profile)), std::back_inserter(ledger.events));
  }
  return ledger;
}

// Those that were asked for, then the others.
std::vector<Share> Recorder::shares_of(const SharedEvent& shared, const kernel::Profile& profile) const {
  const auto& taken = shares_[static_cast<std::size_t>(&shared - options_.shared.data())];
  const std::string& name = events_[shared.event].name;
  const std::string group = name.substr(0, name.find(':') + 1);
  auto others = profile.members;
  std::vector<Share> shares;
  for (std::size_t i = 0; i < shared.members.size(); ++i) {
    const unsigned number = shared.members[i].number;
    const Taken& own = taken.at(number);
    shares.push_back({.event = group + shared.members[i].event,
                      .profile = others[number],
                      .taken = own.all,
                      .recorded = own.recorded,
                      .is_filtered = shared.are_filtered[i]});
    others.erase(number);
  }
  for (const auto& [number, hits] : others) shares.push_back({.profile = hits, .is_filtered = true});
  return shares;
}

Result<void> Recorder::switch_file() {
  DTP_CHECK(finish(false));
  return open();
}

Result<void> Recorder::close() { return finish(true); }

// The file's own ledger is what the former files do not tell.
Result<void> Recorder::finish(bool is_final) {
  if (!has_told_) DTP_CHECK(tell_known());
  Ledger now = settle_all(is_final);
  Ledger own = now;
  for (std::size_t i = 0; i < ledger_.events.size(); ++i) own.events[i] = now.events[i] - ledger_.events[i];
  ledger_ = std::move(now);
  DTP_CHECK(writer_->close(options_.origin, own, made_.read_all()));
  closed_bytes_ += writer_->bytes();
  writer_.reset();
  files_.push_back(options_.path);
  if (!keeps_known() || (options_.is_flight && is_final)) return {};
  files_.back() = name_of_time(options_.path, std::chrono::system_clock::now());
  if (::rename(options_.path.c_str(), files_.back().c_str()) != 0)
    return fail(base::system_error("cannot rename to", files_.back(), errno));
  return {};
}

}  // namespace dtp::record
