// A record of an event, typed: what streams from the kernel and what a file holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/path.h"
#include "dtracepp/value.h"

namespace dtp::record {

enum class FieldKind {
  unsigned_,
  signed_,
  hex,
  character,  // one character, shown as 'c'
  string,
  bytes,  // a block without inner structure: an address, a hash
  array,
};

// One field of an event, as the kernel's format file and our own knowledge describe it.
struct FieldSchema {
  std::string name = {};
  FieldKind kind = FieldKind::unsigned_;
  int size = 0;                              // bytes in the fixed part of the raw record; dynamic: of the locator(s)
  FieldKind element = FieldKind::unsigned_;  // array: what each element is
  int element_size = 0;                      // array: bytes of one element
  int offset = 0;                            // into the raw record
  bool dynamic = false;                      // __data_loc: `offset` holds a locator (offset | length << 16)
  bool relative = false;                     // __rel_loc: a locator that counts from its own end
  path::Display display = path::Display::none;
  std::string c_type = {};              // as the format file has it
  std::vector<FieldSchema> parts = {};  // of a path or a sequence: the other fields of its value
  bool operator==(const FieldSchema&) const = default;
};

// What one event's records hold. Field order is the kernel's, without the common_ fields.
struct EventSchema {
  std::uint16_t id = 0;  // the kernel's number of the event: the first two bytes of a raw record
  std::string group = {};
  std::string event = {};
  std::vector<FieldSchema> fields = {};
  bool is_probe = false;      // has __probe_ip or __probe_func; `fields` leaves them out
  bool is_return = false;     // has __probe_func and __probe_ret_ip
  int ip_offset = -1;         // of __probe_ip, or of __probe_func; -1: not a probe
  int return_ip_offset = -1;  // of __probe_ret_ip
  int member_offset = -1;     // of the u16 that tells the members of a shared event apart; -1: it is one event
  std::uint16_t member = 0;
  int since_offset = -1;  // of a u64: since when the thread of the record is meant, by its name then; -1: as of now
  bool operator==(const EventSchema&) const = default;
};

// Memory of a process.
struct MemoryRange {
  std::uint32_t pid = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool operator==(const MemoryRange&) const = default;
};

// A file, or the kernel, that code runs from.
struct Module {
  std::string path = {};         // as the process saw it; "[kernel.kallsyms]", "[vdso]"
  std::string build_id = {};     // lower-case hex; empty: not known
  bool is_kernel = false;        // the kernel, or a module of it: offsets are addresses
  std::string kernel_id = {};    // build-id of the kernel that it is a part of
  std::uint64_t code_start = 0;  // where its code begins: an address in the kernel, an offset in a file; 0: not known
  std::string function = {};     // of code that the process made itself: the module is one function
  std::vector<MemoryRange> mapped = {};  // where some processes have it, the last ones last: they may still run
  bool operator==(const Module&) const = default;
};

struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;  // into the file, of `start`
  const Module* module = nullptr;
};

// Code that a process made itself, by where it begins. What lies over another hides it.
struct MadeCode {
  std::uint64_t end = 0;
  const Module* module = nullptr;
};
using MadeCodes = std::map<std::uint64_t, MadeCode>;

// The executable mappings of a process, or of the kernel, at one time.
struct AddressSpace {
  std::uint64_t id = 0;                  // another one after every change
  std::vector<Mapping> mappings = {};    // in order, not overlapping
  std::shared_ptr<MadeCodes> made = {};  // that is known by name; a process that was forked shares it at first
  std::uint64_t made_id = 0;             // another one after every change of that
};

// The stack of a hit as it was recorded.
struct Stack {
  std::vector<std::uint64_t> chain = {};  // innermost first, with the kernel's context marks (PERF_CONTEXT_*)
  const AddressSpace* user = nullptr;     // valid while the record is being looked at
  const AddressSpace* kernel = nullptr;
  // To unwind by: none unless copies of the stack were recorded. They are the file's own bytes.
  std::span<const std::byte> registers = {};  // u64 each, in the order of the kernel's perf_regs.h
  std::span<const std::byte> memory = {};     // from the stack pointer upwards
  bool is_recorded() const { return !chain.empty() || !registers.empty(); }
};

// One address of a stack, with the code that it is in.
struct Frame {
  std::uint64_t address = 0;
  std::uint64_t offset = 0;        // in the module's file; in the kernel, and where there is no module, an address
  const Module* module = nullptr;  // none: no mapping holds it
  bool is_kernel = false;
  bool is_call = false;  // the address is where a call returns to, `offset` is one byte before: within the call
  bool operator==(const Frame&) const = default;
};

// A value means what the program meant: what lies in memory in network order (ip4, port, be16, ...)
// is a plain number here. Absent{"fault"}: the memory could not be read.
struct Record {
  const EventSchema* schema = nullptr;  // owned by the reader; outlives the record
  std::uint64_t time_ns = 0;            // CLOCK_MONOTONIC unless the file says otherwise
  std::uint32_t cpu = 0;
  std::uint32_t pid = 0;                  // process
  std::uint32_t tid = 0;                  // thread
  std::string comm = {};                  // raw, untrusted
  std::uint64_t ip = 0;                   // __probe_ip, or __probe_func of a return
  std::uint64_t return_ip = 0;            // __probe_ret_ip
  std::vector<value::Value> values = {};  // one for each field of the schema
  Stack stack = {};
};

}  // namespace dtp::record
