// A question that people ask of a machine, and how it is answered: what is probed, and what is shown of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dtracepp/error.h"
#include "report/pairs.h"
#include "report/table.h"

namespace dtp::recipe {

// What a parameter may be set to, and what `${name}` becomes.
enum class Type {
  boolean,   // yes, no
  number,    // 42
  decimal,   // 1.25: hundredths
  bytes,     // 4096, 64K
  duration,  // 10ms, 2s: nanoseconds
  text,      // a quoted string
  probe,     // what is probed, as on the command line, as it is
  glob,      // a quoted string with * and ?
  ip,        // 10.0.0.1, ::1
  port,      // 443
  pid,
  function,  // the name of a function, or a pattern of them, as it is
  file,      // the path of a program or library, as it is
  word,      // one of `choices`, as it is
};

struct TypeName {
  std::string_view name = {};
  Type type = Type::text;
};
inline constexpr TypeName type_names[] = {
    {"bool", Type::boolean}, {"number", Type::number},     {"decimal", Type::decimal},
    {"bytes", Type::bytes},  {"duration", Type::duration}, {"text", Type::text},
    {"probe", Type::probe},  {"glob", Type::glob},         {"ip", Type::ip},
    {"port", Type::port},    {"pid", Type::pid},           {"function", Type::function},
    {"file", Type::file},    {"word", Type::word}};

struct Parameter {
  std::string name = {};
  Type type = Type::text;
  std::string help = {};
  std::optional<std::string> value = {};  // the default, as people type it; none: what mentions it is left out
  bool is_required = false;
  std::string least = {};  // of numbers; empty: no bound
  std::string most = {};
  std::vector<std::string> choices = {};  // of Type::word
};

// One of the ways to probe for the same thing.
struct Attempt {
  std::string probe = {};    // as on the command line
  std::size_t hz = 0;        // instead of a probe: where each CPU is, so many times a second
  std::string program = {};  // -x
  std::string module = {};   // -m
  std::string only = {};     // a boolean parameter that must be set; empty: always
  std::string kernel = {};   // a glob of the release that raw fetch-args are right for; empty: any
  Where where = {};          // in the recipe's file
};

struct Probe {
  std::string name = {};
  std::vector<Attempt> attempts = {};  // the first that this machine takes is used
  std::string filter = {};
  bool is_optional = false;
  bool is_silent = false;  // its records make no rows: they tell who started whom
  std::string phase = {};  // its records begin, or end, a phase of a pair; empty: they do not
  bool ends_phase = false;
};

// Records of two probes become one row.
struct Pairing {
  std::vector<std::string> from = {};  // names of probes
  std::vector<std::string> to = {};
  std::vector<report::Match> by = {};  // none: by thread
  std::vector<std::string> end = {};   // values of the second record, where both have them
  bool shows_open = false;             // first records without a second one are the answer
  bool stays = false;                  // the first record, for all second ones until the next first one
};

// All that a thread does from one record to another, if that takes long.
struct Run {
  std::vector<std::string> from = {};  // names of probes
  std::vector<std::string> to = {};
  std::vector<std::string> of = {};  // values that are threads whose step a record is
  std::string over = {};             // a duration
};

// Instead of probes: the load of the machine, looked at again and again.
struct Poll {
  std::string every = {};              // a duration
  std::vector<std::string> over = {};  // formulas: when one is true, the threads that run or are blocked are the answer
  std::string rest = {};               // a duration: after such an answer there is none for this long
};

struct Recipe {
  std::string name = {};
  std::string question = {};
  std::string group = {};  // what one is looking at: "files", "network"
  std::string description = {};
  std::string cost = {};
  std::string example = {};  // a command and what it answered
  std::string file = {};     // where it comes from
  std::vector<Parameter> parameters = {};
  std::vector<Probe> probes = {};
  std::optional<Poll> poll = {};  // then there are no probes
  std::optional<Pairing> pairing = {};
  std::optional<Run> run = {};
  bool with_stacks = false;
  std::vector<std::string> stacks_of = {};  // probes; empty: all
  bool unwinds = false;                     // stacks are copied and unwound: for code without frame pointers
  bool is_of_machine = false;               // the hits of one process tell of another: all are watched
  std::vector<std::string> plot = {};       // columns whose way through time is drawn; of what is polled
  report::Answer answer = {};
};

inline constexpr std::string_view groups[] = {"cpu",     "memory",    "disk",  "files",
                                              "network", "processes", "locks", "applications"};

// `file` is what errors name. Everything that is wrong is told at once.
Result<Recipe> parse(std::string_view text, const std::string& file);

}  // namespace dtp::recipe
