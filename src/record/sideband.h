// Names and mappings of tasks as they are now, for a file that begins in the middle of a recording: what is told once,
// when a task starts or maps its code, must stand in every file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "record/address_spaces.h"
#include "record/comm.h"
#include "record/time_order.h"

namespace dtp::record {

// Of a flight recorder, whose records may be old when they are asked for.
constexpr std::size_t most_ended_of_flight = 4096;

class Sideband {
 public:
  // Of so many tasks that have ended the names are kept: their last records may come later.
  explicit Sideband(std::size_t most_ended) : most_ended_(most_ended) {}

  void add_task(const Task& task);
  void add_mapping(const NewMapping& mapping) { spaces_.add(mapping); }
  // Another record than a sample; it counts from when no older one can come: see TimeOrder.
  void note(std::uint64_t time, std::span<const std::byte> record);
  void end_round();

  // Together with the tasks and mappings they are what is known: records that do not count yet.
  void each_waiting(const std::function<void(std::span<const std::byte>)>& use) const;
  void each_task(const std::function<void(const Task&)>& use) const;
  void each_mapping(const std::function<void(const NewMapping&)>& use) const { spaces_.each(use); }

 private:
  struct Known {
    Task task = {};
    bool has_ended = false;
  };
  void apply(std::span<const std::byte> record);
  void end(std::uint32_t tid);
  void forget(std::uint32_t tid);

  std::size_t most_ended_;
  TimeOrder<std::vector<std::byte>> order_ = {};
  std::unordered_map<std::uint32_t, Known> tasks_ = {};
  std::deque<std::uint32_t> ended_ = {};
  AddressSpaces spaces_ = {};
};

}  // namespace dtp::record
