#include "cmd/meanings.h"

#include <ctime>
#include <utility>

#include "record/print_names.h"

namespace dtp::cmd {
namespace {

std::int64_t wall_offset_ns() {
  const auto now = [](clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
}

// Columns that the kernel's print format of an event has names for.
void name_by_events(report::Answer& answer, const std::vector<WatchedEvent>& events) {
  for (report::AnswerColumn& column : answer.columns) {
    if (column.show.as != report::Show::As::event) continue;
    for (const WatchedEvent& event : events) {
      record::PrintNames found = record::print_names(event.format, column.of);
      if (found.names.empty()) continue;
      column.show.as = found.are_flags ? report::Show::As::flags : report::Show::As::names;
      column.show.names = std::move(found.names);
      break;
    }
  }
}

}  // namespace

Meanings::Meanings() {
  context_.wall_offset_ns = wall_offset_ns();
  context_.kernel_symbol = [this](std::uint64_t address) { return symbol_at(address); };
}

std::string Meanings::symbol_at(std::uint64_t address) {
  if (!symbols_) {
    auto read = debug::Symbols::of_kallsyms("/proc/kallsyms", "");
    symbols_ = read ? std::move(*read) : debug::Symbols();
  }
  const debug::Symbol* symbol = symbols_->find_function_at(address);
  return symbol == nullptr ? "" : std::string(symbol->name);
}

report::Answer fill_answer(report::Answer answer, const recipe::Settings& settings,
                           const std::vector<WatchedEvent>& events, const Meanings& meanings) {
  answer.where = settings.fill_where(answer.where);
  answer.histogram = settings.fill(answer.histogram);
  for (report::AnswerColumn& column : answer.columns) {
    column.of = settings.fill(column.of);
    column.show.context = &meanings.context();
  }
  for (report::AnswerColumn& column : answer.each) column.show.context = &meanings.context();
  name_by_events(answer, events);
  return answer;
}

}  // namespace dtp::cmd
