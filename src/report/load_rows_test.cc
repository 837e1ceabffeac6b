#include "report/load_rows.h"

#include <doctest/doctest.h>

namespace dtp::report {

TEST_CASE("rows of the load and of threads") {
  const record::Load load{.time_ns = 5,
                          .average = {.load1 = 125, .load5 = 2, .load15 = 3, .running = 4},
                          .blocked = 6,
                          .load_running = 70,
                          .load_blocked = 55};
  record::ProcessTree processes;
  processes.fork(2000000001, 2000000002);
  processes.see(2000000002, "dd");
  const record::BusyThread thread{.thread = {2000000002, 2000000003, {.comm = "dd", .state = 'D'}},
                                  .waits_in = "io_schedule",
                                  .cgroup = "/a",
                                  .stack = {"io_schedule", "vfs_write"}};
  const LoadRows of_load({"load1", "time", "running", "blocked", "load_running", "load_blocked", "load5", "load15"});
  std::string text;
  for (const Cell& cell : of_load.make(load)) text += cell_text(cell, {}) + " ";
  CHECK(text == "125 5 4 6 70 55 2 3 ");
  const LoadRows of_thread({"tid", "pid", "comm", "state", "waits_in", "cgroup", "function", "stack", "ppid", "parent",
                            "chain", "blocked", "nothing"});
  text.clear();
  for (const Cell& cell : of_thread.make(load, thread, processes)) text += cell_text(cell, {}) + " ";
  CHECK(text ==
        "2000000003 2000000002 dd D io_schedule /a io_schedule io_schedule <- vfs_write 2000000001 - "
        ":2000000001 > dd 6 - ");
  text.clear();
  for (const Cell& cell : of_thread.make(load)) text += cell_text(cell, {}) + " ";
  CHECK(text == "- - - - - - - - - - - 6 - ");
}

}  // namespace dtp::report
