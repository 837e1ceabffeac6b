#include "base/progress.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <stdlib.h>

#include "base/file.h"

#include <fcntl.h>

namespace dtp::base {
namespace {

// Both ends of a terminal.
struct Terminal {
  Fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  Fd slave{::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0
               ? ::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)
               : -1};

  std::string shown() const {
    std::string text;
    char bytes[4096];
    for (pollfd wait{.fd = master.get(), .events = POLLIN, .revents = 0}; ::poll(&wait, 1, 0) > 0;) {
      const ssize_t got = ::read(master.get(), bytes, sizeof bytes);
      if (got <= 0) break;
      text.append(bytes, static_cast<std::size_t>(got));
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a bar says how much is done") {
  CHECK(progress_text("reading", 31, 100) == "reading [#########                     ]  31 %");
  CHECK(progress_text("reading", 0, 100) == "reading [                              ]   0 %");
  CHECK(progress_text("reading", 7, 7) == "reading [##############################] 100 %");
  CHECK(progress_text("reading", 9, 7) == "reading [##############################] 100 %");
  CHECK(progress_text("downloading", 5U << 20, 0) == "downloading: 5 MB");
}

TEST_CASE("the line comes on a terminal, and is wiped") {
  const Terminal terminal;
  REQUIRE(terminal.slave);
  {
    Progress progress("reading", terminal.slave.get(), Progress::Clock::duration(0));
    progress.show(1, 2);
    CHECK(terminal.shown() == "\rreading [###############               ]  50 %");
  }
  CHECK(terminal.shown() == "\r" + std::string(47, ' ') + "\r");
}

TEST_CASE("work that takes no second shows nothing") {
  const Terminal terminal;
  REQUIRE(terminal.slave);
  {
    Progress progress("reading", terminal.slave.get(), std::chrono::hours(1));
    progress.show(1, 2);
  }
  CHECK(terminal.shown().empty());
}

}  // namespace dtp::base
