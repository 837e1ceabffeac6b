#include "record/recorder.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "record/perf_data_reader.h"

namespace dtp::record {
namespace {

// A folder of its own that goes with the test, for recordings of one event.
struct Folder {
  std::string path = "/tmp/dtpp-recorder-XXXXXX";
  std::string file;
  Folder() {
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    file = path + "/out";
  }
  ~Folder() { std::filesystem::remove_all(path); }

  Recorder start(RecorderOptions options = {}) {
    kernel::OpenedEvent event{.name = "test:hit", .ids = {11}};
    event.attr.type = PERF_TYPE_TRACEPOINT;
    event.attr.size = sizeof event.attr;
    event.attr.config = 600;
    event.attr.sample_type =
        PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_RAW;
    event.attr.sample_id_all = 1;
    options.path = file;
    auto recorder =
        Recorder::create(std::move(options), {event},
                         {.formats = {{"test",
                                       "name: hit\nID: 600\nformat:\n"
                                       "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
                                       "\tfield:int n;\toffset:8;\tsize:4;\tsigned:1;\n"
                                       "\nprint fmt: \"n=%d\", REC->n\n"}}});
    REQUIRE(recorder.has_value());
    return std::move(*recorder);
  }
};

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string sample(std::uint32_t tid, std::int32_t number, std::uint64_t time = 100) {
  std::string out;
  put(out, perf_event_header{.type = PERF_RECORD_SAMPLE, .misc = 0, .size = 56});
  put(out, std::uint64_t{11});
  put(out, tid);
  put(out, tid);
  put(out, time);
  put(out, std::uint64_t{1});   // cpu
  put(out, std::uint32_t{12});  // raw: common fields, n
  put(out, std::uint16_t{600});
  out.append(6, '\0');
  put(out, number);
  return out;
}

// The end of every record that is no sample: pid, tid, time, cpu, identifier.
std::string trailer(std::uint32_t tid, std::uint64_t time) {
  std::string out;
  put(out, tid);
  put(out, tid);
  put(out, time);
  put(out, std::uint64_t{1});
  put(out, std::uint64_t{11});
  return out;
}

std::string comm(std::uint32_t tid, std::string_view name, std::uint64_t time) {
  std::string out;
  put(out, perf_event_header{.type = PERF_RECORD_COMM, .misc = 0, .size = 56});
  put(out, tid);
  put(out, tid);
  out.append(name).append(8 - name.size(), '\0');
  return out + trailer(tid, time);
}

// `kind` PERF_RECORD_FORK or PERF_RECORD_EXIT.
std::string task(std::uint32_t kind, std::uint32_t tid, std::uint32_t parent, std::uint64_t time) {
  std::string out;
  put(out, perf_event_header{.type = kind, .misc = 0, .size = 64});
  for (const std::uint32_t number : {tid, parent, tid, parent}) put(out, number);
  put(out, time);
  return out + trailer(tid, time);
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// "name:n" of each record.
std::string read(const std::string& path) {
  const auto reader = PerfDataReader::open(path);
  if (!reader) return reader.error().what;
  std::string all;
  Counts counts;
  const auto done = reader->read(
      [&](const Record& record) -> Result<void> {
        all += (all.empty() ? "" : " ") + record.comm + ":" +
               std::to_string(std::get<std::int64_t>(record.values.at(0).of));
        return {};
      },
      counts);
  return done ? all : done.error().what;
}

}  // namespace

TEST_CASE("a limit of events is exact") {
  Folder folder;
  Recorder recorder = folder.start({.most_events = 3});
  REQUIRE(recorder.take(bytes(sample(7, 1) + sample(7, 2))));
  CHECK(!recorder.is_full());
  REQUIRE(recorder.take(bytes(comm(7, "late", 90) + sample(7, 3) + sample(7, 4))));
  CHECK(recorder.is_full());
  REQUIRE(recorder.take(bytes(sample(7, 5))));
  REQUIRE(recorder.end_round());
  REQUIRE(recorder.close());
  CHECK(recorder.samples() == 3);
  CHECK(read(folder.file) == "late:1 late:2 late:3");
}

TEST_CASE("a limit of bytes is never passed, and nearly reached") {
  Folder folder;
  constexpr std::uint64_t limit = 100'000;
  Recorder recorder = folder.start({.most_bytes = limit});
  for (int i = 0; !recorder.is_full(); ++i) {
    REQUIRE(recorder.take(bytes(sample(7, i) + sample(7, i))));
    REQUIRE(recorder.end_round());
  }
  REQUIRE(recorder.close());
  const auto size = std::filesystem::file_size(folder.file);
  CHECK(size == recorder.bytes());
  CHECK(size <= limit);
  CHECK(size > limit - 8192);
}

TEST_CASE("every file knows the names that were told before it began") {
  Folder folder;
  Recorder recorder = folder.start({.switches = true, .switch_bytes = 1});
  recorder.add_task({5, 5, "old"});
  REQUIRE(recorder.take(bytes(comm(7, "first", 90) + sample(7, 1, 100) + sample(5, 1, 101))));
  REQUIRE(recorder.end_round());
  REQUIRE(recorder.take(bytes(task(PERF_RECORD_FORK, 8, 7, 110) + comm(7, "second", 120) + sample(7, 2, 130))));
  REQUIRE(recorder.end_round());
  REQUIRE(recorder.take(bytes(task(PERF_RECORD_EXIT, 5, 1, 140) + sample(5, 3, 139) + sample(7, 3, 150))));
  REQUIRE(recorder.end_round());
  REQUIRE(recorder.end_round());  // nothing new: no further file
  REQUIRE(recorder.take(bytes(sample(5, 4, 160) + sample(7, 4, 161) + sample(8, 4, 162))));
  REQUIRE(recorder.close());
  const auto& files = recorder.files();
  REQUIRE(files.size() == 4);
  CHECK(read(files[0]) == "first:1 old:1");
  CHECK(read(files[1]) == "second:2");
  CHECK(read(files[2]) == "old:3 second:3");
  CHECK(read(files[3]) == "old:4 second:4 first:4");
  CHECK(!std::filesystem::exists(folder.file));
}

TEST_CASE("a fork that is seen after what the child did does not take its name") {
  Folder folder;
  Recorder recorder = folder.start({.switches = true});
  REQUIRE(recorder.take(bytes(comm(7, "parent", 10))));
  REQUIRE(recorder.take(bytes(comm(8, "child", 30) + sample(8, 1, 40))));
  REQUIRE(recorder.switch_file());
  REQUIRE(recorder.take(bytes(task(PERF_RECORD_FORK, 8, 7, 20) + sample(8, 2, 50))));
  for (int i = 0; i < 3; ++i) REQUIRE(recorder.end_round());
  REQUIRE(recorder.switch_file());
  REQUIRE(recorder.take(bytes(sample(8, 3, 60))));
  REQUIRE(recorder.close());
  REQUIRE(recorder.files().size() == 3);
  CHECK(read(recorder.files()[0]) == "child:1");
  CHECK(read(recorder.files()[1]) == "child:2");
  CHECK(read(recorder.files()[2]) == "child:3");
}

TEST_CASE("a flight recorder writes samples alone, with the names that are known when they come") {
  Folder folder;
  Recorder recorder = folder.start({.is_flight = true});
  REQUIRE(recorder.take(bytes(comm(7, "early", 10))));
  for (int i = 0; i < 3; ++i) REQUIRE(recorder.end_round());
  const auto empty = std::filesystem::file_size(folder.file);
  for (std::uint64_t i = 0; i < 9; ++i) REQUIRE(recorder.take(bytes(comm(7, "later", 20 + i))));
  for (int i = 0; i < 3; ++i) REQUIRE(recorder.end_round());
  CHECK(std::filesystem::file_size(folder.file) == empty);
  REQUIRE(recorder.take(bytes(sample(7, 1, 15))));
  REQUIRE(recorder.switch_file());
  REQUIRE(recorder.take(bytes(sample(7, 2, 40))));
  REQUIRE(recorder.close());
  REQUIRE(recorder.files().size() == 2);
  CHECK(recorder.files()[1] == folder.file);
  CHECK(read(recorder.files()[0]) == "later:1");
  CHECK(read(recorder.files()[1]) == "later:2");
}

TEST_CASE("only so many tasks that have ended are remembered") {
  Folder folder;
  Recorder recorder = folder.start({.switches = true, .most_ended = 1});
  REQUIRE(recorder.take(bytes(comm(5, "five", 1) + comm(6, "six", 2) + comm(7, "seven", 3))));
  REQUIRE(recorder.take(bytes(task(PERF_RECORD_EXIT, 5, 1, 4) + task(PERF_RECORD_EXIT, 6, 1, 5))));
  for (int i = 0; i < 2; ++i) REQUIRE(recorder.end_round());
  REQUIRE(recorder.switch_file());
  REQUIRE(recorder.take(bytes(sample(5, 1, 6) + sample(6, 1, 7) + sample(7, 1, 8))));
  REQUIRE(recorder.close());
  CHECK(read(recorder.files().back()) == ":5:1 six:1 seven:1");
}

TEST_CASE("files are named by the time, each differently") {
  Folder folder;
  const auto time = std::chrono::system_clock::from_time_t(1'764'000'000) + std::chrono::milliseconds(129);
  const std::string first = name_of_time(folder.file, time);
  CHECK(first.substr(folder.file.size(), 3) == ".20");
  CHECK(first.size() == folder.file.size() + 17);
  CHECK(first.ends_with("12"));
  std::filesystem::create_directory(first);
  CHECK(name_of_time(folder.file, time) == first + "-2");
}

}  // namespace dtp::record
