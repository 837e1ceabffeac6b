// Events of tracefs' rings as perf's samples, as if a perf ring had given them. Perf's own tools read them, too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace dtp::kernel {

// Which process a thread belongs to. Threads that are gone already are known by what was seen of them before.
class Processes {
 public:
  // FORK records among perf's own.
  void watch(std::span<const std::byte> records);
  std::uint32_t of(std::uint32_t tid) { return tid == last_tid_ ? last_process_ : look_up(tid); }
  void end_round();

 private:
  std::uint32_t look_up(std::uint32_t tid);

  std::uint32_t last_tid_ = 0;  // which is in process 0
  std::uint32_t last_process_ = 0;
  std::map<std::uint32_t, std::uint32_t> seen_ = {};
  std::map<std::uint32_t, std::uint32_t> looked_up_ = {};
};

// An identifier that perf, which counts up from 1, does not give out.
constexpr std::uint64_t first_instance_sample = std::uint64_t{1} << 62;

// Valid until the next page.
struct MadeSamples {
  struct Count {
    std::uint64_t id = 0;
    std::uint64_t samples = 0;
  };
  std::span<const std::byte> bytes = {};
  std::span<const Count> counts = {};  // of each event of the maker
};

class SampleMaker {
 public:
  struct Event {
    std::uint16_t type = 0;                            // the number in events/.../id, with which its records begin
    std::uint64_t id = 0;                              // of its samples
    std::size_t thread_offset = common_thread_offset;  // of the number of the thread that it is a record of
  };
  static constexpr std::size_t common_thread_offset = 4;  // who wrote it
  // `sample_type` as kernel/perf_event.cc chooses it. These rings have no stacks to fill in.
  SampleMaker(std::uint64_t sample_type, std::vector<Event> events);

  // The events of a page, but those of no event of ours. Gives the bytes that are waiting.
  std::size_t add_page(std::span<const std::byte> page, unsigned cpu, Processes& processes);
  MadeSamples samples() const { return {std::span(bytes_).first(used_), counts_}; }
  void clear();
  // How many samples have this identifier, of all pages.
  std::uint64_t made(std::uint64_t id) const;

 private:
  // What stands in front of the raw event's size: the header, and up to seven numbers.
  static constexpr std::size_t most_front = 64;
  using Front = std::array<std::byte, most_front>;
  struct RingEvent {
    std::uint64_t time_ns = 0;
    unsigned cpu = 0;
    std::span<const std::byte> bytes = {};
    std::size_t readable = 0;  // bytes of the page from its start on
  };
  void add_event(const RingEvent& event, Processes& processes);

  std::vector<Event> events_;
  std::vector<Front> fronts_ = {};               // of events_[i]: all but the size, the task, the time, the cpu
  std::vector<MadeSamples::Count> counts_ = {};  // likewise, since clear()
  std::vector<std::uint64_t> made_;              // likewise, before
  std::size_t last_ = 0;                         // the event that came last: the next is mostly of it
  std::size_t task_at_ = 0;                      // in a front: the process, the thread, the time, the cpu
  std::size_t front_bytes_ = 0;
  std::size_t tail_bytes_ = 0;         // behind the raw event
  std::vector<std::byte> bytes_ = {};  // longer than what is used, so that nothing is cleared in vain
  std::size_t used_ = 0;
};

}  // namespace dtp::kernel
