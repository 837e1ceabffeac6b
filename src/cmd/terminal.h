// What is done for a person at a terminal only: colours, and a pager for what is longer than the screen.
#pragma once

#include "base/file.h"
#include "cmd/command.h"

namespace dtp::cmd {

// Of what goes to this descriptor.
bool has_colour(const Common& common, int fd);

// --no-pager, of commands that print with Paged.
void add_pager_option(CLI::App& command, Common& common);

// While it lives, standard output is kept; then it goes to the terminal, by way of a pager if the screen cannot hold
// it. It does nothing when standard output is no terminal.
class Paged {
 public:
  explicit Paged(const Common& common);
  ~Paged();
  Paged(const Paged&) = delete;
  Paged& operator=(const Paged&) = delete;

 private:
  base::Fd terminal_ = {};  // what standard output was
  base::Fd kept_ = {};      // what it is now; none: as it was
};

}  // namespace dtp::cmd
