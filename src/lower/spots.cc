// Where a probe point lies: the instances of a function, by debug information and by symbols.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/pattern.h"
#include "base/suggest.h"
#include "debug/demangle.h"
#include "debug/qualified_name.h"
#include "debug/source_path.h"
#include "lower/go_return.h"
#include "lower/lower.h"
#include "lower/source_pattern.h"
#include "lower/tracepoint.h"
#include "lower/usdt.h"

namespace dtp::lower {
namespace {

// A pattern for half of the kernel is not counted to its end.
constexpr std::size_t most_counted = 10'000;

// The first symbol of the kernel's image.
constexpr std::string_view image_start = "_text";

class SpotFinder {
 public:
  SpotFinder(const expr::ProbePoint& point, const Target& target, const Options& options)
      : point_(point), target_(target), options_(options) {}

  Result<std::vector<Spot>> find() {
    if (point_.is_usdt || !point_.provider.empty()) return at_static_probe();
    if (point_.address) return at_address();
    if (point_.line) return at_line();
    // The brackets of a generic are no pattern: main.Max[go.shape.int_0].
    if (point_.is_pattern && point_.function.contains('[')) DTP_CHECK(find_instances());
    DTP_TRY(std::vector<Spot> spots, point_.source_pattern ? at_line()
                                     : !instances_.empty() ? of_instances()
                                     : point_.is_pattern   ? of_pattern()
                                                           : of_function());
    if (spots.size() > options_.max_probes)
      return fail(
          too_many(std::to_string(spots.size()), fmt::format("allow them with --max-probes={}, or ", spots.size())));
    return spots;
  }

 private:
  Result<std::vector<Spot>> of_function() {
    DTP_CHECK(find_instances());
    return of_instances();
  }

  Result<std::vector<Spot>> of_instances() {
    if (instances_.empty() || is_ambiguous()) return by_symbol();
    std::vector<Spot> spots;
    std::optional<Error> wrong;
    const std::vector<debug::Instance> all = instances_;
    if (point_.is_return) keep_returning();
    if (options_.no_inlines)
      std::erase_if(instances_, [](const debug::Instance& instance) { return instance.is_inlined; });
    for (const debug::Instance& instance : instances_) {
      DTP_CHECK(add(instance, spots, wrong));
    }
    if (spots.empty() && wrong) return fail(std::move(*wrong));
    if (spots.empty()) return fail(inlined_only(all));
    return spots;
  }

  // Go's tools write [...] for the arguments of any instance of a generic, and the star in (*T) is none.
  std::string glob() const {
    constexpr std::string_view any = "[...]", receiver = "(*";
    std::string glob = point_.function;
    if (!glob.contains(any)) return glob;
    for (std::size_t at = 0; (at = glob.find(any, at)) != std::string::npos;) glob.replace(at, any.size(), "[[]*[]]");
    for (std::size_t at = 0; (at = glob.find(receiver, at)) != std::string::npos; at += 3) glob.insert(at + 1, "\\");
    return glob;
  }

  // Functions that have no place of their own, such as start-up code, are passed over.
  Result<std::vector<Spot>> of_pattern() {
    std::vector<Spot> spots;
    const auto add_function = [&](const std::string& name, std::vector<debug::Instance> instances) {
      expr::ProbePoint point = point_;
      point.function = name;
      SpotFinder finder(point, target_, options_);
      finder.instances_ = std::move(instances);
      if (auto found = finder.of_instances()) std::ranges::move(*found, std::back_inserter(spots));
    };
    if (debug::is_qualified(point_.function)) {
      for (const std::string& mangled : debug::matching_names(target_.symbols(), point_.function))
        add_function(mangled, target_.info == nullptr
                                  ? std::vector<debug::Instance>{}
                                  : target_.info->find_functions(mangled).value_or(std::vector<debug::Instance>{}));
      if (spots.empty()) return fail(no_match());
      return spots;
    }
    DTP_TRY(std::vector<std::vector<debug::Instance>> functions, matching_functions());
    for (std::vector<debug::Instance>& instances : functions) {
      const std::string name = instances.front().function;
      add_function(name, std::move(instances));
    }
    if (!functions.empty() || point_.file) {
      if (spots.empty()) return fail(no_match());
      return spots;
    }
    std::set<std::pair<std::uint64_t, std::string>> names;  // in the order of addresses
    for (const debug::Symbol& symbol : target_.symbols().all())
      if (symbol.is_function && base::matches_pattern(glob(), std::string(symbol.name)))
        names.emplace(symbol.address, symbol.name);
    std::uint64_t last = 0;
    for (const auto& [address, name] : names)
      if (address == 0 || address != std::exchange(last, address)) add_function(name, {});
    if (spots.empty()) return fail(no_match());
    return spots;
  }

  Result<std::vector<std::vector<debug::Instance>>> matching_functions() const {
    std::vector<std::vector<debug::Instance>> functions;
    if (target_.info == nullptr) return functions;
    const std::size_t most = std::max(options_.max_probes, most_counted);
    DTP_TRY(std::vector<debug::Instance> instances,
            target_.info->find_matching({glob(), point_.file.value_or(""), most}));
    if (instances.size() > most) return fail(too_many(fmt::format("more than {}", most), ""));
    for (debug::Instance& instance : instances) {
      if (functions.empty() || functions.back().front().function != instance.function) functions.emplace_back();
      functions.back().push_back(std::move(instance));
    }
    return functions;
  }

  Error no_match() const {
    const bool is_generic = target_.is_user() && target_.file->is_go() && point_.function.ends_with(']');
    return error(fmt::format("no function matches '{}'{}", point_.function,
                             point_.file ? fmt::format(" in a file '{}'", *point_.file) : ""),
                 point_.function_span,
                 is_generic          ? fmt::format("all instances of a generic are {}[...]",
                                                   point_.function.substr(0, point_.function.find('[')))
                 : target_.is_user() ? list_hint()
                                     : "");
  }

  std::string list_hint() const {
    const auto is_function = [](const debug::Symbol& symbol) { return symbol.is_function; };
    if (!std::ranges::any_of(target_.symbols().all(), is_function)) return "it has no symbol table";
    return fmt::format("list what there is: dtrace++ funcs{}", target_.is_user() ? " -x " + target_.object : "");
  }

  Error too_many(const std::string& count, const std::string& allow) const {
    return error(
        fmt::format("'{}' is at {} places, {} are allowed", point_.function, count, options_.max_probes),
        point_.function_span,
        allow + (point_.file ? "name fewer functions" : fmt::format("name the source file: {}@FILE", point_.function)));
  }

  Error error(std::string what, Span span, std::string hint = {}) const {
    return {.what = std::move(what),
            .where = Where{"probe point", point_.text, span},
            .hint = std::move(hint),
            .status = Status::wrong_request};
  }

  Result<void> find_instances() {
    if (target_.info == nullptr) return {};
    DTP_TRY(instances_, target_.info->find_functions(point_.function));
    if (instances_.empty()) DTP_CHECK(find_by_alias());
    if (!point_.file || instances_.empty()) return {};
    std::string files;
    for (const debug::Instance& instance : instances_)
      if (files.find(instance.file) == std::string::npos) files += (files.empty() ? "" : ", ") + instance.file;
    std::erase_if(instances_,
                  [&](const debug::Instance& instance) { return !debug::matches_tail(instance.file, *point_.file); });
    if (instances_.empty())
      return fail(error(fmt::format("there is no '{}' in a file '{}'", point_.function, *point_.file), point_.file_span,
                        files.empty() ? "the debug information does not tell the files of functions"
                                      : fmt::format("it is in {}", files)));
    return {};
  }

  // A symbol without a function of its name may be another name of one that has: memcpy, __memcpy.
  Result<void> find_by_alias() {
    std::set<std::uint64_t> seen;
    for (const debug::Symbol* symbol : target_.symbols().find(point_.function)) {
      if (!symbol->is_function || symbol->address == 0 || !seen.insert(symbol->address).second) continue;
      DTP_TRY(std::vector<debug::Instance> around, target_.info->find_function_at(symbol->address));
      for (debug::Instance& instance : around)
        if (instance.address == symbol->address) instances_.push_back(std::move(instance));
    }
    return {};
  }

  // Inlined copies do not return, parts of a function return elsewhere. Whole clones of it (.isra, .constprop)
  // do for a function that has no body of its own name.
  void keep_returning() {
    std::erase_if(instances_, [](const debug::Instance& instance) { return instance.is_inlined; });
    const auto symbol_of = [&](const debug::Instance& instance) -> std::string_view {
      const debug::Symbol* symbol =
          instance.address == 0 ? nullptr : target_.symbols().find_function_at(instance.address);
      return symbol == nullptr ? std::string_view(instance.function) : symbol->name;
    };
    std::erase_if(instances_, [&](const debug::Instance& i) {
      return symbol_of(i).find(".part.") != std::string_view::npos ||
             symbol_of(i).find(".cold") != std::string_view::npos;
    });
    const bool has_own =
        std::ranges::any_of(instances_, [&](const debug::Instance& i) { return symbol_of(i) == point_.function; });
    if (has_own)
      std::erase_if(instances_,
                    [&](const debug::Instance& i) { return symbol_of(i).starts_with(point_.function + "."); });
  }

  // The kernel throws its start-up code away.
  bool is_startup_code(std::uint64_t address) const {
    if (target_.kind != Target::Kind::kernel) return false;
    const auto first = target_.symbols().find("_sinittext");
    const auto last = target_.symbols().find("_einittext");
    return first.size() == 1 && last.size() == 1 && address >= first[0]->address && address < last[0]->address;
  }

  Result<void> add(const debug::Instance& instance, std::vector<Spot>& spots, std::optional<Error>& wrong) {
    if (instance.address == 0) return add_by_name(instance, spots);  // BTF
    if (point_.offset > 0 && instance.end > instance.address && point_.offset >= instance.end - instance.address) {
      if (!wrong)
        wrong = error(fmt::format("the offset is outside of '{}'", point_.function), point_.offset_span,
                      fmt::format("it has {} bytes", instance.end - instance.address));
      return {};
    }
    const std::uint64_t address = instance.address + point_.offset;
    if (is_startup_code(address)) {
      if (!wrong)
        wrong = error(fmt::format("'{}' is there only while the kernel starts", point_.function), point_.function_span);
      return {};
    }
    DTP_TRY(path::Site site, site_at(address));
    spots.push_back({std::move(site), instance, true, address, point_.offset == 0});
    return {};
  }

  // BTF has no addresses: the symbol of the same name is meant.
  Result<void> add_by_name(const debug::Instance& instance, std::vector<Spot>& spots) const {
    path::Site site{
        .object = target_.object, .symbol = point_.function, .offset = point_.offset, .is_return = point_.is_return};
    spots.push_back({std::move(site), instance, point_.offset == 0, 0, point_.offset == 0});
    return {};
  }

  // BTF does not tell two functions of one name apart, and merges them when they look alike.
  bool is_ambiguous() const {
    if (instances_.empty() || instances_.front().address != 0) return false;
    return instances_.size() > 1 || (target_.check_names && target_.symbols().find(point_.function).size() > 1);
  }

  Result<path::Site> site_at(std::uint64_t address) const {
    path::Site site{
        .object = target_.object, .address = address, .user = target_.is_user(), .is_return = point_.is_return};
    if (target_.is_user()) {
      const auto offset = target_.file->file_offset(address);
      if (!offset)
        return fail(error(fmt::format("the address {:#x} is not in the file", address), point_.function_span));
      site.address = *offset;
      return site;
    }
    const debug::Symbol* symbol = target_.symbols().find_function_at(address);
    if (symbol != nullptr) {
      site.symbol = std::string(symbol->name);
      site.offset = address - symbol->address;
    }
    // A function that another one stands in for has code, and no symbol.
    if (target_.kind == Target::Kind::kernel && target_.symbols().find(site.symbol).size() != 1)
      use_image_offset(site, address);
    return site;
  }

  // The kernel refuses a name that several symbols have; an offset from the image's start is unique.
  void use_image_offset(path::Site& site, std::uint64_t address) const {
    const auto start = target_.symbols().find(image_start);
    if (start.size() != 1 || start[0]->address == 0 || address < start[0]->address) return;
    site.symbol = image_start;
    site.offset = address - start[0]->address;
  }

  Result<std::vector<Spot>> by_symbol() {
    std::vector<Spot> spots;
    std::set<std::uint64_t> seen;
    for (const debug::Symbol* symbol : named_symbols()) {
      if (!symbol->is_function || point_.file || !seen.insert(symbol->address).second) continue;
      if (point_.offset > 0 && symbol->size > 0 && point_.offset >= symbol->size)
        return fail(error(fmt::format("the offset is outside of '{}'", point_.function), point_.offset_span,
                          fmt::format("it has {} bytes", symbol->size)));
      const std::uint64_t address = symbol->address + point_.offset;
      const bool is_go = target_.is_user() && target_.file->is_go();
      const debug::Instance nameless{.function = point_.function,
                                     .language = is_go ? debug::Language::go : debug::Language::other};
      if (symbol->address == 0) {  // hidden addresses: the name must do
        spots.push_back({.site = {.object = target_.object,
                                  .symbol = point_.function,
                                  .offset = point_.offset,
                                  .is_return = point_.is_return},
                         .instance = nameless});
        continue;
      }
      DTP_TRY(path::Site site, site_at(address));
      spots.push_back(
          {.site = std::move(site), .instance = nameless, .address = address, .is_entry = point_.offset == 0});
    }
    if (!spots.empty()) return spots;
    return fail(unknown());
  }

  std::vector<const debug::Symbol*> named_symbols() const {
    std::vector<const debug::Symbol*> symbols = target_.symbols().find(point_.function);
    if (!symbols.empty()) return symbols;
    if (!debug::is_qualified(point_.function)) return free_functions();
    for (const std::string& mangled : debug::mangled_names(target_.symbols(), "", point_.function))
      std::ranges::copy(target_.symbols().find(mangled), std::back_inserter(symbols));
    return symbols;
  }

  // Of C++, where the symbols of a name begin with "_Z16dispatch_command".
  std::vector<const debug::Symbol*> free_functions() const {
    std::vector<const debug::Symbol*> symbols;
    if (!target_.is_user() || point_.function.empty()) return symbols;
    const std::string mangled = fmt::format("_Z{}{}", point_.function.size(), point_.function);
    for (const debug::Symbol& symbol : target_.symbols().all())
      if (symbol.name.starts_with(mangled) && !symbol.name.contains('.')) symbols.push_back(&symbol);
    return symbols;
  }

  // Of a name with scopes those that only the scopes or the parameters tell apart.
  std::vector<std::string> near_functions(const std::vector<std::string_view>& names) const {
    if (!debug::is_qualified(point_.function)) return base::nearest(point_.function, names);
    constexpr std::size_t most_named = 4;
    std::vector<std::string> near = debug::mangled_names(target_.symbols(), "", debug::plain_name(point_.function));
    near.resize(std::min(near.size(), most_named));
    for (std::string& name : near) name = debug::demangle(name);
    return near;
  }

  Error in_module(const debug::ModuleHit& hit) const {
    if (hit.is_loaded)
      return error(fmt::format("'{}' is in the module '{}'", point_.function, hit.module), point_.function_span,
                   fmt::format("probe it there: -m {}", hit.module));
    return error(fmt::format("'{}' is in the module '{}', which is not loaded", point_.function, hit.module),
                 point_.function_span, fmt::format("load it (modprobe {0}) and probe it there: -m {0}", hit.module));
  }

  Error unknown() const {
    if (!point_.file && !target_.symbols().find(point_.function).empty())
      return error(fmt::format("'{}' is a symbol, but not of a function", point_.function), point_.function_span);
    if (const auto hit = target_.module_with ? target_.module_with(point_.function) : std::nullopt)
      return in_module(*hit);
    if (const std::string file = target_.info ? target_.info->find_removed_function(point_.function) : "";
        !file.empty())
      return error(fmt::format("'{}' is in {}, but all its calls were optimised away", point_.function, file),
                   point_.function_span, "probe a function that calls it");
    std::vector<std::string_view> names;
    for (const debug::Symbol& symbol : target_.symbols().all())
      if (symbol.is_function) names.push_back(symbol.name);
    std::string what = fmt::format("there is no function '{}'", point_.function);
    what += target_.kind == Target::Kind::kernel ? " in the kernel" : fmt::format(" in '{}'", target_.object);
    std::string hint = base::did_you_mean(near_functions(names));
    if (hint.empty()) hint = list_hint();
    return error(std::move(what), point_.function_span, std::move(hint));
  }

  Error inlined_only(const std::vector<debug::Instance>& all) const {
    constexpr std::size_t most_named = 5;
    std::vector<std::string_view> around;
    for (const debug::Instance& instance : all) {
      const debug::Symbol* symbol = target_.symbols().find_function_at(instance.address);
      if (symbol != nullptr && std::ranges::find(around, symbol->name) == around.end()) around.push_back(symbol->name);
    }
    const std::string more = around.size() > most_named ? ", ..." : "";
    around.resize(std::min(around.size(), most_named));
    return error(fmt::format("'{}' is inlined everywhere{}", point_.function,
                             point_.is_return ? " and never returns on its own" : ""),
                 point_.function_span,
                 fmt::format("{}probe a function that it is in: {}{}",
                             point_.is_return ? "probe its entry, or " : "allow inlined copies, or ",
                             fmt::join(around, ", "), more));
  }

  // Of a program, or a tracepoint of the kernel.
  Result<std::vector<Spot>> at_static_probe() const {
    if (target_.is_user()) return find_usdt(point_, target_, options_);
    if (point_.is_usdt)
      return fail(error("the kernel has no USDT probes", point_.function_span, "name the program: -x FILE"));
    const bool is_raw = point_.provider == raw_provider;
    if (point_.is_pattern && is_raw)
      return fail(error("a pattern of raw tracepoints is not understood", point_.function_span,
                        "name one, or the tracepoints of a system: sched:sched_*"));
    if (point_.is_pattern) return matching_tracepoints();
    DTP_TRY(Spot spot, is_raw ? find_raw_tracepoint(point_, target_) : find_tracepoint(point_, target_));
    return std::vector{std::move(spot)};
  }

  // Each is an event of its own.
  Result<std::vector<Spot>> matching_tracepoints() const {
    std::vector<Spot> spots;
    if (!target_.tracepoints)
      return fail(error("the tracepoints of that kernel are not known here", point_.function_span, "name one"));
    for (const auto& [system, name] : target_.tracepoints(point_.provider, point_.function)) {
      expr::ProbePoint point = point_;
      point.provider = system;
      point.function = name;
      if (auto spot = find_tracepoint(point, target_)) {
        spot->instance.function = name;
        spots.push_back(std::move(*spot));
      }
    }
    if (spots.empty())
      return fail(
          error(fmt::format("no tracepoint matches '{}:{}'", point_.provider, point_.function), point_.function_span));
    return spots;
  }

  Result<std::vector<Spot>> at_line() {
    if (target_.info == nullptr || !target_.info->has_lines()) {
      Error missing =
          error(fmt::format("source lines need debug information, and there is none{}", target_.why_no_info),
                point_.line_span, target_.info_hint);
      missing.status = Status::not_possible;
      return fail(std::move(missing));
    }
    if (point_.line && is_function_of_go()) {
      expr::ProbePoint point = point_;
      point.function = *std::exchange(point.file, std::nullopt);
      point.function_span = point.file_span;
      return SpotFinder(point, target_, options_).at_line();
    }
    DTP_TRY(const std::vector<debug::LineInstance> lines, point_.source_pattern ? matching_lines() : wanted_line());
    std::vector<Spot> spots;
    for (const debug::LineInstance& line : lines) {
      if (line.line != line.wanted_line) return fail(shared_line(line));
      if (is_startup_code(line.instance.address))
        return fail(error(fmt::format("'{}' is there only while the kernel starts", line.instance.function),
                          point_.function_span));
      DTP_TRY(path::Site site, site_at(line.instance.address));
      spots.push_back({std::move(site), line.instance, true, line.instance.address, false});
    }
    return spots;
  }

  Result<std::vector<debug::LineInstance>> wanted_line() const {
    DTP_TRY(std::vector<debug::LineInstance> lines,
            target_.info->find_lines({point_.function, point_.file.value_or(""), {*point_.line}}));
    if (lines.empty()) return fail(no_line());
    return lines;
  }

  Result<std::vector<debug::LineInstance>> matching_lines() {
    if (!point_.function.empty()) {
      DTP_CHECK(find_instances());
      if (instances_.empty()) return fail(unknown());
    }
    DTP_TRY(std::vector<debug::LineInstance> lines, find_matching_lines(point_, instances_, target_));
    // Of a line's places those where its code begins with that of another one.
    const auto is_shared = [](const debug::LineInstance& line) { return line.line != line.wanted_line; };
    if (!std::ranges::all_of(lines, is_shared)) std::erase_if(lines, is_shared);
    return lines;
  }

  // main.add:2 looks like a file and a line.
  bool is_function_of_go() const {
    if (!point_.function.empty() || !target_.is_user() || !target_.file->is_go()) return false;
    const auto known = target_.info->find_functions(*point_.file);
    return known && !known->empty();
  }

  Error no_line() const {
    if (point_.function.empty())
      return error(fmt::format("line {} of '{}' has no code", *point_.line, *point_.file), point_.line_span,
                   near_lines(target_.info->source_of_file(*point_.file)));
    const auto known = target_.info->find_functions(point_.function);
    if (known && known->empty()) return unknown();
    const std::string near = known ? near_lines(target_.info->source_of(*known)) : "";
    return error(
        fmt::format("line {} of '{}' has no code", *point_.line, point_.function), point_.line_span,
        "lines are counted from the function's declaration, which is line 0" + (near.empty() ? "" : "; " + near));
  }

  // The last line with code before the wanted one, and the first behind it.
  std::string near_lines(const std::vector<debug::SourceLines>& sources) const {
    if (sources.size() != 1) return "";
    const debug::SourceLines& source = sources.front();
    const unsigned base = source.function.empty() ? 0 : source.first;
    const auto behind = std::ranges::upper_bound(source.lines, *point_.line + base);
    std::vector<std::string> near;
    if (behind != source.lines.begin()) near.push_back(std::to_string(*std::prev(behind) - base));
    if (behind != source.lines.end()) near.push_back(std::to_string(*behind - base));
    if (near.empty()) return "";
    return fmt::format("the nearest with code: {}", fmt::join(near, ", "));
  }

  Error shared_line(const debug::LineInstance& line) const {
    const std::string& path = line.instance.file;
    const std::string file = path.substr(path.find_last_of('/') + 1);
    const std::string hint = fmt::format("probe {}:{}", file, line.line);
    return error("the code of this line begins with that of another line", point_.line_span, hint);
  }

  Result<std::vector<Spot>> at_address() {
    const std::uint64_t address = *point_.address;
    if (target_.is_user()) {
      DTP_TRY(path::Site site, site_at(address));
      return at_known_address({.site = std::move(site), .address = address});
    }
    const auto first = target_.symbols().find("_stext");
    const auto last = target_.symbols().find("_etext");
    const bool is_known = first.size() == 1 && last.size() == 1 && first[0]->address != 0;
    if (is_known && (address <= first[0]->address || address >= last[0]->address))
      return fail(error(fmt::format("{:#x} is not in the kernel's code", address), point_.function_span));
    return at_known_address(
        {.site = {.object = target_.object, .address = address, .is_return = point_.is_return}, .address = address});
  }

  Result<std::vector<Spot>> at_known_address(Spot spot) const {
    const std::uint64_t address = spot.address;
    if (target_.info != nullptr) {
      DTP_TRY(std::vector<debug::Instance> around, target_.info->find_function_at(address));
      if (!around.empty()) {
        spot.instance = std::move(around.front());
        spot.has_instance = true;
        spot.is_entry = spot.instance.address == address;
      }
    }
    return std::vector{std::move(spot)};
  }

  const expr::ProbePoint& point_;
  const Target& target_;
  const Options& options_;
  std::vector<debug::Instance> instances_ = {};
};

// Where the kernel takes no probe, or one that never hits.
std::optional<Error> find_forbidden(const expr::ProbePoint& point, const std::string& function, const Target& target) {
  Error error{.where = Where{"probe point", point.text, point.function_span}};
  for (const std::string_view padding : {"__pfx_", "__cfi_"}) {
    if (!function.starts_with(padding)) continue;
    error.what = fmt::format("'{}' is padding in front of a function, and never runs", function);
    error.hint = fmt::format("probe {}", function.substr(padding.size()));
    error.status = Status::wrong_request;
    return error;
  }
  if (target.why_forbidden) error.what = target.why_forbidden(function);
  error.hint = "probe a function that calls it, or one that it calls";
  return error.what.empty() ? std::nullopt : std::optional(std::move(error));
}

std::string function_of(const Spot& spot, const Target& target) {
  if (spot.address == 0 || (!spot.site.symbol.empty() && spot.site.symbol != image_start)) return spot.site.symbol;
  const debug::Symbol* symbol = target.symbols().find_function_at(spot.address);
  return symbol == nullptr ? "" : std::string(symbol->name);
}

}  // namespace

Result<std::vector<Spot>> find_spots(const expr::ProbePoint& point, const Target& target, const Options& options) {
  DTP_TRY(std::vector<Spot> spots, SpotFinder(point, target, options).find());
  for (Spot& spot : spots)
    if (!target.is_user() && spot.site.way == path::Way::breakpoint)
      spot.forbidden = find_forbidden(point, function_of(spot, target), target);
  return at_go_returns(std::move(spots), point, target);
}

}  // namespace dtp::lower
