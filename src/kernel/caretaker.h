// A process that outlives this one when it is killed, and then removes what this one had in tracefs.
//
// A recorder that is killed leaves its events enabled in its instance: whoever runs into their probes goes on paying.
// The caretaker waits at a pipe for this process to end in whatever way. It has a session of its own, so that signals
// of the terminal do not reach it, and keeps no other descriptor open.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/file.h"

namespace dtp::kernel {

// A write into a file of tracefs that takes something out again.
struct Undo {
  std::string file = {};
  std::string text = {};
};

class Caretaker {
 public:
  Caretaker() = default;
  // Of a directory of tracefs' instances/, by its absolute path, and of what is to be undone before it can be removed
  // and after that. Without a caretaker the next dtrace++ does it.
  explicit Caretaker(const std::string& directory, const std::vector<Undo>& before = {},
                     const std::vector<Undo>& after = {});
  Caretaker(Caretaker&& other) noexcept : alive_(std::move(other.alive_)), pid_(std::exchange(other.pid_, 0)) {}
  Caretaker& operator=(Caretaker&& other) noexcept {
    std::swap(alive_, other.alive_);
    std::swap(pid_, other.pid_);
    return *this;
  }
  // The directory is gone, or for others to remove.
  ~Caretaker();

 private:
  base::Fd alive_ = {};  // the end of the pipe that closes with this process
  pid_t pid_ = 0;
};

}  // namespace dtp::kernel
