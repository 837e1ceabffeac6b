#include "kernel/standing.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "kernel/fake_tracefs.h"

namespace dtp::kernel {
namespace {

// An event of two members in the fake's tracefs, which a registry in a folder of its own knows.
struct Shared {
  std::string folder = "/tmp/dtpp-standing-XXXXXX";
  FakeTraceFs fake;
  Registry registry{std::string(::mkdtemp(folder.data())) + "/probes"};
  EventName name{"probe_x", "dtp_shared_1"};
  std::vector<std::string> lines{"p:probe_x/dtp_shared_1 /bin/x:0x10 n=%di dtp_member=\\1:u16",
                                 "p:probe_x/dtp_shared_1 /bin/x:0x20 n=%si dtp_member=\\2:u16",
                                 "p:probe_x/dtp_shared_1 /bin/x:0x30 n=%dx dtp_member=\\2:u16"};
  Shared() {
    fake.files["uprobe_events"] = "";
    fake.files["error_log"] = "";
    REQUIRE(add_events(fake, lines));
    REQUIRE(registry.is_usable());
    registry.save({.name = name, .members = {{1, "one", "*e n"}, {2, "two", "t* n"}}}, list_events(fake)->front());
  }
  ~Shared() { std::filesystem::remove_all(folder); }
};

}  // namespace

TEST_CASE("what is armed is nobody's to clean") {
  const Event event{.name = {"dtp_armed_files_read", "vfs_read"},
                    .lines = {"p:dtp_armed_files_read/vfs_read vfs_read"}};
  const KnownEvent known = recognise(event, Registry("/nowhere"));
  CHECK(known.standing == Standing::armed);
  CHECK(known.lease == "files_read");
  CHECK_FALSE(known.owner);
}

TEST_CASE("members stand for the event that they share") {
  Shared shared;
  const auto known = list_known_events(shared.fake, shared.registry);
  REQUIRE(known);
  REQUIRE(known->size() == 2);
  const KnownEvent& two = known->at(1);
  CHECK(two.event == Event{ProbeKind::uprobe,
                           {"probe_x", "two"},
                           {"p:probe_x/two /bin/x:0x20 n=%si", "p:probe_x/two /bin/x:0x30 n=%dx"}});
  CHECK(two.known->request == "t* n");
  CHECK(two.standing == Standing::asked_for);
  CHECK(two.member == 2);
  CHECK(two.shared->name == shared.name);
}

TEST_CASE("members are deleted one by one, the event with the last") {
  Shared shared;
  const auto first = list_known_events(shared.fake, shared.registry);
  REQUIRE(remove_members(shared.fake, shared.registry, *first->at(0).shared, {2}));
  CHECK(shared.fake.files["uprobe_events"] == shared.lines[0] + "\n");
  const auto then = list_known_events(shared.fake, shared.registry);
  REQUIRE(then->size() == 1);
  CHECK(then->at(0).event.name.event == "one");
  REQUIRE(remove_members(shared.fake, shared.registry, *then->at(0).shared, {1}));
  CHECK(shared.fake.files["uprobe_events"].empty());
}

TEST_CASE("no member is deleted while the event is in use") {
  Shared shared;
  shared.fake.files["events/probe_x/dtp_shared_1/enable"] = "1\n";
  const auto known = list_known_events(shared.fake, shared.registry);
  CHECK(remove_members(shared.fake, shared.registry, *known->at(0).shared, {2}).error() == EBUSY);
  CHECK(list_known_events(shared.fake, shared.registry)->size() == 2);
}

TEST_CASE("an event that others changed is what the kernel says") {
  Shared shared;
  shared.fake.files["uprobe_events"] = shared.lines[0] + "\n";
  const auto known = list_known_events(shared.fake, shared.registry);
  REQUIRE(known->size() == 1);
  CHECK(known->at(0).event.name == shared.name);
  CHECK(known->at(0).member == 0);
}

}  // namespace dtp::kernel
