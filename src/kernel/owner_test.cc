#include "kernel/owner.h"

#include <doctest/doctest.h>

#include "kernel/fake_tracefs.h"

namespace dtp::kernel {

TEST_CASE("group names say their owner") {
  CHECK(group_of({4711, 123456789}) == "dtp_4711_21i3v9");
  CHECK(owner_of("dtp_4711_21i3v9") == Owner{4711, 123456789});
  for (const char* group : {"", "probe", "dtp_", "dtp_1", "dtp_1_", "dtp__1", "dtp_-1_1", "dtp_1_Z!", "dtp_1x_1",
                            "dtp_99999999999_1", "dtp_1_zzzzzzzzzzzzzzzz"}) {
    CHECK_MESSAGE(!owner_of(group), group);
  }
}

TEST_CASE("this process is alive, an earlier one of its number is not") {
  const auto owner = this_process();
  REQUIRE(owner);
  CHECK(is_alive(*owner));
  CHECK_FALSE(is_alive({owner->pid, owner->start + 1}));
}

TEST_CASE("events go with their object") {
  FakeTraceFs fake;
  fake.files["uprobe_events"] = "p:probe_bash/theirs /bin/bash:0x10\n";
  {
    const auto owned = OwnedEvents::create(fake, std::vector<std::string>{"p:dtp_1_1/a /bin/bash:0x20"});
    REQUIRE(owned);
    CHECK(owned->events().size() == 1);
    CHECK(fake.files["uprobe_events"].contains("dtp_1_1/a"));
  }
  CHECK(fake.files["uprobe_events"] == "p:probe_bash/theirs /bin/bash:0x10\n");
}

TEST_CASE("one in use is disabled and tried again") {
  FakeTraceFs fake;
  fake.files["uprobe_events"] = "";
  auto owned = OwnedEvents::create(fake, std::vector<std::string>{"p:dtp_1_1/a /bin/bash:0x20"});
  REQUIRE(owned);
  fake.refused["-:dtp_1_1/a"] = EBUSY;
  CHECK(owned->remove());
  CHECK(fake.files["uprobe_events"].empty());
  CHECK(fake.log == std::vector<std::string>{"uprobe_events <- p:dtp_1_1/a /bin/bash:0x20",
                                             "uprobe_events <- -:dtp_1_1/a", "events/dtp_1_1/a/enable <- 0",
                                             "uprobe_events <- -:dtp_1_1/a"});
}

TEST_CASE("only the events of dead owners are stale") {
  const auto owner = this_process();
  REQUIRE(owner);
  const std::string alive = "p:" + group_of(*owner) + "/a /bin/bash:0x10\n";
  const std::string dead = "p:" + group_of({owner->pid, owner->start + 1}) + "/a /bin/bash:0x10\n";
  FakeTraceFs fake;
  fake.files["uprobe_events"] = alive + dead + "p:probe/x /bin/bash:0x10\np:dtp_mine/x /bin/bash:0x10\n";
  const auto removed = remove_stale(fake);
  REQUIRE(removed);
  CHECK(*removed == std::vector<EventName>{{group_of({owner->pid, owner->start + 1}), "a"}});
  CHECK(fake.files["uprobe_events"] == alive + "p:probe/x /bin/bash:0x10\np:dtp_mine/x /bin/bash:0x10\n");
}

}  // namespace dtp::kernel
