#include "probe/shared.h"

#include <doctest/doctest.h>

namespace dtp::probe {

TEST_CASE("what lines must have in common to be of one event") {
  const std::string one = signature_of("p:probe_libc/a /lib/libc.so.6:0x10 size=%di text=+0(%si):string");
  CHECK(one == "p:probe_libc user size:x64 text:string");
  CHECK(one == signature_of("p:probe_libc/b /lib/other.so:0x20 size=%dx:x64 text=+8(%di):string"));
  CHECK(signature_of("p:g/a vfs_read+0 $comm \\\"text\"") == "p:g kernel :string :string");
  for (const char* other :
       {"r:probe_libc/b /lib/libc.so.6:0x10 size=%di text=+0(%si):string",
        "p:probe_bash/b /lib/libc.so.6:0x10 size=%di text=+0(%si):string",
        "p:probe_libc/b /lib/libc.so.6:0x10 text=+0(%si):string size=%di",
        "p:probe_libc/b /lib/libc.so.6:0x10 size=%di text=+0(%si):ustring",
        "p:probe_libc/b vfs_read+0 size=%di text=+0(%si):string", "p:probe_libc/b /lib/libc.so.6:0x10 size=%di"}) {
    CHECK_MESSAGE(one != signature_of(other), other);
  }
}

TEST_CASE("probes that count in other files than the two profiles are not shared") {
  for (const char* line : {"e:g/a sched.sched_switch p=$prev_pid", "f:g/a vfs_read", "t:g/a sched_switch", "p:g/a", ""})
    CHECK_MESSAGE(signature_of(line).empty(), line);
}

TEST_CASE("a line becomes a member's, and is what it was") {
  const std::string line = "p:probe_libc/malloc /lib/libc.so.6:0x97a10 size=%di:u64";
  const std::string member = as_member(line, "dtp_shared_1", 12);
  CHECK(member == "p:probe_libc/dtp_shared_1 /lib/libc.so.6:0x97a10 size=%di:u64 dtp_member=\\12:u16");
  CHECK(member_number(member) == 12);
  CHECK(alone(member, "malloc") == line);
  CHECK(alone(as_member("r16:g/a vfs_read", "dtp_shared_1", 1), "a") == "r16:g/a vfs_read");
}

TEST_CASE("lines that have no number of a member") {
  for (const char* line : {"", "p:g/a vfs_read", "p:g/a vfs_read dtp_member=\\1", "p:g/a vfs_read dtp_member=\\:u16",
                           "p:g/a vfs_read dtp_member=\\0:u16", "p:g/a vfs_read dtp_member=\\65536:u16",
                           "p:g/a vfs_read dtp_member=\\1x:u16", "p:g/a vfs_read my_dtp_member=\\1:u16"})
    CHECK_MESSAGE(!member_number(line), line);
}

TEST_CASE("the filter of members") {
  const std::set<unsigned> all{1, 2, 3, 5, 6, 8};
  CHECK(filter_of_members({{1, ""}, {2, ""}, {3, ""}, {5, ""}, {6, ""}, {8, ""}}, all).empty());
  CHECK(filter_of_members({{1, "a>1"}, {2, "a>1"}, {3, "a>1"}, {5, "a>1"}, {6, "a>1"}, {8, "a>1"}}, all) == "a>1");
  CHECK(filter_of_members({{2, ""}}, all) == "(dtp_member==2)");
  CHECK(filter_of_members({{1, ""}, {3, ""}, {5, ""}}, all) == "(dtp_member==1||(dtp_member>=3&&dtp_member<=5))");
  CHECK(filter_of_members({{1, "a>1||b"}, {2, ""}, {6, "a>1||b"}}, all) ==
        "(dtp_member==2)||((dtp_member==1||dtp_member==6)&&(a>1||b))");
}

}  // namespace dtp::probe
