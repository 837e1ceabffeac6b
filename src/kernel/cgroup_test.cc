#include "kernel/cgroup.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/caret.h"

namespace dtp::kernel {
namespace {

// Groups as systemd makes them, in a folder that goes with the test.
struct Tree {
  std::string root = "/tmp/dtpp-cgroup-XXXXXX";
  Tree() {
    REQUIRE(::mkdtemp(root.data()) != nullptr);
    for (const char* path : {"/system.slice/ssh.service", "/system.slice/cron.service", "/system.slice/app.service",
                             "/user.slice/user-7.slice/user@7.service/app.slice/app.service",
                             "/user.slice/user-7.slice/user@7.service/app.slice/mail.service",
                             "/user.slice/user-8.slice/user@8.service/app.slice/chat.service",
                             "/user.slice/user-9.slice/user@9.service/app.slice/chat.service"})
      std::filesystem::create_directories(root + path);
  }
  ~Tree() { std::filesystem::remove_all(root); }

  // Below the root, or the whole error.
  std::string seen(const Result<std::string>& found) const {
    return found ? found->substr(root.size()) : base::format_error(found.error(), false);
  }
};

}  // namespace

TEST_CASE("where the groups are that perf can watch") {
  CHECK(cgroup_root_of("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
                       "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n"
                       "cgroup /sys/fs/cgroup/perf_event cgroup rw,perf_event 0 0\n") == "/sys/fs/cgroup/perf_event");
  CHECK(cgroup_root_of("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
                       "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n") == "/sys/fs/cgroup/unified");
  CHECK(cgroup_root_of("cgroup /sys/fs/cgroup/cpu cgroup rw,perf_events 0 0\n") == std::nullopt);
  CHECK(cgroup_root_of("") == std::nullopt);
}

TEST_CASE_FIXTURE(Tree, "a group by its path") {
  CHECK(seen(find_cgroup(root, "system.slice/ssh.service")) == "/system.slice/ssh.service");
  CHECK(seen(find_cgroup(root, "/system.slice//ssh.service/")) == "/system.slice/ssh.service");
  CHECK(seen(find_cgroup(root, root + "/system.slice")) == "/system.slice");
  CHECK(seen(find_cgroup(root, "/")).empty());
  CHECK(seen(find_cgroup(root, "system.slice/shs.service")) ==
        "error: there is no control group 'system.slice/shs.service'\n"
        "  --cgroup: system.slice/shs.service\n"
        "                         ^^^^^^^^^^^\n"
        "hint: did you mean 'ssh.service'?\n");
  CHECK(seen(find_cgroup(root, "../etc")) ==
        "error: there is no control group '../etc'\n"
        "  --cgroup: ../etc\n"
        "            ^^\n");
}

TEST_CASE_FIXTURE(Tree, "a unit by its name") {
  CHECK(seen(find_unit(root, "ssh")) == "/system.slice/ssh.service");
  CHECK(seen(find_unit(root, "cron.service")) == "/system.slice/cron.service");
  CHECK(seen(find_unit(root, "user-7.slice")) == "/user.slice/user-7.slice");
  CHECK(seen(find_unit(root, "user@7")) == "/user.slice/user-7.slice/user@7.service");
  CHECK(seen(find_unit(root, "app")) == "/system.slice/app.service");
  CHECK(seen(find_unit(root, "mail")) == "/user.slice/user-7.slice/user@7.service/app.slice/mail.service");
  CHECK(seen(find_unit(root, "chat")) ==
        "error: there are 2 units 'chat.service'\n"
        "  --unit: chat\n"
        "          ^^^^\n"
        "hint: name its control group: --cgroup /user.slice/user-8.slice/user@8.service/app.slice/chat.service\n");
  CHECK(seen(find_unit(root, "crno")) ==
        "error: no unit 'crno' runs\n"
        "  --unit: crno\n"
        "          ^^^^\n"
        "hint: did you mean 'cron'?\n");
  CHECK(seen(find_unit(root, "postgresql")) ==
        "error: no unit 'postgresql' runs\n"
        "  --unit: postgresql\n"
        "          ^^^^^^^^^^\n"
        "hint: 'systemctl list-units' names the units that run\n");
}

}  // namespace dtp::kernel
