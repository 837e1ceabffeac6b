// Write and read back. What other programs make of our files is tested against perf itself.
#include "record/perf_data.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "record/perf_data_reader.h"

namespace dtp::record {
namespace {

constexpr std::string_view format_text =
    "name: hit\nID: 600\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int n;\toffset:8;\tsize:4;\tsigned:1;\n"
    "\nprint fmt: \"n=%d\", REC->n\n";

// A folder of its own that goes with the test.
struct Folder {
  std::string path = "/tmp/dtpp-perf-data-XXXXXX";
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(std::string_view name) const { return path + "/" + std::string(name); }
};

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// PERF_RECORD_SAMPLE of identifier, tid, time, cpu and raw.
std::string sample(std::uint64_t id, std::uint64_t time, std::uint32_t tid, std::int32_t number) {
  std::string out;
  put(out, perf_event_header{.type = PERF_RECORD_SAMPLE, .misc = 0, .size = 56});
  put(out, id);
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

std::string comm(std::uint32_t tid, std::string_view name, std::uint64_t id, std::uint64_t time) {
  std::string out;
  put(out, perf_event_header{.type = PERF_RECORD_COMM, .misc = 0, .size = 56});
  put(out, tid);
  put(out, tid);
  out.append(name).append(8 - name.size(), '\0');
  put(out, tid);
  put(out, tid);
  put(out, time);
  put(out, std::uint64_t{1});
  put(out, id);
  return out;
}

kernel::OpenedEvent opened() {
  kernel::OpenedEvent event{.name = "test:hit", .ids = {11, 12}};
  event.attr.type = PERF_TYPE_TRACEPOINT;
  event.attr.size = sizeof event.attr;
  event.attr.config = 600;
  event.attr.sample_type =
      PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_RAW;
  event.attr.sample_id_all = 1;
  return event;
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// Three samples of two rings in two rounds, with names.
void write_file(const std::string& path, bool close) {
  const std::vector<kernel::OpenedEvent> events{opened()};
  auto writer = PerfDataWriter::create(path, events, {.formats = {{"test", std::string(format_text)}}});
  REQUIRE(writer.has_value());
  writer->add_task({7, 7, "old"});
  REQUIRE(writer->append(bytes(sample(11, 300, 7, 3) + sample(11, 500, 8, 5))));
  REQUIRE(writer->append(bytes(sample(12, 100, 7, 1) + comm(7, "new", 12, 200))));
  REQUIRE(writer->end_round());
  REQUIRE(writer->append(bytes(sample(12, 400, 7, 4))));
  REQUIRE(writer->end_round());
  if (close)
    REQUIRE(writer->close(this_machine(), {{{.event = "test:hit", .hits = 9, .recorded = 4, .ring_full = 5}}}, {}));
}

struct ReadBack {
  std::vector<std::string> lines = {};
  Counts counts = {};
  std::string error = {};
};

ReadBack read_file(const std::string& path) {
  ReadBack back;
  const auto reader = PerfDataReader::open(path);
  if (!reader) return {.error = reader.error().what};
  const auto read = reader->read(
      [&](const Record& record) -> Result<void> {
        back.lines.push_back(record.comm + " " + std::to_string(record.time_ns) + " " + record.schema->event + " " +
                             std::to_string(std::get<std::int64_t>(record.values.at(0).of)));
        return {};
      },
      back.counts);
  if (!read) back.error = read.error().what;
  return back;
}

const std::vector<std::string> all_lines{"old 100 hit 1", "new 300 hit 3", "new 400 hit 4", ":8 500 hit 5"};

}  // namespace

TEST_CASE("a file is read back in order of time, with names as they were then") {
  const Folder folder;
  write_file(folder.file("a"), true);
  const ReadBack back = read_file(folder.file("a"));
  CHECK(back.lines == all_lines);
  CHECK(back.error.empty());
  CHECK(back.counts.records == 4);
  CHECK((std::filesystem::status(folder.file("a")).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("the ledger of a file") {
  const Folder folder;
  write_file(folder.file("a"), true);
  const auto reader = PerfDataReader::open(folder.file("a"));
  REQUIRE(reader.has_value());
  CHECK(reader->ledger() == Ledger{{{.event = "test:hit", .hits = 9, .recorded = 4, .ring_full = 5}}});
}

TEST_CASE("a recording that was killed is read up to its last write, and its end is missed") {
  const Folder folder;
  const std::string path = folder.file("a");
  write_file(path, false);
  const std::string no_end = "'" + path + "' has no end: its recorder was killed, or still records";
  CHECK(read_file(path).lines == all_lines);
  CHECK(read_file(path).error == no_end);

  // Killed within a write: records, whole ones and a piece of one, are where the table was.
  FileHeader header;
  std::ifstream(path).read(reinterpret_cast<char*>(&header), sizeof header);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(header.data.offset + header.data.size));
  file << sample(11, 600, 7, 6) << sample(11, 700, 7, 7) << sample(11, 800, 7, 8).substr(0, 20);
  file.close();
  std::vector<std::string> more = all_lines;
  more.insert(more.end(), {"new 600 hit 6", "new 700 hit 7"});
  CHECK(read_file(path).lines == more);
  CHECK(read_file(path).error == no_end);
}

TEST_CASE("the recording that was there before is kept") {
  const Folder folder;
  std::ofstream(folder.file("a")) << "old";
  write_file(folder.file("a"), true);
  CHECK(std::filesystem::file_size(folder.file("a.old")) == 3);
  CHECK(read_file(folder.file("a")).lines == all_lines);
}

TEST_CASE("a file cut anywhere gives what is whole, then one clear error") {
  const Folder folder;
  const std::string path = folder.file("a");
  write_file(path, true);
  const auto whole = std::filesystem::file_size(path);
  for (auto size = whole; size-- > 0;) {
    std::filesystem::resize_file(path, size);
    const ReadBack back = read_file(path);
    CAPTURE(size);
    CHECK(back.lines.size() <= all_lines.size());
    if (back.lines.size() < all_lines.size()) CHECK(!back.error.empty());
  }
  CHECK(read_file(path).error == "'" + path + "' is not a perf.data file");
}

TEST_CASE("the error says where the file ends") {
  const Folder folder;
  const std::string path = folder.file("a");
  write_file(path, true);
  const auto header = [&] {
    FileHeader read;
    std::ifstream(path).read(reinterpret_cast<char*>(&read), sizeof read);
    return read;
  }();
  const std::uint64_t end = header.data.offset + header.data.size;
  std::filesystem::resize_file(path, end - 8 - 10);  // a round's mark, and into the last sample
  CHECK(read_file(path).error ==
        "'" + path + "' ends in the middle of a record at byte " + std::to_string(end - 8 - 56));
  std::filesystem::resize_file(path, end - 8 - 56);
  CHECK(read_file(path).error ==
        "'" + path + "' is cut off at byte " + std::to_string(end - 64) + ": 64 bytes of records are missing");
}

TEST_CASE("forms that are not read say so") {
  const Folder folder;
  const std::string path = folder.file("a");
  const auto write = [&](std::uint64_t magic, std::uint64_t size) {
    std::string content;
    put(content, magic);
    put(content, size);
    content.append(200, '\0');
    std::ofstream(path) << content;
    return read_file(path).error.substr(path.size() + 3);
  };
  CHECK(write(perf_magic_swapped, 104) == "was recorded on a machine of the other byte order");
  CHECK(write(perf_magic, 16) == "is a recording in stream form");
  CHECK(write(perf_magic, 104) == "has event attributes of an unknown size");
  CHECK(write(1, 104) == "is not a perf.data file");
}

}  // namespace dtp::record
