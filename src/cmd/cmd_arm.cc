// dtrace++ arm: leaves probes in the kernel that go on without a process.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "base/quantity.h"
#include "cmd/answer_options.h"
#include "cmd/answering.h"
#include "cmd/command.h"
#include "cmd/counting.h"
#include "cmd/hist_question.h"
#include "cmd/leasing.h"
#include "cmd/watch.h"
#include "cmd/wrong_word.h"
#include "kernel/leased_instance.h"
#include "kernel/owner.h"
#include "recipe/catalog.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::vector<std::string> words = {};
  TargetOptions target = {};
  WatchOptions watch = {};
  HistFlags hist = {};
  std::string name = {};
  std::string time = "1h";
  std::string ring_bytes = "1M";
  bool as_ring = false;
};

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t longest_s = 30 * 24 * 3600;

Result<std::uint64_t> to_lease_seconds(const std::string& text) {
  const auto time_ns = base::parse_duration_ns(text);
  if (time_ns && *time_ns >= ns_per_s && *time_ns <= longest_s * ns_per_s) return *time_ns / ns_per_s;
  return fail(wrong_word("--lease", text, "--lease takes a time from 1s to 720h, such as 90s, 30m, 2h"));
}

Result<std::uint64_t> to_ring_bytes(const std::string& text) {
  constexpr std::uint64_t least = 64 << 10;
  constexpr std::uint64_t most = 1 << 30;
  const auto bytes = base::parse_size(text);
  if (bytes && *bytes >= least && *bytes <= most) return std::bit_ceil(*bytes);
  return fail(wrong_word("--ring-size", text, "--ring-size takes a size from 64K to 1G"));
}

// Words that are a recipe's name and its parameters; else they are a probe.
std::optional<recipe::Source> find_recipe(const Options& options) {
  const bool has_parameters_only = std::all_of(options.words.begin() + 1, options.words.end(),
                                               [](const std::string& word) { return word.contains('='); });
  if (!has_parameters_only || !options.target.executable.empty() || !options.target.module.empty()) return std::nullopt;
  auto source = recipe::find(options.words.front());
  return source ? std::optional(std::move(*source)) : std::nullopt;
}

// A recipe has its own.
Result<void> check_recipe_options(const Options& options) {
  for (const auto& [option, text] :
       {std::pair("--key", options.hist.keys), std::pair("--value", options.hist.values),
        std::pair("--sort", options.hist.sort), std::pair("--filter", options.hist.filter)})
    if (!text.empty())
      return fail(wrong_word(option, text, fmt::format("a recipe has no {}: it says itself what is shown", option),
                             fmt::format("its parameters choose: dtrace++ recipe show {}", options.words.front())));
  return {};
}

// What is needed of the words when nobody knows them any more.
void add_options(const Options& options, kernel::Lease& lease) {
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) lease.options.emplace_back(name, value);
  };
  add("probe", join_words(options.words));
  add("program", options.target.executable);
  add("module", options.target.module);
  add("key", options.hist.keys);
  add("value", options.hist.values);
  if (options.hist.by_powers) add("log2", "yes");
  if (options.hist.step != 0) add("buckets", std::to_string(options.hist.step));
  add("sort", options.hist.sort);
  add("filter", options.hist.filter);
}

// Of a probe the name of its function or tracepoint.
std::string make_name(const Options& options, const std::optional<recipe::Source>& source) {
  if (!options.name.empty()) return options.name;
  std::string name = source ? source->name : options.words.front().substr(0, options.words.front().find(' '));
  std::ranges::replace_if(
      name, [](char c) { return !kernel::is_lease_name(std::string("a") + c); }, '_');
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  name.resize(std::min<std::size_t>(name.size(), 40));
  return name.empty() ? "probe" : name;
}

// No function has such a name.
bool is_like_recipe(std::string_view word) { return kernel::is_lease_name(word) && word.contains('-'); }

Result<kernel::Lease> to_lease(const Options& options) {
  const auto source = find_recipe(options);
  if (!source && is_like_recipe(options.words.front())) {
    DTP_TRY(const auto missing, recipe::find(options.words.front()));
  }
  kernel::Lease lease{.name = make_name(options, source), .what = join_words(options.words)};
  if (!kernel::is_lease_name(lease.name))
    return fail(wrong_word("--name", lease.name, "a name is of at most 40 letters, digits, '-' and '_'"));
  DTP_TRY(lease.ring_bytes, to_ring_bytes(options.ring_bytes));
  if (!source) {
    add_options(options, lease);
    if (!options.hist.keys.empty()) lease.what += " by " + options.hist.keys;
    return lease;
  }
  DTP_CHECK(check_recipe_options(options));
  DTP_TRY(const recipe::Recipe recipe, recipe::load(*source));
  lease.recipe = source->text;
  lease.recipe_file = source->file;
  lease.words.assign(options.words.begin() + 1, options.words.end());
  return lease;
}

// What only a running process can do.
Result<void> check_armable(const Asked& asked, const kernel::Target& watched) {
  const recipe::Recipe& recipe = asked.recipe;
  const auto refuse = [&](const char* why) {
    return fail({.what = fmt::format("'{}' cannot be armed: {}", recipe.name, why),
                 .hint = fmt::format("while it runs it can: dtrace++ recipe run {}", recipe.name),
                 .status = Status::not_possible});
  };
  const auto is_clock = [](const recipe::Attempt& attempt) { return attempt.hz != 0; };
  if (std::ranges::any_of(recipe.probes,
                          [&](const recipe::Probe& probe) { return std::ranges::any_of(probe.attempts, is_clock); }))
    return refuse("the clock that samples where the CPUs are is gone with its process");
  if (recipe.with_stacks) return refuse("rings that nobody reads have no stacks");
  if (recipe.probes.empty()) return refuse("it is no probe that it asks");
  if (!watched.cgroup.empty())
    return fail({.what = "the hits of a control group alone cannot be armed",
                 .hint = "the kernel tells processes apart, with the children to come: -p PID, -u USER",
                 .status = Status::not_possible});
  if (!watched.cpus.empty())
    return fail({.what = "the hits of some CPUs alone cannot be armed",
                 .hint = "leave out -C: each record has its CPU, and a filter may name it: --filter 'cpu == 3'",
                 .status = Status::not_possible});
  return {};
}

// What an arming needs.
struct Arming {
  kernel::TraceFs& tracefs;
  const Options& options;
  const Common& common;
  const Asked& asked;
  kernel::Target watched = {};
  std::vector<pid_t> tasks = {};  // empty: everybody
};

void keep(Armed& armed) {
  for (kernel::OwnedEvents& owned : armed.owned) owned.keep();
}

// Counted by the kernel; the text of the error is why not.
Result<void> arm_histograms(const Arming& arming, kernel::Lease& lease) {
  const AnswerOptions wanted{.watched = arming.watched, .from_stream = arming.options.as_ring};
  if (arming.asked.is_plain()) return fail({.what = "records were asked for"});
  if (!report::is_added_up(arming.asked.recipe.answer)) return fail({.what = "it is a list"});
  if (std::string why_not = why_not_counted(arming.asked.recipe, arming.asked.settings, wanted); !why_not.empty())
    return fail({.what = std::move(why_not)});
  if (!kernel::Histograms::are_there(arming.tracefs)) return fail({.what = "this kernel has no histograms"});
  const Meanings meanings;
  DTP_TRY(CountedSetup setup, set_up_counting(arming.tracefs, arming.asked.recipe, arming.asked.settings,
                                              arming.options.target, kernel::group_of_lease(lease.name), meanings));
  std::vector<kernel::HistogramEvent> histograms;
  for (const CountedEvent& event : setup.events) histograms.push_back(event.histogram);
  lease.events.clear();
  for (const WatchedEvent& event : setup.watched)
    lease.events.push_back(to_leased({event, {&arming.asked.recipe.probes.front()}}));
  DTP_TRY(const auto instance, kernel::LeasedInstance::create(arming.tracefs, lease.name, arming.tasks));
  if (auto counting = instance.count(histograms); !counting) {
    instance.remove();
    return counting;
  }
  keep(setup.armed);
  lease.counts = true;
  return {};
}

Result<void> arm_ring(const Arming& arming, kernel::Lease& lease) {
  const Placement placement{kernel::group_of_lease(lease.name), fmt::format(" {}=$comm:string", comm_field)};
  DTP_TRY(std::vector<Placed> placed, place_all(arming.tracefs, arming.asked.recipe, arming.asked.settings,
                                                arming.options.target, placement, arming.common));
  DTP_TRY(const std::vector<ServingEvent> serving, serving_events(placed));
  lease.events.clear();
  for (const ServingEvent& event : serving) lease.events.push_back(to_leased(event));
  DTP_TRY(const auto instance, kernel::LeasedInstance::create(arming.tracefs, lease.name, arming.tasks));
  if (auto recording = instance.record(lease.events, lease.ring_bytes); !recording) {
    instance.remove();
    return recording;
  }
  for (Placed& one : placed) keep(one.armed);
  return {};
}

// What is there must not be taken for what is about to be armed.
Result<void> check_free(kernel::TraceFs& tracefs, const kernel::Lease& lease) {
  const std::vector<std::string> left = kernel::leases_without_file(tracefs);
  if (std::ranges::find(left, kernel::plain_name(lease.name)) != left.end())
    return fail({.what = "the kernel has something under the name '" + lease.name + "' that nobody knows any more",
                 .hint = "take another name (--name), or remove it: dtrace++ armed --clean"});
  return {};
}

Result<void> put_into_kernel(const Arming& arming, kernel::HeldLease& held, std::uint64_t seconds) {
  kernel::Lease& lease = held.lease;
  const auto counted = arm_histograms(arming, lease);
  if (!counted) DTP_CHECK(arm_ring(arming, lease));
  lease.since_s = kernel::seconds_since_boot();
  lease.until_s = lease.since_s + seconds;
  lease.is_whole = true;
  DTP_CHECK(held.save());
  if (arming.common.quiet) return {};
  const std::string how = lease.counts ? "the kernel counts"
                                       : fmt::format("a ring of {} KiB for each CPU keeps the newest records ({})",
                                                     lease.ring_bytes / 1024, counted.error().what);
  fmt::print(stderr, "armed '{}' until {}: {}\ncollect it: dtrace++ collect {}\n", lease.name,
             clock_text(static_cast<std::int64_t>(seconds)), how, lease.name);
  return {};
}

Result<int> arm_it(const Options& options, const Common& common) {
  DTP_TRY(const std::uint64_t seconds, to_lease_seconds(options.time));
  DTP_TRY(const kernel::Lease lease, to_lease(options));
  DTP_TRY(const Asked asked, read_asked(lease));
  DTP_CHECK(check_where(asked.recipe, asked.settings));
  DTP_TRY(kernel::Target watched, to_target(options.watch, {}));
  if (asked.recipe.is_of_machine) DTP_CHECK(watch_all(asked.recipe, watched));
  DTP_CHECK(check_armable(asked, watched));
  DTP_TRY(std::vector<pid_t> tasks, kernel::choose_tasks(watched, 0));
  if (tasks.front() == kernel::every_task) tasks.clear();
  DTP_TRY(auto tracefs, kernel::find_tracefs());
  // From here on signals are only noticed: all of it is put into the kernel, or nothing.
  DTP_TRY(auto signals, kernel::StopSignals::block());
  DTP_CHECK(kernel::remove_stale(tracefs));
  DTP_CHECK(check_free(tracefs, lease));
  const kernel::Leases leases;
  DTP_TRY(kernel::HeldLease held, leases.create(lease.name));
  held.lease = lease;
  Options probed = options;
  probed.target.is_live = true;
  if (!probed.target.executable.empty() && probed.target.target_ns == 0) probed.target.pids = watched.pids;
  const auto armed = put_into_kernel({tracefs, probed, common, asked, watched, tasks}, held, seconds);
  if (armed) return 0;
  (void)kernel::remove_leased(tracefs, lease.name);
  leases.forget(held);
  return std::unexpected(armed.error());
}

}  // namespace

void add_arm(Registry& registry) {
  CLI::App& command =
      *registry.app.add_subcommand("arm", "leave a recipe or a probe in the kernel, to be collected later");
  const auto options = std::make_shared<Options>();
  command
      .add_option("RECIPE|PROBE", options->words,
                  "a recipe with its NAME=VALUE, or FUNCTION[@FILE][+OFFSET|:LINE|%return] [ARGUMENT...]")
      ->required();
  command.add_option("--lease", options->time, "how long it stays: 90s, 30m, 2h")
      ->type_name("TIME")
      ->capture_default_str();
  command.add_option("--name", options->name, "what it is collected by; the default is the recipe's or the function's")
      ->type_name("NAME");
  add_hist_options(command, options->hist);
  command.add_flag("--ring", options->as_ring, "keep records, also of what the kernel itself could count");
  command.add_option("--ring-size", options->ring_bytes, "of the ring of each CPU, which keeps the newest records")
      ->type_name("SIZE")
      ->capture_default_str();
  add_target_options(command, options->target);
  add_compile_options(command, options->target);
  add_watch_options(command, options->watch);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ arm files-read --lease 2h\n"
      "  dtrace++ arm 'tcp_sendmsg size' --key comm --value size --lease 30m\n"
      "  dtrace++ arm 'tcp_retransmit_skb dest=sk->__sk_common.skc_daddr' --name lossy\n"
      "  dtrace++ armed\n"
      "  dtrace++ collect lossy");
  run_alone(command, registry, options, arm_it);
}

}  // namespace dtp::cmd
