// A record of an event, typed: what streams from the kernel and what a file holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/path.h"
#include "dtracepp/value.h"

namespace dtp::record {

enum class FieldKind { unsigned_, signed_, hex, string, bytes, array };

// One field of an event, as the kernel's format file and our own knowledge describe it.
struct FieldSchema {
  std::string name = {};
  FieldKind kind = FieldKind::unsigned_;
  int size = 0;                 // bytes of the whole field in the raw record; a string: of its locator
  int element_size = 0;         // array: bytes of one element
  bool element_signed = false;  // array
  int offset = 0;               // into the raw record
  bool dynamic = false;         // __data_loc: `offset` holds a locator (offset | length << 16)
  path::Display display = path::Display::none;
  std::string c_type = {};      // as the format file has it
};

// What one event's records hold. Field order is the kernel's, without the common_ fields.
struct EventSchema {
  std::uint16_t id = 0;         // the kernel's number of the event: the first two bytes of a raw record
  std::string group = {};
  std::string event = {};
  std::vector<FieldSchema> fields = {};
  bool is_probe = false;        // has __probe_ip; `fields` leaves it out
  bool is_return = false;       // has __probe_func and __probe_ret_ip
};

struct Record {
  const EventSchema* schema = nullptr;  // owned by the reader; outlives the record
  std::uint64_t time_ns = 0;            // CLOCK_MONOTONIC unless the file says otherwise
  std::uint32_t cpu = 0;
  std::uint32_t pid = 0;                // process
  std::uint32_t tid = 0;                // thread
  std::string comm = {};                // raw, untrusted
  std::uint64_t ip = 0;                 // __probe_ip, or __probe_func of a return
  std::uint64_t return_ip = 0;          // __probe_ret_ip
  std::vector<value::Value> values = {};  // one for each field of the schema
};

}  // namespace dtp::record
