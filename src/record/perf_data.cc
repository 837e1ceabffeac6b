#include "record/perf_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "kernel/perf_records.h"
#include "record/layout.h"

namespace dtp::record {
namespace {

constexpr std::size_t flush_bytes = 256 * 1024;

template <class T>
void put(std::string& out, const T& number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// A text as features have it: its length with padding, then the bytes, padded with NULs to 64.
void put_string(std::string& out, std::string_view text) {
  const std::size_t padded = (text.size() + 1 + 63) / 64 * 64;
  put(out, static_cast<std::uint32_t>(padded));
  out.append(text).append(padded - text.size(), '\0');
}

std::string string_feature(std::string_view text) {
  std::string out;
  put_string(out, text);
  return out;
}

std::string command_line_feature(const std::vector<std::string>& words) {
  std::string out;
  put(out, static_cast<std::uint32_t>(words.size()));
  for (const std::string& word : words) put_string(out, word);
  return out;
}

std::string cpus_feature(const Origin& origin) {
  std::string out;
  put(out, origin.cpus_available);
  put(out, origin.cpus_online);
  return out;
}

std::string descriptions_feature(const std::vector<kernel::OpenedEvent>& events) {
  std::string out;
  put(out, static_cast<std::uint32_t>(events.size()));
  put(out, static_cast<std::uint32_t>(sizeof(perf_event_attr)));
  for (const kernel::OpenedEvent& event : events) {
    put(out, event.attr);
    put(out, static_cast<std::uint32_t>(event.ids.size()));
    put_string(out, event.name);
    for (const std::uint64_t id : event.ids) put(out, id);
  }
  return out;
}

std::uint64_t nanoseconds(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::string clock_id_feature(clockid_t clock) {
  timespec resolution = {};
  ::clock_getres(clock, &resolution);
  std::string out;
  put(out, nanoseconds(resolution));
  return out;
}

// A moment on both clocks, from which perf computes the time of day of a record.
std::string clock_data_feature(clockid_t clock) {
  timespec wall = {};
  timespec recorded = {};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(clock, &recorded);
  std::string out;
  put(out, std::uint32_t{1});  // version
  put(out, static_cast<std::uint32_t>(clock));
  put(out, nanoseconds(wall));
  put(out, nanoseconds(recorded));
  return out;
}

// The header is written again at the end: what cannot be rewound cannot hold a recording.
Error is_a_pipe(const std::string& path) {
  return {.what = "cannot record into '" + path + "': it is a pipe",
          .hint = "record into a file",
          .status = Status::wrong_request};
}

Result<base::Fd> open_device(const std::string& path) {
  DTP_TRY(base::Fd fd, base::open_file(path, O_WRONLY));
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) return fail(is_a_pipe(path));
  return fd;
}

// Makes room for a new file. Only what is a regular file is moved away: the user may mean /dev/null.
Result<base::Fd> create_file(const std::string& path) {
  if (path == "-") return fail(is_a_pipe(path));
  struct stat status = {};
  const bool exists = ::lstat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) return fail(base::system_error("cannot write", path, EISDIR));
  if (exists && !S_ISREG(status.st_mode)) return open_device(path);
  if (exists && ::rename(path.c_str(), (path + ".old").c_str()) != 0) {
    return fail(base::system_error("cannot move away the old", path, errno));
  }
  return base::open_file(path, O_RDWR | O_CREAT | O_EXCL);
}

}  // namespace

Origin this_machine() {
  Origin origin;
  utsname names = {};
  if (::uname(&names) == 0) {
    origin.hostname = names.nodename;
    origin.release = names.release;
    origin.arch = names.machine;
  }
  const std::string words = base::read_file("/proc/self/cmdline").value_or("");
  for (std::size_t at = 0, end = 0; (end = words.find('\0', at)) != std::string::npos; at = end + 1) {
    origin.command_line.push_back(words.substr(at, end - at));
  }
  origin.cpus_available = static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)));
  origin.cpus_online = static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  return origin;
}

Result<PerfDataWriter> PerfDataWriter::create(std::string path, std::span<const kernel::OpenedEvent> events,
                                              const TracingData& formats) {
  PerfDataWriter writer;
  writer.path_ = std::move(path);
  writer.events_.assign(events.begin(), events.end());
  if (!events.empty()) writer.trailer_size_ = make_layout(events.front().attr).trailer_size;
  DTP_TRY(writer.fd_, create_file(writer.path_));

  std::string front;
  std::vector<FileSection> ids;
  for (const kernel::OpenedEvent& event : events) {
    ids.push_back({sizeof(FileHeader) + front.size(), event.ids.size() * sizeof(std::uint64_t)});
    for (const std::uint64_t id : event.ids) put(front, id);
  }
  FileHeader& header = writer.header_;
  header.attr_size = sizeof(perf_event_attr) + sizeof(FileSection);
  header.attrs = {sizeof(FileHeader) + front.size(), header.attr_size * events.size()};
  for (std::size_t i = 0; i < events.size(); ++i) {
    put(front, events[i].attr);
    put(front, ids[i]);
  }
  const std::string formats_text = encode_tracing_data(formats);
  writer.formats_ = {sizeof(FileHeader) + front.size(), formats_text.size()};
  front += formats_text;
  if (!formats.members.empty()) front += encode_members(formats.members);
  front.append((8 - front.size() % 8) % 8, '\0');
  header.data = {sizeof(FileHeader) + front.size(), 0};

  std::string start;
  put(start, header);
  DTP_CHECK(base::write_all(writer.fd_.get(), start + front, writer.path_));
  return writer;
}

void PerfDataWriter::add_task(const Task& task) {
  const std::size_t name_size = (task.comm.size() + 1 + 7) / 8 * 8;
  perf_event_header header = {.type = PERF_RECORD_COMM, .misc = 0, .size = 0};
  header.size = static_cast<std::uint16_t>(sizeof header + 8 + name_size + trailer_size_);
  put(pending_, header);
  put(pending_, task.pid);
  put(pending_, task.tid);
  pending_.append(task.comm).append(name_size - task.comm.size(), '\0');
  pending_.append(trailer_size_, '\0');  // time zero: before everything
}

Result<void> PerfDataWriter::append(std::span<const std::byte> records) {
  const std::string_view bytes(reinterpret_cast<const char*>(records.data()), records.size());
  if (pending_.size() + bytes.size() < flush_bytes) {
    pending_.append(bytes);
    return {};
  }
  // A ring's worth is not copied once more.
  if (auto flushed = flush(); !flushed) {
    dropped_.append(bytes);
    return flushed;
  }
  return write_records(bytes);
}

Result<void> PerfDataWriter::end_round() {
  if (pending_.empty()) return {};
  put(pending_, perf_event_header{.type = record_finished_round, .misc = 0, .size = sizeof(perf_event_header)});
  return flush();
}

void PerfDataWriter::mark_feature(Feature feature, bool is_there) {
  const auto bit = static_cast<unsigned>(feature);
  const std::uint64_t mask = 1ULL << (bit % 64);
  header_.features[bit / 64] = is_there ? header_.features[bit / 64] | mask : header_.features[bit / 64] & ~mask;
}

Result<void> PerfDataWriter::flush() { return write_records(std::exchange(pending_, {})); }

Result<void> PerfDataWriter::write_records(std::string_view records) {
  auto written = base::write_all(fd_.get(), records, path_);
  if (written) {
    header_.data.size += records.size();
    return end_here();
  }
  cut_back(records);
  (void)end_here();  // what cannot be written now could be before: the old end is still good
  return written;
}

// The file is whole now, with the formats as its only feature; the next records go over this table.
Result<void> PerfDataWriter::end_here() {
  std::string table;
  put(table, formats_);
  put(table, FileSection{});  // of Feature::unfinished
  DTP_CHECK(base::write_all(fd_.get(), table, path_));
  if (::lseek(fd_.get(), static_cast<off_t>(end_of_data()), SEEK_SET) < 0)
    return fail(base::system_error("cannot write", path_, errno));
  mark_feature(Feature::tracing_data);
  mark_feature(Feature::unfinished);
  return write_header();
}

// The disk is full, or the file as large as it may be. Of the records that were written the whole ones stay, but for
// so many that close() finds room where they were.
void PerfDataWriter::cut_back(std::string_view records) {
  constexpr std::uint64_t room_for_end = 16 * 1024;
  const off_t reached = ::lseek(fd_.get(), 0, SEEK_CUR);
  const std::uint64_t written = reached < 0 ? 0 : static_cast<std::uint64_t>(reached) - end_of_data();
  std::size_t kept = 0;
  auto left = std::as_bytes(std::span(records));
  for (auto record = kernel::take_record(left); !record.empty(); record = kernel::take_record(left)) {
    if (kept + record.size() + room_for_end > written) break;
    kept += record.size();
  }
  header_.data.size += kept;
  dropped_ = records.substr(kept);
  (void)::lseek(fd_.get(), static_cast<off_t>(end_of_data()), SEEK_SET);
}

Result<void> PerfDataWriter::write_header() {
  if (::pwrite(fd_.get(), &header_, sizeof header_, 0) != sizeof header_) {
    return fail(base::system_error("cannot write", path_, errno));
  }
  return {};
}

Result<void> PerfDataWriter::close(const Origin& origin, const Ledger& ledger, const JitProcesses& made) {
  DTP_CHECK(flush());
  std::vector<std::pair<Feature, std::string>> features{
      {Feature::hostname, string_feature(origin.hostname)},
      {Feature::os_release, string_feature(origin.release)},
      {Feature::version, string_feature(origin.version)},
      {Feature::arch, string_feature(origin.arch)},
      {Feature::cpus, cpus_feature(origin)},
      {Feature::command_line, command_line_feature(origin.command_line)},
      {Feature::event_descriptions, descriptions_feature(events_)}};
  if (!events_.empty() && events_.front().attr.use_clockid != 0) {
    const clockid_t clock = events_.front().attr.clockid;
    features.emplace_back(Feature::clock_id, clock_id_feature(clock));
    features.emplace_back(Feature::clock_data, clock_data_feature(clock));
  }
  features.emplace_back(Feature::jit, encode_jit(made));
  features.emplace_back(Feature::ledger, encode_ledger(ledger));
  mark_feature(Feature::tracing_data);
  mark_feature(Feature::unfinished, false);
  std::string table;
  std::string contents;
  put(table, formats_);
  const std::uint64_t start = end_of_data() + sizeof(FileSection) * (features.size() + 1);
  for (const auto& [feature, content] : features) {
    mark_feature(feature);
    put(table, FileSection{start + contents.size(), content.size()});
    contents += content;
  }
  DTP_CHECK(base::write_all(fd_.get(), table + contents, path_));
  features_size_ = table.size() + contents.size();
  // Behind it there may be what did not stay.
  if (!dropped_.empty()) (void)::ftruncate(fd_.get(), static_cast<off_t>(bytes()));
  return write_header();
}

}  // namespace dtp::record
