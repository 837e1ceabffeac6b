// One line on a terminal that says how far long work is. It appears after a second, and goes when the work is done.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dtp::base {

class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  // "reading": what is being done. Nothing is shown where `fd` is no terminal.
  explicit Progress(std::string what, int fd = STDERR_FILENO, Clock::duration delay = std::chrono::seconds(1));
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `whole` bytes; 0: nobody knows how many there are.
  void show(std::uint64_t done, std::uint64_t whole);
  // Others may write to the terminal again.
  void clear();

 private:
  std::string what_;
  int fd_;
  bool is_terminal_;
  bool is_shown_ = false;
  Clock::time_point next_;
};

// "reading [######              ]  31 %"
std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t whole);

}  // namespace dtp::base
