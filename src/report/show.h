// One value of an answer, and how it is shown to people and to programs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dtracepp/record.h"
#include "report/units.h"

namespace dtp::report {

struct Cell {
  value::Value value = value::Value{value::Absent{"not recorded"}};
  const record::FieldSchema* field = nullptr;  // where it comes from; none: of the record itself, or computed
};

// A number; what is none, or could not be read: false.
bool get_number(const Cell& cell, Wide& number);

// What shows need to know of the machine whose values they show.
struct ShowContext {
  std::int64_t wall_offset_ns = 0;                               // from the clock of records to the time of day
  std::function<std::string(std::uint64_t)> kernel_symbol = {};  // of an address; empty: it has none
};

struct Show {
  enum class As {
    automatic,  // as the field's type says
    size,       // bytes
    percent,
    decimal,   // hundredths: 125 is 1.25
    duration,  // nanoseconds
    clock,     // nanoseconds since boot, as the time of day
    since,     // of a time: nanoseconds since that of the line above
    hex,
    error,  // a negative number is an errno
    signal,
    syscall,
    device,         // the kernel's dev_t
    symbol,         // an address of the kernel's code or data
    irq_allowed,    // CPUs that an interrupt may go to
    irq_effective,  // and that it goes to now
    irq_advice,     // what could be done about that
    event,          // as the kernel's own print format of the event names it
    names,          // of single numbers
    flags,          // of bits
    powers,         // the range that a number is in: 0..1, 2, 3..4, 5..8, as the kernel's histograms have it
    steps,          // likewise, of `step` numbers each
    phases,         // see Phases
  };
  As as = As::automatic;
  std::vector<std::pair<std::uint64_t, std::string>> names = {};  // of As::names and As::flags
  const ShowContext* context = nullptr;                           // outlives it; none: numbers stay numbers
  std::uint64_t step = 1;                                         // of As::steps
  Unit unit() const;
  bool is_number() const;  // stands to the right
  bool is_range() const { return as == As::powers || as == As::steps; }
  // Of As::powers and As::steps: where the number is in.
  Distribution::Range range_of(Wide number) const;
};

struct ShowName {
  std::string_view name = {};
  Show::As as = Show::As::automatic;
};
// As recipes name them.
inline constexpr ShowName show_names[] = {{"bytes", Show::As::size},
                                          {"percent", Show::As::percent},
                                          {"decimal", Show::As::decimal},
                                          {"duration", Show::As::duration},
                                          {"clock", Show::As::clock},
                                          {"since", Show::As::since},
                                          {"hex", Show::As::hex},
                                          {"errno", Show::As::error},
                                          {"signal", Show::As::signal},
                                          {"syscall", Show::As::syscall},
                                          {"device", Show::As::device},
                                          {"symbol", Show::As::symbol},
                                          {"enum", Show::As::event},
                                          {"irq-allowed", Show::As::irq_allowed},
                                          {"irq-effective", Show::As::irq_effective},
                                          {"irq-advice", Show::As::irq_advice}};

// Printable; "-" of what is not there.
std::string cell_text(const Cell& cell, const Show& show);
// A number, or a string where people see a name. What is not there is null.
void append_cell_json(std::string& out, const Cell& cell, const Show& show);

}  // namespace dtp::report
