#include "record/ledger.h"

#include <doctest/doctest.h>

namespace dtp::record {
namespace {

bool adds_up(const Account& account) {
  return account.hits == account.recorded + account.filtered + account.left_out + account.lost();
}

kernel::Counted counted(std::uint64_t hits, std::uint64_t reached, std::uint64_t passed, std::uint64_t ring_full,
                        std::uint64_t missed = 0, bool is_return = false) {
  return {{true, is_return, hits, missed}, reached, passed, ring_full, true};
}

}  // namespace

TEST_CASE("every hit is accounted for") {
  const Circumstances all{.is_final = true, .watches_all = true};
  // 10 filtered, 5 found no room, 85 came, of which a limit let 80 in.
  Account account = settle(counted(100, 100, 90, 5), 85, 80, all);
  CHECK(account == Account{.hits = 100, .recorded = 80, .filtered = 10, .left_out = 5, .ring_full = 5});
  CHECK(adds_up(account));

  // Of 3 that came to the kernel more than to perf nothing is known but that they were too long.
  account = settle(counted(103, 100, 100, 0), 100, 100, {true, true, true});
  CHECK(account == Account{.hits = 103, .recorded = 100, .too_long = 3});
  CHECK(adds_up(account));

  // Where not all are watched they may be others'.
  account = settle(counted(103, 100, 100, 0), 100, 100, {true, false, true});
  CHECK(account == Account{.hits = 100, .recorded = 100, .outside = 3});

  account = settle(counted(100, 100, 100, 0, 7), 100, 100, all);
  CHECK(account == Account{.hits = 107, .recorded = 100, .recursion = 7});
  account = settle(counted(100, 100, 100, 0, 7, true), 100, 100, all);
  CHECK(account == Account{.hits = 107, .recorded = 100, .missed_return = 7});

  account = settle(counted(100, 100, 100, 20), 70, 70, all);
  CHECK(account == Account{.hits = 100, .recorded = 70, .ring_full = 20, .throttled = 10});
  CHECK(adds_up(account));
}

TEST_CASE("what still waits in the rings is not lost") {
  const Account account = settle(counted(100, 100, 100, 20), 70, 70, {.watches_all = true});
  CHECK(account == Account{.hits = 90, .recorded = 70, .ring_full = 20});
}

TEST_CASE("what a flight recorder overwrote is left out") {
  const Account account = settle(counted(100, 100, 100, 5), 70, 70, {.is_final = true, .overwrites = true});
  CHECK(account == Account{.hits = 100, .recorded = 70, .left_out = 25, .ring_full = 5});
}

TEST_CASE("an event probe: what is known is what came, and what found no room") {
  kernel::Counted of_instance;
  of_instance.ring_full = 4;
  CHECK(settle(of_instance, 10, 10, {.is_final = true}) == Account{.hits = 14, .recorded = 10, .ring_full = 4});
}

TEST_CASE("between windows nothing is counted, and at their ends hits may be outside") {
  kernel::Counted windows = counted(100, 90, 90, 0);
  windows.watched_ms = 250;
  windows.whole_ms = 1000;
  const Account account = settle(windows, 90, 90, {.is_final = true, .watches_all = true, .may_be_too_long = true});
  CHECK(account == Account{.hits = 90, .recorded = 90, .outside = 10, .watched_ms = 250, .whole_ms = 1000});
  const Ledger ledger{{{.event = "probe:a", .watched_ms = 1000, .whole_ms = 1000}, account}};
  CHECK(ledger.is_sampled());
  CHECK(sampling_text({{{.event = "probe:a", .watched_ms = 1000, .whole_ms = 1000}}}).empty());
  CHECK(sampling_text({{{.event = "probe:b", .watched_ms = 250, .whole_ms = 1000}}}) ==
        "sampled: probe:b was watched 0.25 s of 1.00 s (25.0 %), hits of the rest are in no count\n");
}

TEST_CASE("written and read back") {
  const Ledger ledger{
      {{.event = "probe:a", .hits = 5, .recorded = 3, .filtered = 1, .ring_full = 1}, {.event = "probe:b"}}};
  CHECK(encode_ledger(ledger) == "dtrace++ ledger 1\nprobe:a hits=5 recorded=3 filtered=1 ring_full=1\nprobe:b\n");
  CHECK(decode_ledger(encode_ledger(ledger)) == ledger);
  const Ledger sampled{{{.event = "probe:a", .hits = 5, .recorded = 5, .watched_ms = 0, .whole_ms = 70}}};
  CHECK(encode_ledger(sampled) == "dtrace++ ledger 1\nprobe:a hits=5 recorded=5 watched_ms=0 whole_ms=70\n");
  CHECK(decode_ledger(encode_ledger(sampled)) == sampled);
  CHECK(encode_ledger({{{.event = "probe:a", .watched_ms = 70, .whole_ms = 70}}}) == "dtrace++ ledger 1\nprobe:a\n");
  CHECK(decode_ledger("dtrace++ ledger 1\nx:y hits=2 of_later=7\n") == Ledger{{{.event = "x:y", .hits = 2}}});
  CHECK(decode_ledger("dtrace++ ledger 2\n") == std::nullopt);
  CHECK(decode_ledger("") == std::nullopt);
  CHECK(decode_ledger("dtrace++ ledger 1\nx:y hits\n") == std::nullopt);
  CHECK(decode_ledger("dtrace++ ledger 1\nx:y hits=-1\n") == std::nullopt);
  CHECK(decode_ledger("dtrace++ ledger 1\n\x1b[2J hits=1\n") == std::nullopt);
  CHECK(decode_ledger("dtrace++ ledger 1\n" + std::string(1000, 'x') + " hits=1\n") == std::nullopt);
}

TEST_CASE("a table of what is not 0") {
  CHECK(ledger_table({{{.event = "probe:vfs_read", .hits = 20000, .recorded = 19488, .ring_full = 512},
                       {.event = "probe:a", .hits = 3, .recorded = 3}}}) ==
        "event                hits   recorded  lost: ring full\n"
        "probe:vfs_read      20000      19488              512\n"
        "probe:a                 3          3                0\n");
}

TEST_CASE("those who share an event have accounts of their own") {
  const std::vector<Share> shares{{.event = "g:one", .profile = {10, 0}, .taken = 10, .recorded = 10},
                                  {.event = "g:two", .profile = {20, 0}, .taken = 5, .recorded = 4},
                                  {.profile = {7, 0}, .is_filtered = true}};
  const Account whole{.event = "g:all", .recorded = 14, .filtered = 7, .left_out = 1, .ring_full = 12, .outside = 3};
  const auto accounts = share_out(whole, shares);
  REQUIRE(accounts.size() == 2);
  CHECK(accounts[0] == Account{.event = "g:one", .hits = 10, .recorded = 10});
  CHECK(accounts[1] ==
        Account{.event = "g:two", .hits = 17, .recorded = 4, .left_out = 1, .ring_full = 12, .outside = 3});
}

TEST_CASE("what is known of the whole only is shared out by what is missing, to the last hit") {
  const std::vector<Share> shares{{.event = "one", .profile = {10, 2}, .taken = 5, .recorded = 5},
                                  {.event = "two", .profile = {20, 0}, .taken = 5, .recorded = 5},
                                  {.event = "three", .profile = {5, 0}, .taken = 5, .recorded = 5}};
  const auto accounts = share_out({.recorded = 15, .ring_full = 20, .missed_return = 2}, shares);
  REQUIRE(accounts.size() == 3);
  CHECK(accounts[0].ring_full == 5);
  CHECK(accounts[0].missed_return == 2);
  CHECK(accounts[1].ring_full == 15);
  CHECK(accounts[2].ring_full == 0);
  for (const Account& account : accounts) CHECK(adds_up(account));
}

TEST_CASE("a loss of which nothing is known but its number stands with the first") {
  const auto accounts = share_out({.ring_full = 3}, std::vector<Share>{{.event = "one"}, {.event = "two"}});
  CHECK(accounts[0].ring_full == 3);
  CHECK(accounts[1].ring_full == 0);
}

}  // namespace dtp::record
