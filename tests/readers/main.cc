// Two readers of the same debug information, src/debug by libdw and LLVM's, behind one door, debug::Info: they must
// tell the same of functions, their parameters and types. What our reader knows of lines is compared with LLVM's line
// tables.
//
//   readers [--sample UNITS FUNCTIONS LINES] [--seed NUMBER] FILE...
//
// Without --sample: all functions of each file, and some lines.
//
// Prints the first line that differs, of each function that does.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <span>

#include "debug/source_path.h"
#include "readers/facts.h"
#include "readers/llvm_info.h"

namespace {

using namespace dtp;
using readers::Lines;
using Statement = readers::LlvmInfo::Statement;

struct Sample {
  std::size_t units = static_cast<std::size_t>(-1);
  std::size_t functions = static_cast<std::size_t>(-1);  // of a unit
  std::size_t lines = 20;                                // of a unit
  std::mt19937_64 random{1};

  template <class T>
  std::vector<T> of(std::vector<T> all, std::size_t most) {
    if (all.size() <= most) return all;
    // The standard's own choice differs from library to library.
    for (std::size_t i = 0; i < most; ++i) std::swap(all[i], all[i + random() % (all.size() - i)]);
    all.resize(most);
    return all;
  }
};

struct Count {
  std::size_t functions = 0, facts = 0, lines = 0, untold = 0, failed = 0;
};

class Comparison {
 public:
  Comparison(std::string file, readers::LlvmInfo& llvm, debug::Info& info, Count& count)
      : file_(std::move(file)), llvm_(llvm), info_(info), count_(count) {}

  void function(std::uint64_t entry) {
    const Lines theirs = readers::describe(llvm_, entry), ours = readers::describe(info_, entry);
    ++count_.functions;
    for (std::size_t i = 0; i < std::max(theirs.size(), ours.size()); ++i) {
      const std::string their = i < theirs.size() ? theirs[i] : "(nothing)",
                        our = i < ours.size() ? ours[i] : "(nothing)";
      const bool is_untold = is_somewhere(their);
      if (their == our || (is_untold && without_place(their) == without_place(our))) {
        count_.untold += is_untold;
        ++count_.facts;
        continue;
      }
      return differ(fmt::format("{} at {:#x}", theirs.empty() ? "a function" : theirs[0], entry), their, our);
    }
  }

  // Every statement of the line begins at an address that we know of, and what we know of are statements of it.
  void line(const Statement& wanted, const std::vector<Statement>& statements) {
    ++count_.lines;
    const std::string what = fmt::format("line {}:{}", wanted.file, wanted.line);
    const auto found = info_.find_lines({.file = wanted.file, .lines = {wanted.line}});
    if (!found) return differ(what, "known", found.error().what);
    for (const Statement& statement : statements) {
      if (statement.file != wanted.file || statement.line != wanted.line) continue;
      const bool is_known = std::ranges::any_of(
          *found, [&](const debug::LineInstance& one) { return one.instance.address == statement.address; });
      if (!is_known && is_code(statement.address))
        return differ(what, fmt::format("{:#x}", statement.address), "not that address");
    }
    // A line of a header may be in a thousand units.
    constexpr std::size_t most_asked = 20;
    for (const debug::LineInstance& one : std::span(*found).first(std::min(found->size(), most_asked))) {
      const auto there = llvm_.statements_at(one.instance.address);
      const bool is_statement = std::ranges::any_of(
          there, [&](const Statement& s) { return s.line == wanted.line && debug::matches_tail(s.file, wanted.file); });
      if (!is_statement) return differ(what, "not that address", fmt::format("{:#x}", one.instance.address));
    }
  }

 private:
  static bool is_somewhere(std::string_view line) {
    return line.starts_with("parameter ") && line.ends_with(readers::somewhere);
  }
  static std::string without_place(const std::string& line) {
    return line.substr(0, line.find(' ', std::strlen("parameter ")));
  }

  bool is_code(std::uint64_t address) const {
    const auto around = info_.find_function_at(address);
    return around && !around->empty();
  }

  void differ(const std::string& what, const std::string& theirs, const std::string& ours) {
    ++count_.failed;
    fmt::print("DIFFERENT {}: {}\n    llvm  {}\n    ours  {}\n", file_, what, theirs, ours);
  }

  std::string file_;
  readers::LlvmInfo& llvm_;
  debug::Info& info_;
  Count& count_;
};

bool compare(const std::string& file, Sample& sample) {
  const auto llvm = readers::LlvmInfo::open(file);
  const auto binary = debug::open_binary(file);
  if (!llvm || !binary) return false;
  const auto info = debug::open_dwarf(*binary);
  if (!info) return false;
  Count count;
  Comparison comparison(file, *llvm, **info, count);
  std::vector<std::size_t> units;
  for (std::size_t i = 0; i < llvm->units(); ++i) units.push_back(i);
  for (const std::size_t unit : sample.of(units, sample.units)) {
    for (const std::uint64_t entry : sample.of(llvm->entries(unit), sample.functions)) comparison.function(entry);
    const auto statements = llvm->statements(unit);
    std::set<Statement> lines;  // one for each
    std::set<std::pair<std::string, unsigned>> seen;
    for (const Statement& statement : statements)
      if (seen.emplace(statement.file, statement.line).second) lines.insert(statement);
    for (const Statement& line : sample.of(std::vector(lines.begin(), lines.end()), sample.lines))
      comparison.line(line, statements);
  }
  fmt::print("{}: {} functions with {} facts, {} lines; of {} parameters LLVM's side does not tell the place\n", file,
             count.functions, count.facts, count.lines, count.untold);
  return count.failed == 0 && count.functions > 0;
}

}  // namespace

int main(int count, char** arguments) {
  Sample sample;
  std::size_t passed = 0, failed = 0;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--sample" && i + 3 < count) {
      sample.units = std::strtoull(arguments[++i], nullptr, 10);
      sample.functions = std::strtoull(arguments[++i], nullptr, 10);
      sample.lines = std::strtoull(arguments[++i], nullptr, 10);
    } else if (argument == "--seed" && i + 1 < count) {
      sample.random.seed(std::strtoull(arguments[++i], nullptr, 10));
    } else {
      const bool is_good = compare(argument, sample);
      ++(is_good ? passed : failed);
      if (!is_good) fmt::print("FAIL {}\n", argument);
    }
  }
  fmt::print("{} passed, {} failed, 0 skipped\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
