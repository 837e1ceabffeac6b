#include "record/selection.h"

#include <doctest/doctest.h>

namespace dtp::record {

TEST_CASE("a record is wanted when everything that chooses wants it") {
  const Record record{.time_ns = 100, .cpu = 1, .pid = 7, .tid = 8, .comm = "kworker/1:0"};
  CHECK(selects({}, record));
  CHECK(selects({.comms = {"bash", "kworker*"}}, record));
  CHECK_FALSE(selects({.comms = {"kworker"}}, record));
  CHECK(selects({.pids = {6, 7}, .tids = {8}, .cpus = {0, 1}}, record));
  CHECK_FALSE(selects({.pids = {7}, .tids = {7}}, record));
  CHECK_FALSE(selects({.pids = {8}}, record));
  CHECK_FALSE(selects({.cpus = {0, 2}}, record));
  CHECK(selects({.from_ns = 100, .to_ns = 100}, record));
  CHECK_FALSE(selects({.from_ns = 101}, record));
  CHECK_FALSE(selects({.to_ns = 99}, record));
}

}  // namespace dtp::record
