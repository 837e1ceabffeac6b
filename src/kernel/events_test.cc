#include "kernel/events.h"

#include <doctest/doctest.h>

#include "base/caret.h"
#include "kernel/fake_tracefs.h"

namespace dtp::kernel {
namespace {

FakeTraceFs both_kinds() {
  FakeTraceFs fake;
  fake.files["kprobe_events"] = "";
  fake.files["uprobe_events"] = "";
  fake.files["error_log"] = "";
  return fake;
}

}  // namespace

TEST_CASE("the name in a line") {
  CHECK(name_of_line("p:probe/vfs_read vfs_read+0 a=%di") == EventName{"probe", "vfs_read"});
  CHECK(name_of_line("r100:g/e vfs_read") == EventName{"g", "e"});
  CHECK(name_of_line("p:probe_bash/readline /bin/bash:0x10") == EventName{"probe_bash", "readline"});
  CHECK(name_of_line("e:g/e sched.sched_switch a=$prev_pid") == EventName{"g", "e"});
  for (const char* line : {"", "p", "p vfs_read", "p:vfs_read /bin/x:0", "p:/e x", "p:g/ x", "x:g/e a.b", "p:g/e"}) {
    CHECK_MESSAGE(!name_of_line(line), line);
  }
}

TEST_CASE("several lines of one name are one event") {
  FakeTraceFs fake;
  fake.files["kprobe_events"] = "p:probe/a x+0\nr8:probe/b y\np:probe/a z+4\n";
  fake.files["uprobe_events"] = "p:probe_bash/a /bin/bash:0x0000000000000010\n";
  const auto events = list_events(fake);
  REQUIRE(events);
  CHECK(*events ==
        std::vector<Event>{{ProbeKind::kprobe, {"probe", "a"}, {"p:probe/a x+0", "p:probe/a z+4"}},
                           {ProbeKind::kprobe, {"probe", "b"}, {"r8:probe/b y"}},
                           {ProbeKind::uprobe, {"probe_bash", "a"}, {"p:probe_bash/a /bin/bash:0x0000000000000010"}}});
}

TEST_CASE("a listing that others changed between two calls is read again") {
  FakeTraceFs fake;
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "p:probe/f" + std::to_string(i) + " vfs_read+" + std::to_string(i) + "\n";
  fake.files["kprobe_events"] = lines;
  fake.torn["kprobe_events"] = lines.substr(lines.find('\n') + 1);
  CHECK(list_events(fake)->size() == 100);
}

TEST_CASE("event probes stand in the file that lists every kind") {
  FakeTraceFs fake;
  fake.files["kprobe_events"] = "p:probe/a x+0\n";
  fake.files["dynamic_events"] = "p:probe/a x+0\ne:probe/b sched.sched_switch p=$prev_pid\n";
  const auto events = list_events(fake);
  REQUIRE(events);
  CHECK(*events ==
        std::vector<Event>{{ProbeKind::kprobe, {"probe", "a"}, {"p:probe/a x+0"}},
                           {ProbeKind::eprobe, {"probe", "b"}, {"e:probe/b sched.sched_switch p=$prev_pid"}}});
  CHECK(is_event_probe(fake, {"probe", "b"}));
  CHECK_FALSE(is_event_probe(fake, {"probe", "a"}));
  CHECK(remove_event(fake, {ProbeKind::eprobe, {"probe", "b"}}));
  CHECK(fake.files["dynamic_events"] == "p:probe/a x+0\n");
}

TEST_CASE("a kernel that reads no event probes has none") {
  FakeTraceFs fake;
  fake.files["dynamic_events"] = "";
  fake.files["error_log"] = "";
  const std::string line = "e:probe/b sched.sched_switch p=$prev_pid";
  fake.refused[line] = EINVAL;
  const auto added = add_events(fake, std::vector{line});
  REQUIRE_FALSE(added);
  CHECK(base::format_error(to_error(added.error()), false) ==
        "error: this kernel has no eprobes\n"
        "hint: name fields alone, which 'dtrace++ trace' takes from the tracepoint itself\n");
}

TEST_CASE("a kernel without a kind of probe lists none, and refuses one whole") {
  FakeTraceFs fake;
  fake.files["uprobe_events"] = "";
  CHECK(list_events(fake)->empty());
  CHECK(find_missing_kind(fake, std::vector<std::string>{"p:probe/b /bin/bash:0x10", "p:probe/a x+0"}) ==
        Refusal{.error_number = ENOSYS, .index = 1, .line = "p:probe/a x+0"});
  CHECK(!find_missing_kind(fake, std::vector<std::string>{"p:probe/b /bin/bash:0x10"}));
  const auto added = add_events(fake, std::vector<std::string>{"p:probe/a x+0"});
  REQUIRE_FALSE(added);
  CHECK(base::format_error(to_error(added.error()), false) ==
        "error: this kernel has no kprobes\n"
        "hint: user-space probes (-x FILE) and tracepoints may work here, see 'dtrace++ doctor'; kernel functions need "
        "a kernel with CONFIG_KPROBE_EVENTS, in a virtual machine for example\n");
  CHECK(to_error(added.error()).status == Status::not_possible);
  CHECK(fake.log.empty());
}

TEST_CASE("a request is added whole or not at all") {
  FakeTraceFs fake = both_kinds();
  fake.files["kprobe_events"] = "p:other/theirs vfs_write+0\n";
  fake.refused["r:probe/c vfs_read a=%dxx"] = EINVAL;
  fake.error_log_entry =
      "[    1.5] trace_kprobe: error: Invalid register name\n"
      "  Command: r:probe/c vfs_read a=%dxx\n"
      "                                ^\n";
  const auto added =
      add_events(fake, std::vector<std::string>{"p:probe/a x+0", "p:probe/a y+0", "p:probe_bash/b /bin/bash:0x10",
                                                "r:probe/c vfs_read a=%dxx", "p:probe/d x+0"});
  REQUIRE_FALSE(added);
  CHECK(added.error() == Refusal{EINVAL, 3, "r:probe/c vfs_read a=%dxx", "Invalid register name", 21});
  CHECK(fake.files["kprobe_events"] == "p:other/theirs vfs_write+0\n");
  CHECK(fake.files["uprobe_events"].empty());
  CHECK(fake.log == std::vector<std::string>{"kprobe_events <- p:probe/a x+0", "kprobe_events <- p:probe/a y+0",
                                             "uprobe_events <- p:probe_bash/b /bin/bash:0x10",
                                             "kprobe_events <- r:probe/c vfs_read a=%dxx", "kprobe_events <- -:probe/a",
                                             "uprobe_events <- -:probe_bash/b"});
  CHECK(base::format_error(to_error(added.error()), false) ==
        "error: the kernel refuses the probe: invalid register name\n"
        "  definition: r:probe/c vfs_read a=%dxx\n"
        "                                   ^^^^\n");
}

TEST_CASE("an event of another is never added to") {
  FakeTraceFs fake = both_kinds();
  REQUIRE(add_events(fake, std::vector<std::string>{"p:probe/a x+0"}));
  const auto again = add_events(fake, std::vector<std::string>{"p:probe/b x+0", "p:probe/a y+0"});
  REQUIRE_FALSE(again);
  CHECK(again.error().error_number == EEXIST);
  CHECK(again.error().index == 1);
  CHECK(fake.files["kprobe_events"] == "p:probe/a x+0\n");
  CHECK(base::format_error(to_error(again.error()), false) ==
        "error: event 'probe:a' already exists\n"
        "hint: take another name (-f finds one), or delete it first: dtrace++ delete probe:a\n");
}

TEST_CASE("a member comes and goes without the others") {
  FakeTraceFs fake = both_kinds();
  const std::vector<std::string> one{"p:probe_x/dtp_shared_1 /bin/x:0x10 dtp_member=\\1:u16"};
  const std::vector<std::string> two{"p:probe_x/dtp_shared_1 /bin/x:0x20 dtp_member=\\2:u16",
                                     "p:probe_x/dtp_shared_1 /bin/x:0x30 dtp_member=\\2:u16"};
  REQUIRE(add_events(fake, one));
  REQUIRE(add_member(fake, two));
  CHECK(list_events(fake)->size() == 1);
  REQUIRE(remove_probes(fake, list_events(fake)->front(), {2}));
  CHECK(fake.files["uprobe_events"] == one[0] + "\n");
  fake.refused[two[1]] = EINVAL;
  const auto refused = add_member(fake, two);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().index == 1);
  CHECK(fake.files["uprobe_events"] == one[0] + "\n");
}

TEST_CASE("an event of several probes is not removed while it is enabled anywhere") {
  FakeTraceFs fake = both_kinds();
  REQUIRE(add_events(fake, std::vector<std::string>{"p:probe/a x+0", "p:probe/a y+0"}));
  const Event event = list_events(fake)->front();
  fake.files["instances/theirs/events/probe/a/enable"] = "1*\n";
  CHECK(remove_event(fake, event).error() == EBUSY);
  CHECK(fake.log.size() == 2);
  fake.files["instances/theirs/events/probe/a/enable"] = "0\n";
  CHECK(remove_event(fake, event));
}

TEST_CASE("what would end a definition early is not written") {
  FakeTraceFs fake = both_kinds();
  const auto added = add_events(fake, std::vector<std::string>{"p:probe_x/a /tmp/a#b:0x10"});
  REQUIRE_FALSE(added);
  CHECK(added.error().column == 18);
  CHECK(fake.log.empty());
}

TEST_CASE("free names count as perf does") {
  FakeTraceFs fake;
  fake.files["events/probe/a/id"] = "1";
  fake.files["events/probe/a_1/id"] = "2";
  CHECK(free_name(fake, {"probe", "b"}, false) == EventName{"probe", "b"});
  CHECK(free_name(fake, {"probe", "a"}, true) == EventName{"probe", "a_2"});
  CHECK(free_name(fake, {"probe", "a"}, true, {{"probe", "a_2"}}) == EventName{"probe", "a_3"});
  CHECK(free_name(fake, {"probe", "a"}, false).error().what == "event 'probe:a' already exists");
}

TEST_CASE("globs") {
  CHECK(matches({"probe", "vfs_read"}, "vfs_*"));
  CHECK(matches({"probe", "vfs_read"}, "probe:*"));
  CHECK_FALSE(matches({"probe", "vfs_read"}, "other:*"));
  CHECK_FALSE(matches({"probe", "vfs_read"}, "vfs"));
}

TEST_CASE("removal errors") {
  CHECK(base::format_error(removal_error({"probe", "a"}, EBUSY), false) ==
        "error: event 'probe:a' is in use\n"
        "hint: stop what records it (perf, dtrace++, or an enabled events/probe/a/enable)\n");
  CHECK(removal_error({"probe", "a"}, ENOENT).what == "no event 'probe:a'");
  CHECK(removal_error({"probe", "a"}, EACCES).status == Status::not_possible);
}

}  // namespace dtp::kernel
