// dtrace++ probe: adds persistent probes, or prints what they would be.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>

#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/refusal.h"
#include "cmd/share.h"
#include "kernel/events.h"
#include "kernel/owner.h"
#include "kernel/registry.h"
#include "kernel/standing.h"
#include "kernel/tracefs.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::vector<std::string> words = {};
  std::vector<std::string> add = {};
  std::vector<std::string> definitions = {};  // the values of -D
  bool is_definition = false;                 // -D is given, perhaps before other options and without a value
  bool dry_run = false;
  bool force = false;
  bool separate = false;
};

// Words that stand alone make one request, or go on the last one of -D.
std::vector<std::string> requests_of(const Options& options) {
  std::vector<std::string> requests = options.definitions.empty() ? options.add : options.definitions;
  if (options.words.empty()) return requests;
  if (options.definitions.empty())
    requests.push_back(join_words(options.words));
  else
    requests.back() += " " + join_words(options.words);
  return requests;
}

// Of one that shares an event of the kernel the lines name that.
void rename(Compiled& compiled, const std::string& event) {
  if (compiled.member != 0) {
    compiled.plan.event = event;
    return;
  }
  const std::string was = compiled.plan.group + "/" + compiled.plan.event + " ";
  compiled.plan.event = event;
  const std::string is = compiled.plan.group + "/" + event + " ";
  for (std::string& line : compiled.lines) line.replace(line.find(was), was.size(), is);
}

std::string shown(const Compiled& compiled) {
  std::string text = compiled.request.point.text;
  for (const expr::ProbeArgument& argument : compiled.request.arguments) text += " " + argument.text;
  return text;
}

void remember(kernel::TraceFs& tracefs, const std::vector<const Compiled*>& added) {
  const auto events = kernel::list_events(tracefs);
  if (!events) return;
  std::map<kernel::EventName, const kernel::Event*> listed;
  for (const kernel::Event& event : *events) listed.emplace(event.name, &event);
  std::map<kernel::EventName, kernel::KnownProbe> probes;
  for (const Compiled* compiled : added) {
    const auto [at, is_new] = probes.try_emplace(kernel_name(*compiled));
    kernel::KnownProbe& known = at->second;
    if (compiled->member != 0) known.members.push_back({compiled->member, compiled->plan.event, shown(*compiled)});
    if (!is_new) continue;
    known.name = at->first;
    known.request = shown(*compiled);
    const auto& fields = compiled->plan.points.front().fields;
    for (std::size_t i = 0; i < fields.size(); ++i)
      known.fields.push_back(
          {fields[i].name.empty() ? fmt::format("arg{}", i + 1) : fields[i].name, fields[i].display, fields[i].c_type});
  }
  for (const auto& [name, known] : probes)
    if (const auto event = listed.find(name); event != listed.end()) kernel::Registry().save(known, *event->second);
}

void take_back(kernel::TraceFs& tracefs, const Compiled& compiled, const Options& options, const Common& common) {
  if (options.dry_run) return;
  for (const kernel::Event& event : kernel::events_of(compiled.lines)) {
    const auto removed = kernel::remove_event(tracefs, event);
    const bool went_with_others = !removed && removed.error() == ENOENT && compiled.member != 0;
    if ((removed || went_with_others) && !common.quiet)
      fmt::print("took {}:{} back\n", compiled.plan.group, compiled.plan.event);
  }
}

bool is_there(kernel::TraceFs& tracefs, const kernel::EventName& name) {
  return tracefs.exists("events/" + name.group + "/" + name.event);
}

// Names that are taken though tracefs does not know them.
std::set<kernel::EventName> names_of_members(kernel::TraceFs& tracefs) {
  std::set<kernel::EventName> names;
  const auto known = kernel::list_known_events(tracefs, kernel::Registry());
  for (const kernel::KnownEvent& event : known.value_or(std::vector<kernel::KnownEvent>{}))
    if (event.member != 0) names.insert(event.event.name);
  return names;
}

// Prints what it adds.
Result<void> add(kernel::TraceFs& tracefs, Compiled& compiled, std::set<kernel::EventName>& members,
                 const Options& options, const Common& common) {
  DTP_TRY(const kernel::EventName name,
          kernel::free_name(tracefs, {compiled.plan.group, compiled.plan.event}, options.force, members));
  if (name.event != compiled.plan.event) rename(compiled, name.event);
  if (!options.dry_run) {
    const bool is_next = compiled.member != 0 && is_there(tracefs, kernel_name(compiled));
    const auto add_lines = [&](const std::vector<std::string>& lines) {
      return is_next ? kernel::add_member(tracefs, lines) : kernel::add_events(tracefs, lines);
    };
    if (auto added = add_possible(compiled, options.target, common, add_lines); !added)
      return fail(explain(added.error(), compiled));
  }
  if (compiled.member != 0) members.insert(name);
  if (common.quiet) return {};
  const std::string places = compiled.lines.size() > 1 ? fmt::format(" at {} places", compiled.lines.size()) : "";
  fmt::print("{} {}:{}{}\n", options.dry_run ? "would add" : "added", name.group, name.event, places);
  if (common.verbose || options.dry_run)
    for (const std::string& line : compiled.lines) fmt::print("  {}\n", line);
  return {};
}

// What was added: everything, but for events of a pattern that the kernel refuses; or nothing. With --keep-going what
// fails joins `failed`.
Result<std::vector<const Compiled*>> add_all(kernel::TraceFs& tracefs, Compilation& compilation, const Options& options,
                                             const Common& common) {
  std::vector<const Compiled*> added;
  std::set<kernel::EventName> members = names_of_members(tracefs);
  Refused refused;
  for (Compiled& one : compilation.events) {
    auto done = add(tracefs, one, members, options, common);
    if (!done)
      done = refused.add(std::move(done.error()), one);
    else
      added.push_back(&one);
    if (done) continue;
    if (options.target.keep_going && done.error().status != Status::not_possible) {
      compilation.failed.push_back(std::move(done.error()));
      continue;
    }
    for (const Compiled* other : added) take_back(tracefs, *other, options, common);
    return fail(std::move(done.error()));
  }
  if (added.empty() && compilation.failed.empty()) return fail(refused.first());
  refused.print(common);
  if (!options.dry_run) remember(tracefs, added);
  return added;
}

// The exit status of the first one.
int report_failed(const Compilation& compilation, const Common& common) {
  for (const Error& error : compilation.failed) static_cast<void>(report(error, common));
  return compilation.failed.empty() ? 0 : static_cast<int>(compilation.failed.front().status);
}

// "probe_libc:str*": what names that share an event of the kernel begin with.
std::string glob_of(const std::vector<const Compiled*>& added) {
  std::string start = added.front()->plan.event;
  for (const Compiled* one : added) {
    const auto differs = std::ranges::mismatch(start, one->plan.event);
    start.erase(differs.in1, start.end());
  }
  return "'" + added.front()->plan.group + ":" + start + "*'";
}

void print_what_next(const std::vector<const Compiled*>& added) {
  const kernel::EventName shared = kernel_name(*added.front());
  if (added.front()->member != 0 &&
      std::ranges::all_of(added, [&](const Compiled* one) { return kernel_name(*one) == shared; })) {
    fmt::print("record with: dtrace++ record -e {} -a\n", glob_of(added));
    fmt::print("remove with: dtrace++ delete {}\n", glob_of(added));
    return;
  }
  std::string records;
  std::string deletes;
  for (const Compiled* one : added) {
    const std::string name = one->plan.group + ":" + one->plan.event;
    records += " -e " + name;
    deletes += " " + name;
  }
  fmt::print("record with: dtrace++ record{} -a\nremove with: dtrace++ delete{}\n", records, deletes);
}

int run(const Options& options, const Common& common) {
  const std::vector<std::string> requests = requests_of(options);
  if (requests.empty())
    return report({.what = "no probe is given",
                   .hint = "for example: dtrace++ probe 'vfs_read count'",
                   .status = Status::wrong_request},
                  common);
  TargetOptions target = options.target;
  target.is_live = !options.is_definition;
  auto compilation = compile(target, requests);
  if (!compilation) return report(compilation.error(), common);
  print_warnings(*compilation, common);
  if (options.is_definition) {
    for (const Compiled& one : compilation->events)
      for (const std::string& line : one.lines) fmt::print("{}\n", line);
    return report_failed(*compilation, common);
  }
  auto tracefs = kernel::find_tracefs();
  if (!tracefs) return report(tracefs.error(), common);
  static_cast<void>(kernel::remove_stale(*tracefs));
  if (!options.separate && kernel::Registry().is_usable()) share_events(*tracefs, compilation->events);
  const auto added = add_all(*tracefs, *compilation, options, common);
  if (!added) return report(added.error(), common);
  if (!added->empty() && !common.quiet && !options.dry_run) print_what_next(*added);
  return report_failed(*compilation, common);
}

}  // namespace

void add_probe(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("probe", "add probes that stay, or print their definitions");
  auto options = std::make_shared<Options>();
  command.add_option("PROBE", options->words, "[[GROUP:]EVENT=]FUNCTION[@FILE][+OFFSET|:LINE|%return] [ARGUMENT...]");
  auto* add = command.add_option("-a,--add", options->add, "a whole probe in one word; may be repeated")
                  ->type_name("PROBE")
                  ->allow_extra_args(false);
  const CLI::Option* const definition =
      command
          .add_option("-D,--definition", options->definitions,
                      "print the tracefs lines of this probe and touch nothing; may be repeated")
          ->type_name("PROBE")
          ->expected(0, 1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->allow_extra_args(false)
          ->excludes(add);
  command.add_flag("-n,--dry-run", options->dry_run, "say what would be added, add nothing");
  command.add_flag("--keep-going", options->target.keep_going, "leave out the probes that cannot be, add the others");
  command.add_flag("-f,--force", options->force, "take a free name EVENT_N when EVENT exists");
  command.add_flag(
      "--separate", options->separate,
      "one event of the kernel for each function: many functions with the same values share one otherwise");
  add_target_options(command, options->target);
  add_process_option(command, options->target);
  add_compile_options(command, options->target);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ probe 'vfs_read file->f_path.dentry->d_name.name:string'\n"
      "  dtrace++ probe -x /bin/bash 'readline%return +0($retval):string'\n"
      "  dtrace++ probe -k vmlinux -D 'tcp_sendmsg size dest=sk->__sk_common.skc_daddr'\n"
      "The language is described in dtrace++-expressions(7).");
  command.callback([&registry, options, definition] {
    options->is_definition = definition->count() > 0;
    std::erase(options->definitions, "");
    registry.run = [&registry, options] { return run(*options, registry.common); };
  });
}

}  // namespace dtp::cmd
