#include "record/ledger.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "base/lines.h"
#include "base/number.h"

namespace dtp::record {
namespace {

constexpr std::string_view first_line = "dtrace++ ledger 1\n";

constexpr std::size_t longest_name = 256;

struct Column {
  std::string_view key;
  std::string_view title;
  std::uint64_t Account::*member;
};

constexpr std::array columns{
    Column{"hits", "hits", &Account::hits},
    Column{"recorded", "recorded", &Account::recorded},
    Column{"filtered", "filtered", &Account::filtered},
    Column{"left_out", "left out", &Account::left_out},
    Column{"ring_full", "lost: ring full", &Account::ring_full},
    Column{"too_long", "lost: too long", &Account::too_long},
    Column{"missed_return", "lost: missed return", &Account::missed_return},
    Column{"recursion", "lost: recursion", &Account::recursion},
    Column{"throttled", "lost: throttled", &Account::throttled},
    Column{"outside", "outside", &Account::outside},
};

// Of time, not of hits.
constexpr std::array times{
    Column{"watched_ms", "", &Account::watched_ms},
    Column{"whole_ms", "", &Account::whole_ms},
};

const Column* find_column(std::string_view key) {
  for (const std::span<const Column> all : {std::span<const Column>(columns), std::span<const Column>(times)})
    for (const Column& column : all)
      if (column.key == key) return &column;
  return nullptr;
}

std::uint64_t difference(std::uint64_t from, std::uint64_t what) { return from > what ? from - what : 0; }

std::optional<Account> parse_account(std::string_view line) {
  Account account{.event = std::string(base::take_until(line, ' '))};
  const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
  if (account.event.size() > longest_name || !std::ranges::all_of(account.event, is_printable)) return std::nullopt;
  while (!line.empty()) {
    std::string_view value = base::take_until(line, ' ');
    const std::string_view key = base::take_until(value, '=');
    const auto number = base::parse_number<std::uint64_t>(value);
    if (!number) return std::nullopt;
    if (const Column* column = find_column(key)) account.*column->member = *number;
  }
  return account;
}

}  // namespace

std::uint64_t Ledger::lost() const {
  std::uint64_t sum = 0;
  for (const Account& event : events) sum += event.lost();
  return sum;
}

bool Ledger::is_sampled() const { return std::ranges::any_of(events, &Account::is_sampled); }

Account settle(const kernel::Counted& counted, std::uint64_t taken, std::uint64_t recorded,
               const Circumstances& circumstances) {
  Account account{.recorded = recorded,
                  .left_out = taken - recorded,
                  .ring_full = counted.ring_full,
                  .watched_ms = counted.watched_ms,
                  .whole_ms = counted.whole_ms};
  account.filtered = difference(counted.reached, counted.counts_passed ? counted.passed : taken + counted.ring_full);
  if (circumstances.is_final && counted.counts_passed)
    (circumstances.overwrites ? account.left_out : account.throttled) +=
        difference(counted.passed, taken + counted.ring_full);
  (counted.profile.is_return ? account.missed_return : account.recursion) = counted.profile.missed;
  const std::uint64_t arrived = recorded + account.left_out + account.filtered + account.ring_full + account.throttled;
  if (circumstances.is_final && counted.profile.is_known) {
    const std::uint64_t rest = difference(counted.profile.hits, arrived);
    const bool may_be_too_long = circumstances.watches_all && circumstances.may_be_too_long && !account.is_sampled();
    (may_be_too_long ? account.too_long : account.outside) = rest;
  }
  account.hits = arrived + account.too_long + counted.profile.missed;
  return account;
}

namespace {

struct Part {
  Account account = {};
  std::uint64_t missing = 0;  // hits that are not accounted for yet
  bool is_filtered = false;
};

// Adds an amount to those whom it may be of, by what is missing of each.
void share(std::uint64_t amount, std::uint64_t Account::*member, std::vector<Part>& parts, bool filtered_only = false) {
  std::vector<Part*> takers;
  for (Part& part : parts)
    if (part.missing > 0 && (part.is_filtered || !filtered_only)) takers.push_back(&part);
  if (takers.empty()) {
    if (!parts.empty()) parts.front().account.*member += amount;
    return;
  }
  double all = 0;
  for (const Part* part : takers) all += static_cast<double>(part->missing);
  double until = 0;
  std::uint64_t given = 0;
  for (Part* part : takers) {
    until += static_cast<double>(amount) * static_cast<double>(part->missing) / all;
    const auto now = part == takers.back() ? amount : std::min(amount, static_cast<std::uint64_t>(until + 0.5));
    part->account.*member += now - given;
    part->missing -= std::min(part->missing, now - given);
    given = now;
  }
}

}  // namespace

std::vector<Account> share_out(const Account& whole, std::span<const Share> shares) {
  std::vector<Part> parts;
  std::uint64_t left_out = whole.left_out;
  for (const Share& one : shares) {
    const std::uint64_t own_left_out = one.taken - one.recorded;
    parts.push_back({.account = {.event = one.event, .recorded = one.recorded, .left_out = own_left_out},
                     .missing = difference(one.profile.hits, one.taken),
                     .is_filtered = one.is_filtered});
    Account& account = parts.back().account;
    (whole.missed_return > 0 ? account.missed_return : account.recursion) = one.profile.missed;
    left_out = difference(left_out, own_left_out);
  }
  share(whole.filtered, &Account::filtered, parts, true);
  share(whole.ring_full, &Account::ring_full, parts);
  share(whole.throttled, &Account::throttled, parts);
  share(whole.too_long, &Account::too_long, parts);
  share(left_out, &Account::left_out, parts);
  share(whole.outside, &Account::outside, parts);
  std::vector<Account> accounts;
  for (Part& part : parts) {
    Account& account = part.account;
    account.hits = account.recorded + account.filtered + account.left_out + account.lost();
    if (!account.event.empty()) accounts.push_back(std::move(account));
  }
  return accounts;
}

Account operator-(Account now, const Account& before) {
  for (const Column& column : columns) now.*column.member = difference(now.*column.member, before.*column.member);
  for (const Column& column : times) now.*column.member = difference(now.*column.member, before.*column.member);
  return now;
}

std::string encode_ledger(const Ledger& ledger) {
  std::string text(first_line);
  for (const Account& account : ledger.events) {
    text += account.event;
    for (const Column& column : columns)
      if (account.*column.member != 0) text += fmt::format(" {}={}", column.key, account.*column.member);
    for (const Column& column : times)
      if (account.is_sampled()) text += fmt::format(" {}={}", column.key, account.*column.member);
    text += '\n';
  }
  return text;
}

std::optional<Ledger> decode_ledger(std::string_view text) {
  if (!text.starts_with(first_line)) return std::nullopt;
  text.remove_prefix(first_line.size());
  Ledger ledger;
  while (!text.empty()) {
    auto account = parse_account(base::take_line(text));
    if (!account) return std::nullopt;
    ledger.events.push_back(std::move(*account));
  }
  return ledger;
}

std::string ledger_table(const Ledger& ledger) {
  std::size_t widest = std::string_view("event").size();
  for (const Account& account : ledger.events) widest = std::max(widest, account.event.size());
  std::vector<const Column*> shown;
  for (const Column& column : columns) {
    const bool is_something =
        std::ranges::any_of(ledger.events, [&](const Account& account) { return account.*column.member != 0; });
    if (&column < &columns[2] || is_something) shown.push_back(&column);
  }
  std::string text = fmt::format("{:<{}}", "event", widest);
  const auto width = [](const Column& column) { return std::max<std::size_t>(column.title.size(), 9) + 2; };
  for (const Column* column : shown) text += fmt::format("{:>{}}", column->title, width(*column));
  text += '\n';
  for (const Account& account : ledger.events) {
    text += fmt::format("{:<{}}", account.event, widest);
    for (const Column* column : shown) text += fmt::format("{:>{}}", account.*column->member, width(*column));
    text += '\n';
  }
  return text;
}

std::string sampling_text(const Ledger& ledger) {
  std::string text;
  for (const Account& account : ledger.events) {
    if (!account.is_sampled()) continue;
    const auto watched = static_cast<double>(account.watched_ms);
    const auto whole = static_cast<double>(account.whole_ms);
    text += fmt::format("sampled: {} was watched {:.2f} s of {:.2f} s ({:.1f} %), hits of the rest are in no count\n",
                        account.event, watched / 1000, whole / 1000, 100 * watched / whole);
  }
  return text;
}

}  // namespace dtp::record
