// The hinge between the front ends (expressions, debug information) and the back ends (kernel
// fetch-args, and later memory of a dump): where a value comes from and how it is read.
//
//   file->f_path.dentry  at the entry of vfs_read:  base %di, one dereference at +24
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dtracepp/display.h"
#include "dtracepp/error.h"
#include "dtracepp/type.h"

namespace dtp::path {

// Bases: what the chain of dereferences starts from.
struct Register {
  int number = 0;
  bool operator==(const Register&) const = default;
};  // DWARF number
struct NamedRegister {
  std::string name = {};
  bool operator==(const NamedRegister&) const = default;
};  // one DWARF does not number: %ip
struct Argument {
  int number = 1;
  bool operator==(const Argument&) const = default;
};  // $argN, from 1
struct ReturnValue {
  bool operator==(const ReturnValue&) const = default;
};  // $retval
struct StackPointer {
  bool operator==(const StackPointer&) const = default;
};  // $stack
struct StackSlot {
  int number = 0;
  bool operator==(const StackSlot&) const = default;
};  // $stackN
struct Comm {
  bool operator==(const Comm&) const = default;
};  // $comm
struct Constant {
  std::int64_t value = 0;
  bool operator==(const Constant&) const = default;
};  // \1
struct Text {
  std::string text = {};
  bool operator==(const Text&) const = default;
};  // \"text"
// The contents of static memory: @SYM+8, @ADDR, @+FILEOFF. `with_offset` spells a zero offset out.
struct Symbol {
  std::string name = {};
  std::int64_t offset = 0;
  bool with_offset = false;
  bool operator==(const Symbol&) const = default;
};
struct Address {
  std::uint64_t address = 0;
  bool operator==(const Address&) const = default;
};
struct FileOffset {
  std::uint64_t offset = 0;
  bool operator==(const FileOffset&) const = default;
};
// A field of the tracepoint that an event probe is attached to: $prev_comm.
struct EventField {
  std::string name = {};
  bool operator==(const EventField&) const = default;
};

using Base = std::variant<Register, NamedRegister, Argument, ReturnValue, StackPointer, StackSlot, Comm, Constant, Text,
                          Symbol, Address, FileOffset, EventField>;

// Read memory at (the value so far) + offset.
struct Deref {
  std::int64_t offset = 0;
  bool user = false;  // an address of the user's address space: +u
  bool operator==(const Deref&) const = default;
};

struct Path {
  Base base = {};
  std::vector<Deref> derefs = {};  // innermost first
  bool operator==(const Path&) const = default;
};

// How the last value is taken out of memory or a register.
enum class Form { unsigned_, signed_, hex, string, ustring, symbol, symstr, character, bitfield, dentry_name, file_name };

struct Read {
  Form form = Form::hex;
  int bits = 64;           // of one element: 8, 16, 32, 64
  int bitfield_width = 0;  // Form::bitfield: bWIDTH@OFFSET/bits, OFFSET from the least significant bit
  int bitfield_offset = 0;
  std::optional<int> count = {};  // an array of so many elements
  bool operator==(const Read&) const = default;
};

// What the kernel's interpreter does for a value, of which it has limits::most_fetch_steps: static memory takes more
// than a register, each dereference one, and bits and arrays one more.
inline std::size_t fetch_steps(const Path& path, const std::optional<Read>& read) {
  const bool is_memory = std::holds_alternative<Address>(path.base) || std::holds_alternative<FileOffset>(path.base);
  const std::size_t base = std::holds_alternative<Symbol>(path.base) ? 3 : is_memory ? 2 : 1;
  return base + path.derefs.size() + (read && (read->form == Form::bitfield || read->count) ? 1 : 0);
}

// One step of the way from the expression to the path, for people: `dtrace++ show`.
struct Step {
  std::string text = {};          // the piece of the expression up to here
  std::string type = {};          // its C type
  std::optional<Path> path = {};  // how the kernel would fetch it; none: it is in several places
  std::int64_t added = 0;         // to the value: an address that is computed, not fetched
  std::string note = {};          // where the knowledge comes from
};

// A value to be fetched at a site, under a name.
struct Field {
  std::string name = {};  // empty: the kernel names it argN
  Path path = {};
  std::optional<Read> read = {};  // none: the kernel's default, an unsigned 64-bit number in hex
  Display display = Display::none;
  std::string c_type = {};          // empty: not known
  std::size_t argument = 0;         // index of the user's argument that this comes from
  bool is_member_of_whole = false;  // one of many: the argument is a whole struct
  std::vector<Step> steps = {};
};

// How the kernel gets to the place.
enum class Way {
  breakpoint,  // kprobe, kretprobe, uprobe: any instruction, or a return
  event,       // event probe: what a tracepoint recorded
  tracepoint,  // tprobe: what a tracepoint is called with, also one that records nothing
  function,    // fprobe: entry or return of a whole function, which ftrace can watch
};

// Where a probe is put: a symbol and an offset, or an address.
struct Site {
  std::string object = {};    // user-space: the file's path; kernel module: its name; tracepoint: its system;
                              // empty: the kernel
  std::string symbol = {};    // of a tracepoint its name; empty: `address` is meant
  std::uint64_t offset = 0;   // from the symbol; user-space: unused
  std::uint64_t address = 0;  // kernel: link-time address; user-space: offset into the file
  std::uint64_t counter = 0;  // user-space: offset of what counts those who listen; 0: there is none
  bool user = false;
  bool is_return = false;
  Way way = Way::breakpoint;
  bool operator==(const Site&) const = default;
};

// A probe of a function's entry that is put on a later instruction, for it costs less there.
struct Placement {
  std::uint64_t bytes = 0;       // behind the entry
  std::string instruction = {};  // that stands there
};

// One probe point: a site with what is fetched there. All share the event's field names and types.
struct Point {
  Site site = {};
  std::vector<Field> fields = {};
  std::optional<Placement> placement = {};  // none: where it was asked for
};

// A place that gets no probe, because its arguments cannot be read there.
struct Omission {
  Site site = {};
  Error reason = {};
};

// A whole event.
struct Plan {
  std::string group = {};
  std::string event = {};
  std::vector<Point> points = {};
  std::vector<Error> warnings = {};  // what was done all the same
};

}  // namespace dtp::path
