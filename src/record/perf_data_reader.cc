#include "record/perf_data_reader.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "base/cursor.h"
#include "kernel/perf_records.h"
#include "record/format.h"
#include "record/mapping_record.h"
#include "record/tracing_data.h"

namespace dtp::record {
namespace {

using Bytes = std::span<const std::byte>;

bool has_feature(const FileHeader& header, Feature feature) {
  const auto bit = static_cast<unsigned>(feature);
  return (header.features[bit / 64] >> (bit % 64) & 1) != 0;
}

// After so many bytes of records progress is told.
constexpr std::size_t told_bytes = 256 * 1024;

// Place of a feature in the table: one entry for each bit set below it.
std::size_t table_index(const FileHeader& header, Feature feature) {
  std::size_t index = 0;
  for (unsigned bit = 0; bit < static_cast<unsigned>(feature); ++bit) {
    if (has_feature(header, static_cast<Feature>(bit))) ++index;
  }
  return index;
}

}  // namespace

Error PerfDataReader::error(std::string_view what, std::string hint) const {
  const std::string name = path_ == "-" ? "standard input" : "'" + path_ + "'";
  return {.what = name + " " + std::string(what), .hint = std::move(hint)};
}

Bytes PerfDataReader::section(const FileSection& place) const {
  if (place.offset > file_.size() || place.size > file_.size() - place.offset) return {};
  return file_.subspan(place.offset, place.size);
}

Result<PerfDataReader> PerfDataReader::open(const std::string& path) {
  PerfDataReader reader;
  reader.path_ = path;
  if (path == "-") {
    DTP_TRY(std::string content, base::read_file("/dev/stdin"));
    reader.content_ = std::make_unique<const std::string>(std::move(content));
    reader.file_ = std::as_bytes(std::span(*reader.content_));
  } else {
    DTP_TRY(reader.mapping_, base::map_file(path));
    reader.file_ = reader.mapping_.bytes();
  }
  DTP_CHECK(reader.parse());
  return reader;
}

Result<void> PerfDataReader::parse() {
  base::Cursor cursor(file_);
  const auto magic = cursor.read<std::uint64_t>();
  if (magic == perf_magic_swapped) return fail(error("was recorded on a machine of the other byte order"));
  if (cursor.failed() || magic != perf_magic) return fail(error("is not a perf.data file"));
  if (cursor.read<std::uint64_t>() == 16) {
    return fail(error("is a recording in stream form", "record into a file: perf record -o perf.data"));
  }
  const auto header = base::Cursor(file_).read<FileHeader>();
  if (file_.size() < sizeof header || header.size < sizeof header)
    return fail(error("ends in the middle of its header"));
  DTP_CHECK(parse_events(header));
  data_begin_ = header.data.offset;
  data_end_ = header.data.offset + header.data.size;
  if (data_begin_ > file_.size() || data_end_ < data_begin_) return fail(error("ends before its records"));
  const bool has_none = std::ranges::all_of(header.features, [](std::uint64_t bits) { return bits == 0; });
  is_unfinished_ = has_none || has_feature(header, Feature::unfinished);
  // Records are written over the table before the header tells of them.
  const bool has_table = is_tracing_data(feature_section(header, Feature::tracing_data));
  if (header.data.size == 0 || has_none || (is_unfinished_ && !has_table)) data_end_ = file_.size();
  if (has_feature(header, Feature::compressed)) {
    return fail(error("is compressed", "record without -z"));
  }
  parse_build_ids(header);
  parse_clock(header);
  parse_origin(header);
  parse_ledger(header);
  parse_made(header);
  DTP_TRY(const Bytes formats, find_formats(header));
  return parse_formats(formats, find_members(header));
}

Result<void> PerfDataReader::parse_events(const FileHeader& header) {
  if (header.attr_size < PERF_ATTR_SIZE_VER0 + sizeof(FileSection) || header.attr_size > 4096) {
    return fail(error("has event attributes of an unknown size"));
  }
  const Bytes attrs = section(header.attrs);
  if (attrs.empty()) return fail(error("ends before its events, or has none"));
  base::Cursor cursor(attrs);
  const std::size_t attr_size = header.attr_size - sizeof(FileSection);
  while (cursor.left() >= header.attr_size) {
    StreamEvent event;
    const Bytes attr = cursor.take(attr_size);
    // A newer perf has members that we do not know, an older one lacks some.
    std::memcpy(&event.attr, attr.data(), std::min(attr.size(), sizeof event.attr));
    const Bytes ids = section(cursor.read<FileSection>());
    event.ids.resize(ids.size() / sizeof(std::uint64_t));
    if (!event.ids.empty()) std::memcpy(event.ids.data(), ids.data(), event.ids.size() * sizeof(std::uint64_t));
    events_.push_back(std::move(event));
  }
  return {};
}

Bytes PerfDataReader::feature_section(const FileHeader& header, Feature feature) const {
  if (!has_feature(header, feature)) return {};
  base::Cursor table(file_, std::min(data_end_, file_.size()));
  table.skip(table_index(header, feature) * sizeof(FileSection));
  const auto place = table.read<FileSection>();
  return table.failed() ? Bytes{} : section(place);
}

void PerfDataReader::parse_build_ids(const FileHeader& header) {
  Bytes left = feature_section(header, Feature::build_id);
  for (Bytes record = kernel::take_record(left); !record.empty(); record = kernel::take_record(left))
    if (auto module = parse_build_id(record)) build_ids_.push_back(std::move(*module));
}

void PerfDataReader::parse_clock(const FileHeader& header) {
  base::Cursor cursor(feature_section(header, Feature::clock_data));
  const auto version = cursor.read<std::uint32_t>();
  cursor.skip(4);  // the clock's number
  const auto wall_ns = cursor.read<std::uint64_t>();
  const auto recorded_ns = cursor.read<std::uint64_t>();
  if (!cursor.failed() && version == 1) wall_offset_ns_ = static_cast<std::int64_t>(wall_ns - recorded_ns);
}

std::optional<std::uint32_t> PerfDataReader::clock() const {
  if (events_.empty() || events_.front().attr.use_clockid == 0) return std::nullopt;
  return static_cast<std::uint32_t>(events_.front().attr.clockid);
}

void PerfDataReader::parse_origin(const FileHeader& header) {
  origin_.hostname = parse_text_feature(feature_section(header, Feature::hostname));
  origin_.release = parse_text_feature(feature_section(header, Feature::os_release));
  origin_.arch = parse_text_feature(feature_section(header, Feature::arch));
  origin_.version = parse_text_feature(feature_section(header, Feature::version));
  origin_.command_line = parse_texts_feature(feature_section(header, Feature::command_line));
}

void PerfDataReader::parse_ledger(const FileHeader& header) {
  const Bytes text = feature_section(header, Feature::ledger);
  ledger_ = decode_ledger({reinterpret_cast<const char*>(text.data()), text.size()});
}

// What our files have between the attributes and the data.
Bytes PerfDataReader::front_section(const FileHeader& header) const {
  const std::uint64_t attrs_end = header.attrs.offset + header.attrs.size;
  return attrs_end < data_begin_ ? section({attrs_end, data_begin_ - attrs_end}) : Bytes{};
}

// Behind the formats, in front of what fills up to the data.
std::vector<Member> PerfDataReader::find_members(const FileHeader& header) const {
  const Bytes front = front_section(header);
  std::string_view text(reinterpret_cast<const char*>(front.data()), front.size());
  text = text.substr(0, text.find_last_not_of('\0') + 1);
  const std::size_t start = text.rfind(members_start);
  if (start == std::string_view::npos) return {};
  return decode_members(text.substr(start)).value_or(std::vector<Member>{});
}

void PerfDataReader::parse_made(const FileHeader& header) {
  if (!has_feature(header, Feature::jit)) return;
  const Bytes text = feature_section(header, Feature::jit);
  made_ = decode_jit({reinterpret_cast<const char*>(text.data()), text.size()});
}

Result<Bytes> PerfDataReader::find_formats(const FileHeader& header) const {
  const Bytes formats = feature_section(header, Feature::tracing_data);
  if (is_tracing_data(formats)) return formats;
  // The table may be missing, or half overwritten.
  if (const Bytes in_front = front_section(header); is_tracing_data(in_front)) return in_front;
  if (data_end_ > file_.size() || has_feature(header, Feature::tracing_data)) {
    return fail(error("is cut off: the event formats, which perf writes last, are missing"));
  }
  return fail(error("has no tracepoint or probe events"));
}

Result<void> PerfDataReader::parse_formats(Bytes section, const std::vector<Member>& members) {
  DTP_TRY(const TracingData data, decode_tracing_data(section));
  std::unordered_set<std::uint64_t> recorded;
  for (const StreamEvent& event : events_) {
    if (event.attr.type == PERF_TYPE_TRACEPOINT) recorded.insert(event.attr.config);
  }
  for (const EventFormat& format : data.formats) {
    DTP_TRY(EventSchema schema, parse_format(format.text, format.group));
    if (!recorded.contains(schema.id)) continue;
    std::vector<EventSchema> split = split_members(schema, members);
    if (split.empty()) split.push_back(std::move(schema));
    std::ranges::move(split, std::back_inserter(schemas_));
  }
  return {};
}

Result<void> PerfDataReader::read(const Consumer& consumer, Counts& counts, const Watch& watch) const {
  DTP_TRY(Stream stream, Stream::create(events_, schemas_, consumer));
  for (const Module& module : build_ids_) stream.spaces().set_build_id(module.path, module.build_id);
  if (made_) stream.jit().set(*made_);
  if (clock() != CLOCK_MONOTONIC) stream.jit().ignore_times();
  const Result<void> fed = feed(stream, watch);
  // What was read before the file broke is shown all the same.
  const Result<void> finished = stream.finish();
  counts = stream.counts();
  DTP_CHECK(finished);
  return fed;
}

// A long recording need not stay in memory once it was printed.
void PerfDataReader::release(std::size_t end) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t whole = end / page * page;
  if (content_ == nullptr) (void)::madvise(const_cast<std::byte*>(file_.data()), whole, MADV_DONTNEED);
}

// A round without an end must not be held whole: then records are in order among so many of them, or within so many
// bytes.
constexpr std::size_t most_waiting = std::size_t{1} << 23;
constexpr std::size_t most_round_bytes = std::size_t{1} << 30;

Result<void> PerfDataReader::feed(Stream& stream, const Watch& watch) const {
  const std::size_t end = std::min(data_end_, file_.size());
  std::size_t at = data_begin_;
  std::size_t round_begin = at;
  std::size_t in_round = 0;
  std::size_t next_told = watch ? at : end;
  while (end - at >= sizeof(perf_event_header)) {
    perf_event_header header = {};
    std::memcpy(&header, file_.data() + at, sizeof header);
    if (header.size < sizeof header && is_unfinished_) break;
    if (header.size < sizeof header) return fail(error("has a broken record at byte " + std::to_string(at)));
    if (header.size > end - at) break;
    const Bytes record = file_.subspan(at, header.size);
    at += header.size;
    if (at > next_told) {
      watch(at - data_begin_, end - data_begin_);
      next_told = at + told_bytes;
    }
    if (header.type == record_compressed) return fail(error("is compressed", "record without -z"));
    if (header.type == record_auxtrace) {
      const auto skipped = base::Cursor(record, sizeof header).read<std::uint64_t>();
      if (skipped > end - at) break;
      at += skipped;
    } else if (header.type != record_finished_round) {
      DTP_CHECK(stream.add(record));
      ++in_round;
    }
    if (header.type != record_finished_round && in_round < most_waiting && at - round_begin < most_round_bytes)
      continue;
    DTP_CHECK(stream.end_round());
    release(round_begin);  // only this round's records may still wait
    round_begin = at;
    in_round = 0;
  }
  if (is_unfinished_) return fail(error("has no end: its recorder was killed, or still records"));
  if (at < end) return fail(error("ends in the middle of a record at byte " + std::to_string(at)));
  if (end < data_end_) {
    return fail(error("is cut off at byte " + std::to_string(end) + ": " + std::to_string(data_end_ - end) +
                      " bytes of records are missing"));
  }
  return {};
}

}  // namespace dtp::record
