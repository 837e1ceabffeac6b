#include "kernel/ring.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstring>
#include <string>

namespace dtp::kernel {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t size = 4096;

// A ring that the test fills as the kernel would.
class Filled {
 public:
  Filled()
      : memory_(::mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
        ring_(base::Mapping(memory_, page + size), page) {}

  void put(std::uint32_t type, std::uint16_t bytes, std::uint64_t fill) {
    std::vector<std::uint64_t> words(bytes / 8, fill);
    const perf_event_header header{type, 0, bytes};
    std::memcpy(words.data(), &header, sizeof header);
    for (const std::uint64_t word : words) {
      std::memcpy(static_cast<char*>(memory_) + page + (control()->data_head & (size - 1)), &word, sizeof word);
      control()->data_head += sizeof word;
    }
  }

  perf_event_mmap_page* control() { return static_cast<perf_event_mmap_page*>(memory_); }

  // The records as "type:size:last word", one span in brackets.
  std::string drain() {
    std::string out;
    const auto drained = ring_.drain([&](std::span<const std::byte> records) -> Result<void> {
      out += "[";
      for (std::size_t at = 0; at < records.size();) {
        perf_event_header header = {};
        std::memcpy(&header, records.data() + at, sizeof header);
        std::uint64_t last = 0;
        std::memcpy(&last, records.data() + at + header.size - 8, sizeof last);
        out += " " + std::to_string(header.type) + ":" + std::to_string(header.size) + ":" + std::to_string(last);
        at += header.size;
      }
      out += " ]";
      return {};
    });
    return drained ? out : drained.error().what;
  }

  const Ring& ring() const { return ring_; }

 private:
  void* memory_;
  Ring ring_;
};

}  // namespace

TEST_CASE("whole records, in order, and the room is given back") {
  Filled filled;
  CHECK(filled.drain() == "");
  filled.put(PERF_RECORD_SAMPLE, 16, 1);
  filled.put(PERF_RECORD_SAMPLE, 24, 2);
  CHECK(filled.drain() == "[ 9:16:1 9:24:2 ]");
  CHECK(filled.control()->data_tail == 40);
  CHECK(filled.drain() == "");
}

TEST_CASE("a record over the end is put together") {
  Filled filled;
  filled.put(PERF_RECORD_SAMPLE, 4080, 1);
  CHECK(filled.drain() == "[ 9:4080:1 ]");
  filled.put(PERF_RECORD_SAMPLE, 8, 0);
  filled.put(PERF_RECORD_SAMPLE, 64, 3);
  filled.put(PERF_RECORD_SAMPLE, 16, 4);
  CHECK(filled.drain().ends_with("][ 9:64:3 ][ 9:16:4 ]"));
  CHECK(filled.control()->data_tail == filled.control()->data_head);
}

TEST_CASE("a full ring") {
  Filled filled;
  filled.put(PERF_RECORD_SAMPLE, 2048, 1);
  CHECK(filled.drain() == "[ 9:2048:1 ]");
  filled.put(PERF_RECORD_SAMPLE, 4096, 2);
  CHECK(filled.drain() == "[ 9:4096:2 ]");
}

TEST_CASE("lost records are counted") {
  Filled filled;
  filled.put(PERF_RECORD_LOST, 24, 7);
  filled.put(PERF_RECORD_SAMPLE, 16, 1);
  filled.put(PERF_RECORD_LOST, 48, 5);
  CHECK(filled.drain() == "[ 2:24:7 9:16:1 2:48:5 ]");
  CHECK(filled.ring().lost() == 12);
}

TEST_CASE("a fork is told from a new thread") {
  const auto seen = [](std::uint64_t pid_and_parent) {
    Filled filled;
    filled.put(PERF_RECORD_FORK, 32, pid_and_parent);
    CHECK_FALSE(filled.drain().empty());
    return filled.ring().has_seen_new_process();
  };
  CHECK(seen(0x0000'0007'0000'0008));
  CHECK_FALSE(seen(0x0000'0007'0000'0007));
}

TEST_CASE("a record that cannot be ends the reading") {
  Filled short_record;
  short_record.put(PERF_RECORD_SAMPLE, 8, 0);
  std::memset(static_cast<void*>(reinterpret_cast<char*>(short_record.control()) + page), 0, 8);
  CHECK(short_record.drain() == "the kernel's ring holds a record that cannot be");
  Filled long_record;
  long_record.put(PERF_RECORD_SAMPLE, 64, 0);
  long_record.control()->data_head = 16;
  CHECK(long_record.drain() == "the kernel's ring holds a record that cannot be");
}

TEST_CASE("an error of the taker is handed on and nothing is given back") {
  Filled filled;
  filled.put(PERF_RECORD_SAMPLE, 16, 1);
  Ring& ring = const_cast<Ring&>(filled.ring());
  CHECK(ring.drain([](auto) -> Result<void> { return fail({.what = "disk full"}); }).error().what == "disk full");
  CHECK(filled.control()->data_tail == 0);
}

}  // namespace dtp::kernel
