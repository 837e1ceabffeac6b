// The kernel library against the running kernel: needs root, tracefs, uprobes and perf events.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <map>
#include <thread>

#include "base/caret.h"
#include "kernel/capture.h"
#include "kernel/owner.h"

namespace dtp::kernel {
namespace {

std::string target;  // path of the program to probe
std::string place;   // of hit() in it

std::string read_command(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  for (int c = std::getc(pipe); c != EOF; c = std::getc(pipe)) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

// What samples hold: identifier, ip, pid and tid, time, cpu, period, raw.
struct Sample {
  std::uint64_t id = 0;
  std::uint32_t pid = 0, tid = 0;
  std::uint64_t time = 0;
  std::uint32_t number = 0;  // the probe's first argument, after its common fields and the address
};

struct Collected {
  std::vector<Sample> samples = {};
  std::map<std::uint32_t, int> others = {};  // record type -> how many
  std::uint64_t lost = 0;

  Sink sink() {
    return {.records = [this](std::span<const std::byte> records, unsigned) -> Result<void> {
      for (std::size_t at = 0; at < records.size();) {
        perf_event_header header = {};
        std::memcpy(&header, records.data() + at, sizeof header);
        add(header, records.data() + at + sizeof header);
        at += header.size;
      }
      return {};
    }};
  }

  void add(const perf_event_header& header, const std::byte* body) {
    if (header.type != PERF_RECORD_SAMPLE) {
      ++others[header.type];
      return;
    }
    Sample sample;
    std::memcpy(&sample.id, body, 8);
    std::memcpy(&sample.pid, body + 16, 4);
    std::memcpy(&sample.tid, body + 20, 4);
    std::memcpy(&sample.time, body + 24, 8);
    std::memcpy(&sample.number, body + 48 + 4 + 8 + 8, 4);
    samples.push_back(sample);
  }
};

struct Fixture {
  RealTraceFs tracefs = *find_tracefs();
  std::string before = everything();
  StopSignals signals = *StopSignals::block();
  std::string group = group_of(*this_process());

  std::string line(const std::string& event, const std::string& arguments = " number=%di:s32 text=+0(%si):string") {
    return "p:" + group + "/" + event + " " + place + arguments;
  }
  OwnedEvents own(const std::vector<std::string>& lines) {
    auto owned = OwnedEvents::create(tracefs, lines);
    REQUIRE(owned.has_value());
    return std::move(*owned);
  }
  Capture open(const std::vector<CaptureEvent>& events, const Target& wanted, const CaptureOptions& options = {}) {
    auto capture = Capture::open(tracefs, events, wanted, options, signals);
    if (!capture) MESSAGE(base::format_error(capture.error(), true));
    REQUIRE(capture.has_value());
    return std::move(*capture);
  }
  Ending run(Capture& capture, const Sink& sink) {
    auto ending = capture.run(sink);
    if (!ending) MESSAGE(base::format_error(ending.error(), true));
    REQUIRE(ending.has_value());
    return *ending;
  }
  // Of the events only ours and our stranger's: others may work on this machine meanwhile.
  std::string everything() {
    std::string all;
    const auto events = list_events(tracefs);
    REQUIRE(events.has_value());
    for (const Event& event : *events) {
      if (event.name.group.starts_with("dtp")) all += event.name.group + ":" + event.name.event + "\n";
    }
    const auto groups = tracefs.list("events");
    REQUIRE(groups.has_value());
    for (const std::string& name : *groups) {
      if (name.starts_with("dtp")) all += name + "/\n";
    }
    return all;
  }
  ~Fixture() { CHECK(everything() == before); }
};

// A running target whose standard input and output we hold.
struct Running {
  pid_t pid = 0;
  int in[2] = {}, out[2] = {};
  explicit Running(const char* what, const char* count) {
    REQUIRE(::pipe(in) == 0);
    REQUIRE(::pipe(out) == 0);
    pid = ::fork();
    if (pid == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execl(target.c_str(), target.c_str(), what, count, nullptr);
      ::_exit(127);
    }
    char line[8];
    REQUIRE(::read(out[0], line, 6) == 6);
  }
  void go() const { REQUIRE(::write(in[1], "\n", 1) == 1); }
  ~Running() { ::waitpid(pid, nullptr, 0); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a command: every hit once, its exit status, nothing left behind") {
  Collected collected;
  {
    auto owned = own({line("hit")});
    Capture capture = open({{{group, "hit"}}}, {.command = {target, "calls", "10000"}});
    const pid_t pid = capture.command_pid();
    const Ending ending = run(capture, collected.sink());
    CHECK(ending.why == Ended::command_exited);
    REQUIRE(ending.command_status);
    CHECK(WEXITSTATUS(*ending.command_status) == 7);
    CHECK(ending.losses.ring == 0);
    CHECK(ending.bytes > 10000 * 64);
    REQUIRE(collected.samples.size() == 10000);
    CHECK(collected.samples.front().pid == static_cast<std::uint32_t>(pid));
    CHECK(collected.others[PERF_RECORD_COMM] >= 1);
    CHECK(collected.others[PERF_RECORD_MMAP2] >= 1);
    REQUIRE(capture.events().size() == 2);
    const auto& ids = capture.events().front().ids;
    CHECK(std::find(ids.begin(), ids.end(), collected.samples.front().id) != ids.end());
    // Rings come one after the other: a process that changes its processor is in several.
    std::ranges::sort(collected.samples, {}, &Sample::number);
    for (std::uint32_t i = 0; i < 10000; ++i) REQUIRE(collected.samples[i].number == i);
  }
}

TEST_CASE_FIXTURE(Fixture, "two events are told apart by their ids, a filter drops") {
  Collected collected;
  auto owned = own({line("all"), line("some")});
  Capture capture = open({{{group, "all"}}, {{group, "some"}, "number >= 90"}}, {.command = {target, "calls", "100"}});
  run(capture, collected.sink());
  std::map<std::string, int> counts;
  for (const Sample& sample : collected.samples) {
    for (const OpenedEvent& event : capture.events()) {
      if (std::find(event.ids.begin(), event.ids.end(), sample.id) != event.ids.end()) ++counts[event.name];
    }
  }
  CHECK(counts == std::map<std::string, int>{{group + ":all", 100}, {group + ":some", 10}});
}

TEST_CASE_FIXTURE(Fixture,
                  "a process that runs already: its new threads and children are followed, its end is the end") {
  for (const std::string what : {"threads", "children"}) {
    CAPTURE(what);
    Collected collected;
    auto owned = own({line("hit")});
    const Running running(what.c_str(), "1000");
    Capture capture = open({{{group, "hit"}}}, {.pids = {running.pid}});
    std::jthread starter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      running.go();
    });
    const Ending ending = run(capture, collected.sink());
    CHECK(ending.why == Ended::targets_gone);
    CHECK(ending.losses.ring == 0);
    std::map<std::uint32_t, std::vector<std::uint32_t>> numbers;
    for (const Sample& sample : collected.samples) numbers[sample.tid].push_back(sample.number);
    CHECK(numbers.size() == 2);
    CHECK_FALSE(numbers.contains(static_cast<std::uint32_t>(running.pid)));
    for (const auto& [tid, seen] : numbers) {
      CAPTURE(seen.front());
      CAPTURE(seen.back());
      CHECK(seen.size() == 1000);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "the processes of a command lose no hit when others of them end") {
  Collected collected;
  auto owned = own({line("hit")});
  Capture capture = open({{{group, "hit"}}}, {.command = {"sh", "-c", "echo | " + target + " tree 500"}});
  const Ending ending = run(capture, collected.sink());
  CHECK(ending.losses.ring == 0);
  CHECK(collected.samples.size() == 16 * 500);
}

TEST_CASE_FIXTURE(Fixture, "the whole system until a signal") {
  Collected collected;
  auto owned = own({line("hit")});
  Capture capture = open({{{group, "hit"}}}, {.all_cpus = true});
  std::jthread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    read_command(target + " calls 50; " + target + " calls 50");
    ::kill(::getpid(), SIGINT);
  });
  const Ending ending = run(capture, collected.sink());
  CHECK(ending.why == Ended::signal);
  CHECK(collected.samples.size() == 100);
}

TEST_CASE_FIXTURE(Fixture, "a duration ends the capture, and a command with it") {
  Collected collected;
  auto owned = own({line("hit")});
  {
    Capture capture = open({{{group, "hit"}}}, {.all_cpus = true}, {.duration_ms = 200});
    const Ending ending = run(capture, collected.sink());
    CHECK(ending.why == Ended::duration);
    CHECK(ending.seconds >= 0.2);
    CHECK(ending.seconds < 2);
  }
  Capture capture = open({{{group, "hit"}}}, {.command = {"sleep", "100"}}, {.duration_ms = 200});
  const Ending ending = run(capture, collected.sink());
  REQUIRE(ending.command_status);
  CHECK(WTERMSIG(*ending.command_status) == SIGTERM);
}

TEST_CASE_FIXTURE(Fixture, "what the rings had no room for is counted exactly") {
  Collected collected;
  auto owned = own({line("hit")});
  Capture capture = open({{{group, "hit"}}}, {.command = {target, "calls", "20000"}}, {.ring_bytes = 65536});
  auto slow = collected.sink();
  auto records = slow.records;
  slow.records = [&](auto bytes, unsigned cpu) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return records(bytes, cpu);
  };
  const Ending ending = run(capture, slow);
  CHECK(ending.losses.ring > 0);
  CHECK(collected.samples.size() + ending.losses.ring == 20000);
}

// Nothing but the ring itself wakes the capture.
TEST_CASE_FIXTURE(Fixture, "a ring that is half full again before it is waited for is read") {
  constexpr int hits = 3000;  // of at least 20 bytes: more than half of the ring
  const CaptureOptions options{.ring_bytes = 64 * 1024, .poll_ms = 60'000, .duration_ms = 30'000};
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  cpu_set_t before;
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  REQUIRE(::sched_setaffinity(0, sizeof first, &first) == 0);
  Capture capture = open({{.name = {"syscalls", "sys_enter_getppid"}}}, {.all_cpus = true, .cpus = {0}}, options);
  const auto hit = [] {
    for (int i = 0; i < hits; ++i) (void)::syscall(SYS_getppid);
  };
  std::atomic<int> rounds = 0;
  std::thread beginner([&] {
    while (rounds == 0) hit();
  });
  const Ending ending = run(capture, {.records = [](auto, unsigned) -> Result<void> { return {}; },
                                      .round = [&]() -> Result<void> {
                                        if (++rounds == 20) capture.stop_full();
                                        hit();
                                        return {};
                                      }});
  beginner.join();
  REQUIRE(::sched_setaffinity(0, sizeof before, &before) == 0);
  CHECK(ending.why == Ended::full);
}

TEST_CASE_FIXTURE(Fixture, "an error of the sink stops, and the command does not live on") {
  auto owned = own({line("hit")});
  Capture capture = open({{{group, "hit"}}}, {.command = {"sh", "-c", target + " calls 10; exec sleep 100"}});
  const pid_t pid = capture.command_pid();
  const auto ending =
      capture.run({.records = [](auto, unsigned) -> Result<void> { return fail({.what = "disk full"}); }});
  REQUIRE_FALSE(ending);
  CHECK(ending.error().what == "disk full");
  ::waitpid(pid, nullptr, 0);
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be recorded says why") {
  const auto why = [&](const std::vector<CaptureEvent>& events, const Target& wanted) {
    auto capture = Capture::open(tracefs, events, wanted, {}, signals);
    if (!capture) return base::format_error(capture.error(), false);
    const auto ending = capture->run({.records = [](auto, unsigned) -> Result<void> { return {}; }});
    return ending ? std::string("done") : base::format_error(ending.error(), false);
  };
  auto owned = own({line("hit")});
  CHECK(why({{{group, "nope"}}}, {.all_cpus = true}) ==
        "error: no event '" + group +
            ":nope'\nhint: probes are listed by 'dtrace++ list', tracepoints by 'perf list tracepoint'\n");
  CHECK(why({{{group, "hit"}, "nmber > 1"}}, {.all_cpus = true}) ==
        "error: the kernel refuses the filter of '" + group +
            ":hit'\n  filter: nmber > 1\n          ^^^^^^^^^\n"
            "hint: its fields: __probe_ip, number, text\n");
  CHECK(why({{{group, "hit"}}}, {.pids = {999999999}}) == "error: no process 999999999\n");
  CHECK(why({{{group, "hit"}}}, {.tids = {999999999}}) == "error: the processes to record have ended\n");
  CHECK(why({{{group, "hit"}}}, {.cpus = {60000}}) ==
        "error: there is no CPU 60000 online\nhint: see /sys/devices/system/cpu/online\n");
  CHECK(why({{{group, "hit"}}}, {.command = {"/nonexistent/program"}}) ==
        "error: cannot run '/nonexistent/program': no such file or directory\n");
  const std::string far = "p:" + group + "/far " + target + ":0x10000000";
  auto unusable = own({far});
  CHECK(why({{{group, "far"}}}, {.all_cpus = true}) ==
        "error: the kernel cannot record '" + group +
            ":far'\n"
            "hint: a probe past the end of its file is taken but cannot be used: dtrace++ list " +
            group + ":far\n");
  CHECK(why({{{group, "hit"}}}, {}) ==
        "error: nothing to record: no process, no CPU and no command\nhint: add -a for the whole system, -p PID, or -- "
        "COMMAND\n");
}

TEST_CASE_FIXTURE(Fixture, "the kernel's refusal is found, and the request taken back") {
  const auto refused =
      add_events(tracefs, std::vector<std::string>{line("one"), line("two", " number=%di text=+0(%dxx):string")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().index == 1);
  CHECK(refused.error().message == "Invalid register name");
  CHECK(refused.error().line.substr(refused.error().column).starts_with("%dxx"));
  const auto missing = add_events(tracefs, std::vector<std::string>{"p:" + group + "/x /nonexistent:0x10"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "Failed to find the given file");
}

TEST_CASE_FIXTURE(Fixture, "what a killed owner left is removed by the next, and theirs stays") {
  REQUIRE(tracefs.write("uprobe_events", "p:dtpp_test_theirs/hit " + place + "\n"));
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string its_group = group_of(*this_process());
    auto owned = OwnedEvents::create(tracefs, std::vector<std::string>{"p:" + its_group + "/hit " + place});
    StopSignals its_signals = *StopSignals::block();
    auto capture = Capture::open(tracefs, {{{its_group, "hit"}}}, {.all_cpus = true}, {}, its_signals);
    (void)capture->run({.records = [](auto, unsigned) -> Result<void> { return {}; }});
    ::_exit(0);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(remove_stale(tracefs)->empty());  // it lives
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  CHECK(tracefs.read("uprobe_events")->contains("dtp_" + std::to_string(pid) + "_"));
  CHECK(remove_stale(tracefs)->size() == 1);
  CHECK(find_event(*list_events(tracefs), {"dtpp_test_theirs", "hit"}));
  REQUIRE(remove_event(tracefs, {.kind = ProbeKind::uprobe, .name = {"dtpp_test_theirs", "hit"}}));
}

TEST_CASE_FIXTURE(Fixture, "an event that somebody else enabled is still removed") {
  auto owned = own({line("hit")});
  REQUIRE(tracefs.write("events/" + group + "/hit/enable", "1"));
  CHECK(owned.remove());
}

// Kernel functions, where there are kprobes.
bool has_no_kprobes() {
  auto tracefs = find_tracefs();
  return !tracefs || !tracefs->exists("kprobe_events");
}

TEST_CASE_FIXTURE(Fixture,
                  "kprobes: a return's value, two places in one event, refusals" * doctest::skip(has_no_kprobes())) {
  {
    Collected collected;
    auto owned = own({"r:" + group + "/read vfs_read number=$retval:s32"});
    Capture capture = open({{{group, "read"}, "number == 7"}}, {.command = {"head", "-c", "7", "/dev/zero"}});
    const Ending ending = run(capture, collected.sink());
    CHECK(ending.losses.ring == 0);
  }
  {
    Collected collected;
    auto owned =
        own({"p:" + group + "/both vfs_read+0 number=%dx:s32", "p:" + group + "/both vfs_write+0 number=%dx:s32"});
    CHECK(owned.events().size() == 1);
    Capture capture = open({{{group, "both"}, "number == 4711"}},
                           {.command = {"dd", "if=/dev/zero", "of=/dev/null", "bs=4711", "count=10", "status=none"}});
    run(capture, collected.sink());
    CHECK(collected.samples.size() == 20);
  }
  const auto unknown = add_events(tracefs, std::vector<std::string>{"p:" + group + "/x no_such_function+0"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message == "Invalid probed address or symbol");
  const auto forbidden = add_events(tracefs, std::vector<std::string>{"p:" + group + "/x do_int3+0"});
  REQUIRE_FALSE(forbidden);
  MESSAGE(base::format_error(to_error(forbidden.error()), true));
}

}  // namespace dtp::kernel

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s TARGET [doctest options]\n", argv[0]), 2;
  if (::geteuid() != 0) return std::puts("SKIP: needs root"), 77;
  dtp::kernel::target = argv[1];
  std::string offset = dtp::kernel::read_command(dtp::kernel::target + " offset");
  offset.pop_back();
  dtp::kernel::place = dtp::kernel::target + ":" + offset;
  doctest::Context context(argc, argv);
  return context.run();
}
